// Below the drawing of a run: its steps and its data, as tables.

import { button, byId, h, renew, tabList } from './dom.js';
import { clock, short, SIGNS, spent, VISIT_STATES } from './words.js';

const TABS = [['steps', 'Steps'], ['data', 'Data']];

const LAST = '9999'; // what has no date yet stands behind what has

export class RunTables {
  constructor(view) {
    this.view = view;
    this.tabs = {};
    this.pages = {};
    for (const [key, text] of TABS) {
      this.tabs[key] = h('button', { type: 'button', role: 'tab', id: `tab-${key}`, 'aria-controls': `page-${key}`, onclick: () => this.open(key) }, text);
      this.pages[key] = h('div', { role: 'tabpanel', id: `page-${key}`, 'aria-labelledby': `tab-${key}`, class: 'page', tabindex: '0' });
    }
    byId('drawer').replaceChildren(tabList(...Object.values(this.tabs)), ...Object.values(this.pages));
    this.open('steps');
  }

  open(key) {
    for (const [name] of TABS) {
      this.tabs[name].setAttribute('aria-selected', String(name === key));
      this.tabs[name].tabIndex = name === key ? 0 : -1;
      this.pages[name].hidden = name !== key;
    }
  }

  show() {
    const { run } = this.view;
    const visits = run.element.flatMap((one) => one.visit.map((visit) => ({ one, visit })));
    visits.sort((a, b) => (a.visit.startDate || LAST).localeCompare(b.visit.startDate || LAST));
    renew(this.pages.steps, table(['', 'Element', 'Began', 'Took', 'Attempts', 'Who'], visits.map(({ one, visit }) => this.step(one, visit))));
    renew(this.pages.data, run.variable.length
      ? table(['Variable', 'Value', 'Produced by', 'Consumed by'], run.variable.map((variable) => this.variable(variable)))
      : h('p', { class: 'dim', text: 'It has no data.' }));
    this.mark();
  }

  step(one, visit) {
    const key = one.within ? `${one.within}/${one.id}` : one.id;
    const round = visit.key.match(/\[(\d+)\]$/)?.[1];
    const who = visit.taskFlow ? visit.taskFlow.assignee || visit.taskFlow.queue || 'somebody' : this.view.whoIs(visit.fulfiller) || '';
    return h('tr', { 'data-element': key },
      h('td', { class: `visit-state ${visit.state}` }, h('span', { class: `run-mark ${visit.state}`, 'aria-hidden': 'true', text: SIGNS[visit.state] }), VISIT_STATES[visit.state]),
      h('td', {}, button(this.view.nameOf(one), () => this.view.select(key), { class: 'link', 'data-key': visit.key + key }),
        round ? h('span', { class: 'dim', text: ` round ${round}` }) : null,
        this.view.isHere(one) ? null : h('span', { class: 'dim', text: ` in ${one.within}` })),
      h('td', { class: 'dim', text: clock(visit.startDate) }),
      h('td', { class: 'dim', text: visit.endDate ? spent(visit.startDate, visit.endDate) : '' }),
      h('td', { class: 'dim', text: visit.attempts ? String(visit.attempts) : '' }),
      h('td', { class: 'dim', text: who }));
  }

  variable(variable) {
    const { view } = this;
    return h('tr', {},
      h('td', {}, variable.name, variable.scope ? h('div', { class: 'dim', text: `in ${variable.scope}` }) : null),
      h('td', {}, h('code', { text: short(variable.value) })),
      h('td', {}, variable.producedBy ? view.details.reference(variable.producedBy, `p-${variable.name}`) : h('span', { class: 'dim', text: 'the beginning' })),
      h('td', {}, ...(variable.consumedBy || []).flatMap((one, index) => [index ? ', ' : '', view.details.reference(one, `c-${variable.name}-${index}`)])));
  }

  /** Mark the rows of the element whose details are shown. */
  mark() {
    for (const row of this.pages.steps.querySelectorAll('tr[data-element]')) {
      row.classList.toggle('selected', row.dataset.element === this.view.selected);
    }
  }
}

const table = (heads, rows) => h('table', { class: 'compact' },
  h('thead', {}, h('tr', {}, ...heads.map((text) => h('th', { scope: 'col' }, text || h('span', { class: 'unseen', text: 'State' }))))), h('tbody', {}, ...rows));
