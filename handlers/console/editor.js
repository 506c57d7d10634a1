// One recipe in the designer: the drawing, what stands beside it, and the steps of its life.

/* global BpmnJS */

import * as api from './api.js';
import { button, byId, debounce, h, notice } from './dom.js';
import { Drawer } from './drawer.js';
import { addKeys } from './keyboard.js';
import { askRival, newVersion, publish, retire, sendBack, sendToReview } from './life.js';
import { som } from './moddle.js';
import { Panel } from './properties.js';
import { VIEWS, Written } from './written.js';
import { stateMark } from './words.js';
import { fit, show, zoomButtons } from './zoom.js';

const runs = ({ name, version }) => h('a', { class: 'button', href: `runs#/?${new URLSearchParams({ recipe: name, version })}`, text: 'Runs' });
const PARTS = ['description', 'decisionTable', 'form', 'testCase', 'binding'];

export class Editor {
  /** Show a recipe as the server has it. */
  static async open(recipe, etag, reopen) {
    const editor = new Editor(recipe, etag);
    editor.reopen = reopen;
    await editor.start();
    return editor;
  }

  constructor(recipe, etag) {
    Object.assign(this, { recipe, etag, id: recipe.id, dirty: false, changes: 0, problems: [] });
    this.modeler = new BpmnJS({ container: byId('canvas'), moddleExtensions: { som } });
    this.lint = debounce(() => this.check(), 350);
    this.listen = new AbortController();
    this.text = new Written(this);
  }

  async start() {
    this.drawer = new Drawer(this);
    this.panel = new Panel(this);
    addKeys(this);
    this.surroundings = await api.surroundings();
    await this.text.open(this.recipe);
    byId('canvas').append(zoomButtons(this.modeler));
    this.modeler.on('commandStack.changed', () => this.touched());
    this.header();
    this.panel.show();
    this.lint();
    // The palette takes two columns where one is too long for the place that is left.
    this.size = new ResizeObserver(() => byId('canvas').hidden || this.modeler.get('canvas').resized());
    this.size.observe(byId('canvas'));
  }

  close() {
    this.listen.abort();
    this.size?.disconnect();
    this.modeler.destroy();
    byId('canvas').replaceChildren();
    this.text.hide();
  }

  /** Put a drawing on the canvas; one without a layout gets one. */
  async draw(xml) {
    await this.modeler.importXML(await api.laidOut(xml));
    joined(this.modeler);
    this.fit();
    this.drawer.outline(); // somebody may have opened it already
  }

  /** Show what there is of the drawing; what is hidden has no size to fit it into. */
  fit() {
    this.unfit = byId('canvas').hidden;
    if (!this.unfit) fit(this.modeler);
  }

  /** The drawing as BPMN, whichever way it is edited. */
  xml() {
    return this.text.bpmn();
  }

  /** The drawing and what stands beside it, as the server checks and tries it. */
  async content() {
    const made = await this.text.content();
    // YAML says itself what the recipe is for, where that is one specification.
    const beside = ['decisionTable', 'form', 'testCase', ...(made.source && this.recipe.binding?.length < 2 ? [] : ['binding'])];
    for (const part of beside) if (this.recipe[part]?.length) made[part] = this.recipe[part];
    return made;
  }

  /** Something has changed: on the canvas, in the XML, or beside the drawing. */
  touched(drawn = true) {
    this.changes += 1;
    if (!this.dirty) {
      this.dirty = true;
      this.header();
    }
    if (drawn) {
      this.drawer.clearPath();
      this.text.drawn();
    }
    this.drawer.outline();
    this.lint();
  }

  /** Change what stands beside the drawing. */
  set(part, value) {
    this.recipe[part] = value;
    this.touched(false);
  }

  async check() {
    const asked = (this.asked = Symbol('check'));
    try {
      const found = await api.check(await this.content());
      if (asked !== this.asked || this.listen.signal.aborted) return;
      this.problems = found.problem;
      this.drawer.problems(found);
      this.panel.problems();
    } catch (error) {
      if (asked !== this.asked || this.listen.signal.aborted) return;
      if (error.status !== 400) notice(error.message, 'wrong');
      else this.drawer.problems({ problem: [{ element: '', severity: 'refused', reason: error.message }] });
    }
  }

  /** Keep the draft; whoever presses it again meanwhile waits for the same. */
  save() {
    this.saving ||= this.keep().finally(() => { this.saving = null; });
    return this.saving;
  }

  async keep() {
    if (this.recipe.state !== 'draft') {
      await newVersion(this);
      return false;
    }
    let body;
    try {
      body = await this.text.kept();
    } catch (error) {
      notice(`It cannot be drawn: ${error.message}`, 'wrong');
      return false;
    }
    const asked = this.changes;
    for (const part of PARTS) body[part] = this.recipe[part]?.length ? this.recipe[part] : null;
    try {
      const { said, etag } = await api.changeRecipe(this.id, body, this.etag);
      this.etag = etag;
      if (this.changes === asked) Object.assign(this, { recipe: said, dirty: false }); // what was changed meanwhile is not saved
      this.header();
      notice('Saved.');
      return true;
    } catch (error) {
      if (error.status === 412) return this.rivalled();
      notice(error.message, 'wrong');
      return false;
    }
  }

  /** Somebody else has saved it meanwhile: nobody's work is lost without being asked for. */
  async rivalled() {
    const { said, etag } = await api.readRecipe(this.id);
    const chosen = await askRival(this, said);
    if (chosen === 'mine') {
      this.etag = etag;
      return this.keep();
    }
    if (chosen === 'theirs') {
      this.dirty = false;
      this.reopen();
    }
    return false;
  }

  /** The recipe as it is after a step of its life. */
  moved({ said, etag }) {
    Object.assign(this, { recipe: said, etag, dirty: false });
    this.header();
    this.panel.show();
  }

  header() {
    const { recipe } = this;
    byId('title').replaceChildren(
      h('h1', { text: recipe.name }), h('span', { class: 'dim', text: recipe.version }), stateMark(recipe.state),
      this.dirty ? h('span', { class: 'dim', text: recipe.state === 'draft' ? 'not saved' : 'changed, not part of it' }) : '');
    const steps = {
      draft: [button('Save', () => this.save(), { disabled: !this.dirty, title: 'Ctrl+S', id: 'save' }),
        button('Send to review', () => sendToReview(this), { class: 'primary', id: 'review' })],
      inReview: [...(this.dirty ? [button('New version', () => newVersion(this))] : []), button('Return', () => sendBack(this)), button('Publish…', () => publish(this), { class: 'primary', id: 'publish' })],
      published: [button('Retire…', () => retire(this)), button('New version', () => newVersion(this), { class: 'primary' })],
      retired: [button('Publish again…', () => publish(this)), button('New version', () => newVersion(this), { class: 'primary' })],
    };
    byId('actions').replaceChildren(
      button('Try', () => this.drawer.openTrial(), { id: 'try', title: 'Run it with simulated answers' }),
      h('div', { class: 'views', role: 'group', 'aria-label': 'Edited as' }, ...Object.entries(VIEWS).map(([view, text]) =>
        button(text, () => this.text.show(view), { id: `as-${view}`, 'aria-pressed': String(this.text.view === view) }))),
      button('Export', () => this.text.download()),
      ...(['published', 'retired'].includes(recipe.state) ? [runs(recipe)] : []),
      ...(steps[recipe.state] || []));
  }

  element(id) {
    return this.modeler.get('elementRegistry').get(id);
  }

  select(element) {
    this.modeler.get('selection').select(element);
    show(this.modeler, element);
  }
}

/** Say at each element which flows come and go: files may leave it to the flows, and the modeler does not look there. */
function joined(modeler) {
  for (const { businessObject: flow } of modeler.get('elementRegistry').filter((one) => one.type === 'bpmn:SequenceFlow')) {
    for (const [node, side] of [[flow.sourceRef, 'outgoing'], [flow.targetRef, 'incoming']]) {
      if (!node.get(side).includes(flow)) node.get(side).push(flow);
    }
  }
}
