// A recipe as text: the drawing in XML, or YAML, from which the server draws it. Both are the same graph, edited either way.

import * as api from './api.js';
import { byId, download, notice } from './dom.js';

export const VIEWS = { drawing: 'Drawing', xml: 'XML', yaml: 'YAML' };
const LABELS = { xml: 'Drawing as BPMN in XML', yaml: 'Recipe as YAML' };
const BESIDE = ['testCase', 'binding'];

export class Written {
  constructor(editor) {
    this.editor = editor;
    this.view = 'drawing';
    this.source = null; // the YAML that the drawing was made of, as long as it says the same
    this.before = ''; // the text as it was when it was shown
    this.place = byId('text');
    this.place.addEventListener('input', () => editor.touched(), { signal: editor.listen.signal });
  }

  get isDrawing() {
    return this.view === 'drawing';
  }

  /** Show a recipe as the server has it; as XML where it cannot be drawn. */
  async open(recipe) {
    this.source = recipe.source ?? null;
    try {
      await this.editor.draw(recipe.bpmn);
    } catch (error) {
      notice(`It cannot be drawn: ${error.message}`, 'wrong');
      this.write('xml', recipe.bpmn);
    }
  }

  /** The drawing has changed, so that the YAML says something else. */
  drawn() {
    if (this.isDrawing) this.source = null;
  }

  /** The drawing as BPMN. */
  async bpmn() {
    if (this.view === 'xml') return this.place.value;
    if (this.view === 'yaml') return (await api.convert({ source: this.place.value })).bpmn;
    return (await this.editor.modeler.saveXML({ format: true })).xml;
  }

  /** What the server checks and tries. */
  async content() {
    return this.view === 'yaml' ? { source: this.place.value } : { bpmn: await this.bpmn() };
  }

  /** What is kept: the drawing, and the YAML that it was made of. */
  async kept() {
    await this.take();
    return { bpmn: await this.bpmn(), source: this.source };
  }

  /** Edit it in another way. */
  async show(view) {
    if (view === this.view) return;
    try {
      await this.take();
      if (view === 'drawing') {
        this.hide();
        if (this.editor.unfit) this.editor.fit();
      }
      else await this.fill(view);
    } catch (error) {
      notice(error.message, 'wrong');
      return;
    }
    const { editor } = this;
    editor.lint();
    editor.header();
    editor.panel.show();
    editor.drawer.outline();
    if (view !== 'drawing') this.place.focus();
    else byId('canvas').querySelector('svg')?.focus();
  }

  /** Draw what was written, where anything was. */
  async take() {
    if (this.isDrawing || this.place.value === this.before) return;
    const { editor } = this;
    const text = this.place.value;
    this.before = null; // what cannot be drawn is tried again, whatever is written then
    const made = this.view === 'yaml' ? await api.convert({ source: text }) : { bpmn: text };
    await editor.draw(made.bpmn);
    this.source = made.source ?? null;
    for (const part of BESIDE) if (part in made) editor.recipe[part] = made[part];
    this.before = text;
  }

  async fill(view) {
    const { xml } = await this.editor.modeler.saveXML({ format: true });
    this.write(view, view === 'xml' ? xml : this.source ?? await this.said(xml));
  }

  async said(bpmn) {
    const beside = Object.fromEntries(BESIDE.map((part) => [part, this.editor.recipe[part] || []]));
    const { source, unsaid } = await api.convert({ bpmn, ...beside });
    if (unsaid) throw new Error(`YAML has no words for this drawing. ${unsaid}`);
    return source;
  }

  write(view, text) {
    this.view = view;
    this.before = text;
    this.place.value = text;
    this.place.setAttribute('aria-label', LABELS[view]);
    this.place.hidden = false;
    this.place.scrollTop = 0;
    this.place.setSelectionRange(0, 0);
    byId('canvas').hidden = true;
  }

  hide() {
    this.view = 'drawing';
    this.place.hidden = true;
    byId('canvas').hidden = false;
  }

  /** Keep it as a file, in the form in which it is shown. */
  async download() {
    const { name } = this.editor.recipe;
    if (this.view === 'yaml') download(`${name}.yaml`, this.place.value, 'application/yaml');
    else download(`${name}.bpmn`, await this.bpmn(), 'application/xml');
  }
}
