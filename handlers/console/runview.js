// One run of a recipe: its drawing coloured by what became of each element, its steps, its data, and details of one element.

/* global BpmnJS */

import * as api from './api.js';
import { byId, h, notice, renew } from './dom.js';
import { som } from './moddle.js';
import { RunDetails } from './rundetails.js';
import { RunTables } from './runtables.js';
import { watch } from './watching.js';
import { clock, runMark, SIGNS, spent, titleOf, VISIT_STATES } from './words.js';
import { fit, zoomButtons } from './zoom.js';

export class RunView {
  constructor(id) {
    Object.assign(this, { id, selected: null, marked: [], etag: null });
    this.listen = new AbortController();
  }

  async start() {
    byId('legend').replaceChildren(...Object.entries(VISIT_STATES).map(([state, text]) =>
      h('li', {}, h('span', { class: `run-mark ${state}`, 'aria-hidden': 'true', text: SIGNS[state] }), text)));
    this.tables = new RunTables(this);
    this.details = new RunDetails(this);
    this.fulfillers = await api.fulfillerNames();
    await this.look();
    if (this.run.status === 'running') this.stop = watch(() => this.look());
    byId('content').focus();
  }

  close() {
    this.closed = true;
    this.stop?.();
    this.viewer?.destroy();
    byId('canvas').replaceChildren();
    this.listen.abort();
  }

  /** Read the run, and show it where it has changed. */
  async look() {
    const { said, etag } = await api.readRun(this.id, this.etag);
    if (this.closed) return 'over';
    if (said === null) return false;
    this.etag = etag;
    const before = this.run?.recipe;
    this.run = said;
    if (before?.name !== said.recipe.name || before?.version !== said.recipe.version) await this.draw();
    if (this.closed) return 'over';
    this.show();
    return said.status === 'running' ? true : 'over';
  }

  /** Put the drawing of the run's version on the canvas. */
  async draw() {
    const { name, version } = this.run.recipe;
    this.viewer?.destroy();
    byId('canvas').replaceChildren();
    if (!window.BpmnJS) {
      byId('canvas').replaceChildren(h('p', { class: 'undrawn', text: 'Drawings are not shown on this server: bpmn-js is not installed (make designer, with npm). The steps below say everything.' }));
      return;
    }
    try {
      const { said } = await api.readRecipe(`${name}:${version}`);
      const xml = await api.laidOut(said.bpmn);
      if (this.closed) return;
      this.viewer = new BpmnJS.NavigatedViewer({ container: byId('canvas'), moddleExtensions: { som } });
      await this.viewer.importXML(xml);
      fit(this.viewer);
      byId('canvas').append(zoomButtons(this.viewer));
      this.viewer.on('element.click', ({ element }) => this.pick(element));
    } catch (error) {
      notice(`The drawing cannot be shown: ${error.message}`, 'wrong');
    }
  }

  /** The element of the drawing with this id; undefined where nothing is drawn. */
  drawn(id) {
    return this.viewer?.get('elementRegistry').get(id);
  }

  /** Whether a part of the run stands in this drawing, and not in that of a recipe which it calls. */
  isHere(one) {
    return !(one.within || '').split('/').some((id) => id && this.drawn(id)?.type === 'bpmn:CallActivity');
  }

  /** What people call a fulfiller. */
  whoIs(id) {
    return this.fulfillers.get(id) || id;
  }

  nameOf(one) {
    const element = this.isHere(one) ? this.drawn(one.id) : null;
    return element ? titleOf(element) : one.id;
  }

  pick(element) {
    const id = element?.labelTarget?.id || element?.id;
    const found = this.run.element.find((one) => one.id === id && this.isHere(one));
    this.select(found ? keyOf(found) : element && element.parent && element.type !== 'bpmn:SequenceFlow' ? id : null);
  }

  /** Show the details of an element of the run, or of one that it has not come to; null shows the run. */
  select(key) {
    this.selected = key;
    this.outline();
    this.tables.mark();
    this.details.show();
  }

  show() {
    const { run } = this;
    document.title = `${run.recipe.name} ${run.recipe.version}: ${run.status} · Runs`;
    byId('title').replaceChildren(h('h1', { text: run.recipe.name }), h('span', { class: 'dim', text: run.recipe.version }), runMark(run));
    const filter = new URLSearchParams({ recipe: run.recipe.name, version: run.recipe.version });
    renew(byId('actions'),
      h('a', { class: 'button', href: `#/?${filter}`, text: 'Other runs', 'data-key': 'others' }),
      h('a', { class: 'button', href: `recipes#/${encodeURIComponent(`${run.recipe.name}:${run.recipe.version}`)}`, text: 'Recipe', 'data-key': 'recipe' }));
    this.colour();
    this.outline();
    this.tables.show();
    this.details.show();
  }

  colour() {
    if (!this.viewer) return;
    const canvas = this.viewer.get('canvas');
    const overlays = this.viewer.get('overlays');
    for (const [id, marker] of this.marked) canvas.removeMarker(id, marker);
    this.marked = [];
    overlays.remove({ type: 'run' });
    const mark = (id, marker) => {
      canvas.addMarker(id, marker);
      this.marked.push([id, marker]);
    };
    for (const one of this.run.element) {
      const element = this.isHere(one) && this.drawn(one.id);
      if (!element) continue;
      mark(one.id, `run-${one.state}`);
      overlays.add(one.id, 'run', { position: placeOf(element), html: this.note(one, element) });
    }
    for (const flow of this.run.flow) if (this.isHere(flow) && this.drawn(flow.id)) mark(flow.id, 'run-taken');
  }

  /** What stands at an element: its state, how long it took, and how often it was tried or visited. */
  note(one, element) {
    const visits = one.visit.filter((visit) => !isRound(visit));
    const last = visits[visits.length - 1] || one.visit[one.visit.length - 1];
    const attempts = Math.max(...one.visit.map((visit) => visit.attempts || 0));
    const parts = [];
    if (element.businessObject.$instanceOf('bpmn:Activity') || one.state === 'active' || one.state === 'held') {
      if (last.endDate) parts.push(spent(last.startDate, last.endDate));
      else if (this.run.due && element.businessObject.eventDefinitions) parts.push(`until ${clock(this.run.due)}`);
      else if (last.startDate) parts.push(`since ${clock(last.startDate)}`);
    }
    if (attempts > 1) parts.push(`${attempts} attempts`);
    if (visits.length > 1) parts.push(`${visits.length} times`);
    if (one.visit.length > visits.length) parts.push(`${one.visit.length - visits.length} rounds`);
    return h('div', { class: `run-note ${one.state}`, title: VISIT_STATES[one.state] },
      h('span', { class: `run-mark ${one.state}`, text: SIGNS[one.state] }),
      parts.some(Boolean) ? h('span', { class: 'run-times', text: parts.filter(Boolean).join(' · ') }) : null);
  }

  outline() {
    if (!this.viewer) return;
    const canvas = this.viewer.get('canvas');
    if (this.outlined) canvas.removeMarker(this.outlined, 'run-selected');
    const one = this.run.element.find((found) => keyOf(found) === this.selected);
    this.outlined = one ? (this.isHere(one) && this.drawn(one.id) ? one.id : null) : this.drawn(this.selected)?.id;
    if (this.outlined) canvas.addMarker(this.outlined, 'run-selected');
  }
}

/** What an element of a run is known by in the page. */
export const keyOf = (one) => (one.within ? `${one.within}/${one.id}` : one.id);

const isRound = (visit) => /\[\d+\]$/.test(visit.key);
const placeOf = (element) => (element.width > 60 ? { left: 4, top: -10 } : { left: element.width - 12, top: -10 });
