// One recipe in the designer: the drawing, what stands beside it, and the steps of its life.

/* global BpmnJS */

import * as api from './api.js';
import { button, byId, debounce, download, h, notice } from './dom.js';
import { Drawer } from './drawer.js';
import { addKeys } from './keyboard.js';
import { withLayout } from './layout.js';
import { newVersion, publish, retire, sendBack, sendToReview } from './life.js';
import { som } from './moddle.js';
import { Panel } from './properties.js';
import { stateMark } from './words.js';

const runs = ({ name, version }) => h('a', { class: 'button', href: `runs#/?${new URLSearchParams({ recipe: name, version })}`, text: 'Runs' });
const PARTS = ['description', 'decisionTable', 'form', 'testCase', 'binding'];

export class Editor {
  /** Show a recipe as the server has it. */
  static async open(recipe, etag) {
    const editor = new Editor(recipe, etag);
    await editor.start();
    return editor;
  }

  constructor(recipe, etag) {
    Object.assign(this, { recipe, etag, id: recipe.id, dirty: false, asXml: false, problems: [] });
    this.modeler = new BpmnJS({ container: byId('canvas'), moddleExtensions: { som } });
    this.lint = debounce(() => this.check(), 350);
    this.listen = new AbortController();
  }

  async start() {
    this.drawer = new Drawer(this);
    this.panel = new Panel(this);
    addKeys(this);
    byId('xml').addEventListener('input', () => this.touched(), { signal: this.listen.signal });
    this.surroundings = await api.surroundings();
    await this.draw(this.recipe.bpmn);
    this.modeler.on('commandStack.changed', () => this.touched());
    this.header();
    this.panel.show();
    this.lint();
  }

  close() {
    this.listen.abort();
    this.modeler.destroy();
    byId('canvas').replaceChildren();
    this.showAs(false);
  }

  /** Put a drawing on the canvas; one without a layout gets one. */
  async draw(xml) {
    await this.modeler.importXML(await withLayout(xml, som));
    this.modeler.get('canvas').zoom('fit-viewport', 'auto');
    const canvas = this.modeler.get('canvas');
    if (canvas.zoom() > 1) canvas.zoom(1, 'auto');
  }

  async xml() {
    if (this.asXml) return byId('xml').value;
    return (await this.modeler.saveXML({ format: true })).xml;
  }

  /** The drawing and what stands beside it, as the server checks and tries it. */
  async content() {
    const made = { bpmn: await this.xml() };
    for (const part of ['decisionTable', 'form', 'testCase']) if (this.recipe[part]?.length) made[part] = this.recipe[part];
    return made;
  }

  /** Something has changed: on the canvas, in the XML, or beside the drawing. */
  touched(drawn = true) {
    if (!this.dirty) {
      this.dirty = true;
      this.header();
    }
    if (drawn) this.drawer.clearPath();
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
      if (!this.listen.signal.aborted) notice(error.message, 'wrong');
    }
  }

  async save() {
    if (this.recipe.state !== 'draft') {
      await newVersion(this);
      return false;
    }
    const body = { bpmn: await this.xml() };
    for (const part of PARTS) body[part] = this.recipe[part]?.length ? this.recipe[part] : null;
    try {
      const { said, etag } = await api.changeRecipe(this.id, body, this.etag);
      Object.assign(this, { recipe: said, etag, dirty: false });
      this.header();
      notice('Saved.');
      return true;
    } catch (error) {
      const text = error.status === 412
        ? 'Somebody else has changed this recipe since you opened it. Keep yours as a file (Export), then reload.'
        : error.message;
      notice(text, 'wrong');
      return false;
    }
  }

  /** The recipe as it is after a step of its life. */
  moved({ said, etag }) {
    Object.assign(this, { recipe: said, etag, dirty: false });
    this.header();
    this.panel.show();
  }

  /** Show the drawing as XML, or as a picture again: the same graph, edited either way. */
  async toggle() {
    if (this.asXml) {
      try {
        await this.draw(byId('xml').value);
      } catch (error) {
        notice(`The XML cannot be drawn: ${error.message}`, 'wrong');
        return;
      }
      this.showAs(false);
      this.lint();
    } else {
      byId('xml').value = await this.xml();
      this.showAs(true);
      byId('xml').focus();
    }
    this.header();
    this.panel.show();
    this.drawer.outline();
  }

  showAs(xml) {
    this.asXml = xml;
    byId('xml').hidden = !xml;
    byId('canvas').hidden = xml;
  }

  header() {
    const { recipe } = this;
    byId('title').replaceChildren(
      h('strong', { text: recipe.name }), h('span', { class: 'dim', text: recipe.version }), stateMark(recipe.state),
      this.dirty ? h('span', { class: 'dim', text: 'not saved' }) : '');
    const steps = {
      draft: [button('Save', () => this.save(), { disabled: !this.dirty, title: 'Ctrl+S', id: 'save' }),
        button('Send to review', () => sendToReview(this), { class: 'primary', id: 'review' })],
      inReview: [button('Return', () => sendBack(this)), button('Publish…', () => publish(this), { class: 'primary', id: 'publish' })],
      published: [button('Retire…', () => retire(this)), button('New version', () => newVersion(this), { class: 'primary' })],
      retired: [button('Publish again…', () => publish(this)), button('New version', () => newVersion(this), { class: 'primary' })],
    };
    byId('actions').replaceChildren(
      button('Try', () => this.drawer.openTrial(), { id: 'try', title: 'Run it with simulated answers' }),
      button(this.asXml ? 'Drawing' : 'XML', () => this.toggle(), { id: 'toggle-xml', 'aria-pressed': String(this.asXml) }),
      button('Export', async () => download(`${recipe.name}.bpmn`, await this.xml(), 'application/xml')),
      ...(['published', 'retired'].includes(recipe.state) ? [runs(recipe)] : []),
      ...(steps[recipe.state] || []));
  }

  element(id) {
    return this.modeler.get('elementRegistry').get(id);
  }

  select(element) {
    this.modeler.get('selection').select(element);
    this.modeler.get('canvas').scrollToElement(element);
  }
}
