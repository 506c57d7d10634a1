// Runs of recipes, the newest first, narrowed by recipe, version and status.

import * as api from './api.js';
import { button, byId, h } from './dom.js';
import { watch } from './watching.js';
import { moment, runMark, RUN_STATES, spent } from './words.js';

const PAGE = 50;
const { running, ...ENDED } = RUN_STATES;
const FOUND = { running, held: 'Held', ...ENDED };

export class RunList {
  constructor(asked) {
    this.asked = { recipe: asked.get('recipe') || '', version: asked.get('version') || '', status: asked.get('status') || '' };
    this.offset = 0;
  }

  async start() {
    document.title = 'Runs of recipes';
    byId('list').replaceChildren();
    this.recipes = await api.listRecipes();
    this.rows = h('tbody');
    this.pager = h('div', { class: 'pager' });
    const head = h('tr', {}, ...['Recipe', 'Version', 'Status', 'For', 'Began', 'Took'].map((text) => h('th', { scope: 'col', text })));
    this.filters = h('form', { class: 'filters', 'aria-label': 'Narrow the list', onsubmit: (event) => event.preventDefault() });
    this.table = h('table', {}, h('thead', {}, head), this.rows);
    this.none = h('p', { class: 'dim none', role: 'status' });
    byId('list').replaceChildren(
      h('div', { class: 'tools' }, h('h1', { text: 'Runs' }), this.filters), this.table, this.none, this.pager);
    this.drawFilters();
    await this.look();
    this.stop = watch(() => this.look());
  }

  close() {
    this.closed = true;
    this.stop?.();
  }

  drawFilters() {
    const names = [...new Set(this.recipes.map((one) => one.name))].sort();
    const versions = this.recipes.filter((one) => one.name === this.asked.recipe && one.state !== 'draft').map((one) => one.version);
    const choice = (name, label, values, words = (value) => value) => h('label', {}, h('span', { text: label }),
      h('select', { name, onchange: (event) => this.narrow(name, event.target.value) },
        h('option', { value: '', text: 'all' }),
        ...values.map((value) => h('option', { value, text: words(value), selected: value === this.asked[name] }))));
    this.filters.replaceChildren(
      choice('recipe', 'Recipe', names), this.asked.recipe ? choice('version', 'Version', versions) : '',
      choice('status', 'Status', Object.keys(FOUND), (value) => FOUND[value]));
  }

  narrow(name, value) {
    this.asked[name] = value;
    if (name === 'recipe') this.asked.version = '';
    this.offset = 0;
    const kept = new URLSearchParams(Object.entries(this.asked).filter(([, one]) => one));
    history.replaceState(null, '', `#/${kept.size ? `?${kept}` : ''}`);
    this.drawFilters();
    this.filters.querySelector(`[name=${name}]`)?.focus();
    this.look();
  }

  async look() {
    const asked = (this.token = Symbol('look'));
    const { runs, total } = await api.listRuns({ ...this.asked, ...(this.asked.status === 'held' ? { status: '', held: 'true' } : {}), offset: this.offset, limit: PAGE });
    if (asked !== this.token || this.closed) return false;
    const told = JSON.stringify([runs, total, this.offset]);
    if (told === this.told) return false;
    this.told = told;
    const focused = document.activeElement?.dataset?.run;
    this.rows.replaceChildren(...runs.map(row));
    if (focused) this.rows.querySelector(`[data-run="${CSS.escape(focused)}"]`)?.focus();
    this.table.hidden = !runs.length;
    this.none.textContent = runs.length ? '' : Object.values(this.asked).some(Boolean) ? 'Nothing of that kind has run.' : 'No recipe has run yet. It does when something is ordered that a published recipe is for.';
    this.page(total, runs.length);
    return true;
  }

  page(total, count) {
    const go = (by) => () => { this.offset += by; this.look(); };
    this.pager.replaceChildren(...(total > PAGE ? [
      h('span', { class: 'dim', text: `${this.offset + 1} to ${this.offset + count} of ${total}` }),
      button('Newer', go(-PAGE), { disabled: !this.offset }), button('Older', go(PAGE), { disabled: this.offset + count >= total })] : []));
  }
}

function row(run) {
  const where = run.at.filter((one) => one.state !== 'inside').map((one) => one.element);
  return h('tr', {},
    h('td', {}, h('a', { href: `#/${encodeURIComponent(run.id)}`, text: run.recipe.name, 'data-run': run.id })),
    h('td', { text: run.recipe.version }),
    h('td', {}, runMark(run), run.held ? h('div', { class: 'dim', text: `at ${where.join(', ') || 'its end'}` }) : null),
    h('td', { class: 'dim' }, `${run.owner.type === 'serviceOrder' ? 'Order' : run.owner.type} `, h('span', { class: 'code', text: run.owner.id })),
    h('td', { class: 'dim', text: moment(run.startDate) }),
    h('td', { class: 'dim', text: spent(run.startDate, run.endDate) || '–' }));
}
