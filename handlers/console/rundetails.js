// Beside the drawing of a run: the run, or one of its elements with what it was given, what it answered, and who did it.

import * as api from './api.js';
import { button, byId, h, renew } from './dom.js';
import { clock, moment, runMark, short, SIGNS, spent, typeOf, VISIT_STATES } from './words.js';

const NEWEST = 5;

export class RunDetails {
  constructor(view) {
    this.view = view;
    this.tasks = new Map();
  }

  show() {
    const { view } = this;
    const found = view.run.element.find((one) => (one.within ? `${one.within}/${one.id}` : one.id) === view.selected);
    const parts = found ? this.ofElement(found) : view.selected ? this.ofUnreached(view.selected) : this.ofRun();
    const scrolled = byId('panel').scrollTop;
    renew(byId('panel'), ...parts.filter(Boolean));
    byId('panel').scrollTop = scrolled;
    if (found) this.read(found);
  }

  /** A link to the element of a visit. */
  reference({ key, element }, focus) {
    const one = this.view.run.element.find((found) => found.visit.some((visit) => visit.key === key && found.id === element));
    if (!one) return h('span', { text: element || key });
    const known = one.within ? `${one.within}/${one.id}` : one.id;
    return button(this.view.nameOf(one), () => this.view.select(known), { class: 'link', 'data-key': focus });
  }

  ofRun() {
    const { run } = this.view;
    const owner = run.owner.type === 'serviceOrder' ? 'Order' : run.owner.type;
    return [
      h('h2', { text: `${run.recipe.name} ${run.recipe.version}` }),
      h('p', { class: 'dim', text: 'Select an element to see what it was given and what it answered.' }),
      facts([
        ['Status', runMark(run)], [owner, h('a', { href: run.owner.href, text: run.owner.id, class: 'code', 'data-key': 'owner' })],
        ['Order item', run.item], ['Service', run.service && h('span', { class: 'code', text: run.service })],
        ['Began', moment(run.startDate)], ['Ended', moment(run.endDate)], ['Took', spent(run.startDate, run.endDate)],
        ['Next timer', moment(run.due)], ['Begun', run.number > 1 ? `${run.number} times` : null],
      ]),
      run.reason ? h('p', { class: 'failure', role: 'alert', text: run.reason }) : null,
    ];
  }

  ofUnreached(id) {
    const element = this.view.drawn(id);
    return [...this.head(element ? this.view.nameOf({ id }) : id, element, id), h('p', { class: 'dim', text: 'The run has not come here.' })];
  }

  head(title, element, id) {
    return [
      button('The run', () => this.view.select(null), { class: 'quiet back', 'data-key': 'back' }),
      h('h2', { text: title }),
      h('p', { class: 'dim', text: element ? `${typeOf(element)} · ${id}` : id }),
    ];
  }

  ofElement(one) {
    const element = this.view.isHere(one) ? this.view.drawn(one.id) : null;
    const latest = one.visit.slice(-NEWEST).reverse();
    return [
      ...this.head(this.view.nameOf(one), element, one.within ? `${one.within}/${one.id}` : one.id),
      ...latest.flatMap((visit, index) => this.visit(visit, one.visit.length > 1 ? one.visit.length - index : null)),
      one.visit.length > NEWEST ? h('p', { class: 'dim', text: `and ${one.visit.length - NEWEST} visits before` }) : null,
    ];
  }

  visit(visit, number) {
    const task = visit.task && this.tasks.get(visit.task.id);
    const person = visit.taskFlow;
    return [
      number ? h('h3', { text: `Visit ${number}` }) : null,
      facts([
        ['State', h('span', { class: `visit-state ${visit.state}` }, h('span', { class: `run-mark ${visit.state}`, 'aria-hidden': 'true', text: SIGNS[visit.state] }), VISIT_STATES[visit.state])],
        ['Began', clock(visit.startDate)], ['Ended', clock(visit.endDate)], ['Took', visit.endDate ? spent(visit.startDate, visit.endDate) : null],
        ['Fulfiller', this.view.whoIs(visit.fulfiller)], ['Attempts', visit.attempts || null],
      ]),
      visit.reason ? h('p', { class: 'failure', text: visit.reason }) : null,
      visit.error ? h('p', { class: 'failure', text: `${visit.error.message} (${visit.error.code})` }) : null,
      person ? section('Task of a person', facts([
        ['Task flow', h('a', { href: person.href, class: 'code', text: person.id, 'data-key': `flow-${visit.key}` })], ['State', person.state],
        ['Queue', person.queue], ['Assignee', person.assignee]])) : null,
      task ? this.input(visit, task) : null,
      task?.output ? section('What it answered', json(task.output)) : null,
      this.produced(visit),
      task?.attempt?.length ? section('Attempts', h('ol', { class: 'attempts' }, ...task.attempt.map((one) => h('li', {},
        h('span', { class: 'dim', text: `${clock(one.at)} ` }), one.outcome, one.fulfiller ? ` at ${this.view.whoIs(one.fulfiller)}` : one.who ? ` by ${one.who}` : '',
        one.detail ? h('div', { class: 'dim', text: one.detail }) : null)))) : null,
    ];
  }

  /** What a step was given, and which values that was computed from. */
  input(visit, task) {
    const { manual, ...given } = task.input || {};
    const used = visit.source || [];
    const first = used.filter((one) => !one.producedBy).map((one) => one.name);
    return section('What it was given', Object.keys(given).length ? json(given) : h('p', { class: 'dim', text: 'Nothing.' }),
      used.length ? h('ul', { class: 'origins' }, ...used.filter((one) => one.producedBy).map((one) => h('li', {},
        h('code', { text: one.name }), ' from ', this.reference(one.producedBy, `from-${visit.key}-${one.name}`))),
      first.length ? h('li', { class: 'dim' }, h('code', { text: first.join(', ') }), ' from the beginning of the run') : null) : null);
  }

  produced(visit) {
    const made = this.view.run.variable.filter((one) => one.producedBy?.key === visit.key);
    return made.length ? section('Variables it made', h('ul', { class: 'origins' }, ...made.map((one) =>
      h('li', {}, h('code', { text: one.name }), ' = ', h('code', { text: short(one.value) }))))) : null;
  }

  /** Read the tasks of the visits that are shown, and show what they tell that is new. */
  async read(one) {
    const wanted = one.visit.slice(-NEWEST).filter((visit) => visit.task).map((visit) => visit.task.id);
    const asked = (this.asked = `${this.view.etag} ${this.view.selected}`);
    if (asked === this.seen) return;
    try {
      const found = await Promise.all(wanted.map((id) => api.readTask(id)));
      if (this.asked !== asked || this.view.closed) return;
      this.seen = asked;
      found.forEach((task) => this.tasks.set(task.id, task));
      this.show();
    } catch { /* the next look tries again */ }
  }
}

const facts = (pairs) => h('dl', { class: 'facts' }, ...pairs.filter(([, value]) => value !== null && value !== undefined && value !== '')
  .flatMap(([name, value]) => [h('dt', { text: name }), h('dd', {}, value instanceof Node ? value : String(value))]));
const section = (title, ...content) => h('section', { class: 'part' }, h('h3', { text: title }), ...content);
const json = (value) => h('pre', { tabindex: '0', text: JSON.stringify(value, null, 2) });
