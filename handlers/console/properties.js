// The properties of what is selected on the canvas; of the recipe where nothing is.

import * as fields from './fields.js';
import { variables } from './completion.js';
import { button, byId, h } from './dom.js';
import { eventFields } from './events.js';
import { timesFields } from './loops.js';
import { extension, extensions, setExtension, setExtensions } from './moddle.js';
import { recipeFields } from './recipe.js';
import { editTable } from './tables.js';
import { titleOf, typeOf } from './words.js';

const ACTIONS = [['', '–'], ['add', 'add'], ['modify', 'modify'], ['delete', 'delete']];
const UNDOING = [['', '–'], ['operation', 'whoever has done it'], ['delete', 'the delete of the specification'], ['recipe', 'nothing: need not be undone'], ['none', 'nothing: cannot be undone']];
const is = (element, ...types) => types.some((type) => element.businessObject.$instanceOf(`bpmn:${type}`));

/** A name for the machine, made of one for people. */
const slug = (text) => (text || '').normalize('NFKD').replace(/[^A-Za-z0-9]+/g, ' ').trim().toLowerCase().replace(/ (.)/g, (_, first) => first.toUpperCase()).replace(/^\d+/, '');

export class Panel {
  constructor(editor) {
    this.editor = editor;
    this.modeler = editor.modeler;
    this.names = () => variables(this.modeler, this.editor.recipe.form);
    this.modeler.on('selection.changed', () => this.show());
    this.modeler.on(['shape.changed', 'connection.changed', 'root.changed'], ({ element }) => {
      if (element === this.element && !this.own) this.show();
    });
    // What is typed here is shown already; drawing it anew would take the place away from where the next key goes.
    const { signal } = editor.listen;
    byId('panel').addEventListener('change', () => { this.own = true; }, { capture: true, signal });
    byId('panel').addEventListener('change', () => { this.own = false; }, { signal });
  }

  show() {
    const selected = !this.editor.text.isDrawing ? [] : this.modeler.get('selection').get();
    this.element = selected.length === 1 && selected[0].type !== 'label' ? selected[0] : selected[0]?.labelTarget;
    const place = byId('panel');
    const scrolled = place.scrollTop;
    const parts = this.element ? this.ofElement(this.element) : recipeFields(this.editor, this.root());
    place.replaceChildren(...parts.filter(Boolean));
    place.scrollTop = scrolled;
    this.problems();
  }

  root() {
    return this.modeler.get('canvas').getRootElement();
  }

  /** What is wrong with the element that is shown. */
  problems() {
    const place = byId('problems-here');
    if (!place) return;
    const id = this.element?.businessObject.id;
    const found = this.editor.problems.filter((one) => id && one.element === id);
    place.replaceChildren(...found.map((one) => h('li', { class: one.severity, text: one.reason })));
  }

  ofElement(element) {
    const bo = element.businessObject;
    const parts = [
      h('h2', { text: titleOf(element) }),
      h('p', { class: 'dim', text: `${typeOf(element)} · ${bo.id}` }),
      h('ul', { id: 'problems-here', class: 'problems-here' }),
      fields.text('Name', bo.name, (name) => this.modeler.get('modeling').updateLabel(element, name)),
    ];
    if (is(element, 'SequenceFlow')) return [...parts, ...this.ofFlow(element)];
    if (is(element, 'ServiceTask', 'SendTask')) parts.push(this.service(element));
    else if (is(element, 'UserTask', 'ManualTask')) parts.push(this.person(element));
    else if (is(element, 'BusinessRuleTask')) parts.push(this.rule(element));
    else if (is(element, 'ScriptTask')) parts.push(this.script(element));
    else if (is(element, 'CallActivity')) parts.push(this.call(element));
    parts.push(...eventFields(this.editor, element, this.names));
    if (is(element, 'Activity')) parts.push(timesFields(this.editor, element, this.names));
    if (is(element, 'Activity')) parts.push(this.data(element), this.shapes(element));
    if (is(element, 'FlowNode')) parts.push(this.milestone(element), this.ways(element));
    return parts;
  }

  /** A field of one attribute of an extension element. */
  field(element, type, name, label, options = {}) {
    const value = extension(element.businessObject, type)?.get(name);
    return fields.text(label, value, (given) => setExtension(this.modeler, element, type, { [name]: given }), options);
  }

  service(element) {
    const { surroundings } = this.editor;
    const task = extension(element.businessObject, 'Task');
    const set = (change) => setExtension(this.modeler, element, 'Task', change);
    return fields.group('Who does it',
      this.field(element, 'Task', 'specification', 'Capability: specification', { options: surroundings.specifications }),
      fields.choice('Capability: action', task?.action, ACTIONS, (action) => set({ action })),
      this.field(element, 'Task', 'fulfiller', 'Or a fulfiller by name', { options: surroundings.fulfillers }),
      this.field(element, 'Task', 'retry', 'Pauses between attempts', { placeholder: 'PT10S, PT1M' }),
      this.field(element, 'Task', 'deadline', 'Deadline', { placeholder: 'PT2H', hint: 'ISO 8601; after it the step is fallout.' }),
      fields.choice('Undone by', task?.compensation, UNDOING, (compensation) => set({ compensation })));
  }

  person(element) {
    const forms = (this.editor.recipe.form || []).map((one) => one.name);
    return fields.group('Who does it',
      this.field(element, 'Task', 'queue', 'Queue'),
      this.field(element, 'Task', 'assignee', 'Assignee'),
      this.field(element, 'Task', 'form', 'Form', { options: forms, hint: forms.length ? null : 'Forms are kept with the recipe: select nothing to see them.' }),
      this.field(element, 'Task', 'deadline', 'Deadline', { placeholder: 'P2D' }));
  }

  rule(element) {
    const tables = (this.editor.recipe.decisionTable || []).map((one) => one.name);
    const ref = extension(element.businessObject, 'Decision')?.ref;
    return fields.group('What decides',
      this.field(element, 'Decision', 'ref', 'Decision', { options: tables }),
      this.field(element, 'Decision', 'result', 'Result becomes', { placeholder: 'variable' }),
      h('button', {
        type: 'button', text: tables.includes(ref) ? 'Edit its table' : 'Make a table',
        onclick: async () => {
          const name = await editTable(this.editor, ref || '', slug(element.businessObject.name));
          if (name) setExtension(this.modeler, element, 'Decision', { ref: name });
          this.show();
        },
      }));
  }

  script(element) {
    return fields.group('What is computed',
      this.field(element, 'Script', 'expression', 'Expression', { names: this.names }),
      this.field(element, 'Script', 'result', 'Result becomes', { placeholder: 'variable' }));
  }

  call(element) {
    const found = extension(element.businessObject, 'Call');
    const set = (change) => setExtension(this.modeler, element, 'Call', change);
    return fields.group('What it calls',
      this.field(element, 'Call', 'recipe', 'Recipe', { options: this.editor.surroundings.recipes }),
      this.field(element, 'Call', 'versions', 'Versions', { placeholder: '^1.0.0' }),
      fields.check('Pass all variables', found?.passes === 'all', (on) => set({ passes: on ? 'all' : '' })),
      fields.check('Take all variables back', found?.returns === 'all', (on) => set({ returns: on ? 'all' : '' })));
  }

  data(element) {
    const entries = (type) => extensions(element.businessObject, type).map((one) => [one.name || '', one.value ?? one.text ?? '']);
    const set = (type) => (all) => setExtensions(this.modeler, element, type, all.map(([name, value]) => ({ name, value })));
    return fields.group('Data',
      fields.rows('Inputs', entries('Input'), set('Input'), { names: this.names, first: 'Input', hint: 'Without any it is given what it declares, else everything.' }),
      fields.rows('Outputs', entries('Output'), set('Output'), { names: this.names, first: 'Variable', placeholder: '=output.name', hint: 'Without any everything that it answers is kept.' }));
  }

  shapes(element) {
    const set = (type) => (value) => setExtensions(this.modeler, element, type, value === undefined ? [] : [{ text: JSON.stringify(value, null, 2) }]);
    const of = (type) => extension(element.businessObject, type)?.text;
    return h('details', { open: Boolean(of('InputSchema') || of('OutputSchema')) }, h('summary', { text: 'Types (JSON Schema)' }),
      fields.json('Of its input', of('InputSchema'), set('InputSchema')), fields.json('Of its answer', of('OutputSchema'), set('OutputSchema')));
  }

  milestone(element) {
    return fields.group('Progress', this.field(element, 'Milestone', 'name', 'Milestone', { hint: 'Told to the customer when it is passed.' }));
  }

  ways(element) {
    const flows = element.businessObject.outgoing || [];
    if (!flows.length) return null;
    return fields.group('Where it leads', h('ul', { class: 'named' }, ...flows.map((flow) => h('li', {},
      button(`Way to ${titleOf(flow.targetRef)}`, () => this.editor.select(this.editor.element(flow.id)), { class: 'link' })))));
  }

  ofFlow(element) {
    const bo = element.businessObject;
    const source = bo.sourceRef;
    const chooses = ['bpmn:ExclusiveGateway', 'bpmn:InclusiveGateway'].includes(source.$type) || source.$instanceOf('bpmn:Activity');
    if (!chooses) return [];
    const modeling = this.modeler.get('modeling');
    const condition = fields.text('Condition', bo.conditionExpression?.body, (body) => {
      const made = body ? this.modeler.get('moddle').create('bpmn:FormalExpression', { body }) : undefined;
      if (made) made.$parent = bo;
      modeling.updateProperties(element, { conditionExpression: made });
    }, { names: this.names, placeholder: 'size > 10', hint: 'It is taken where this holds.' });
    const other = fields.check('Taken where no condition holds', source.default === bo, (on) =>
      modeling.updateProperties(this.editor.element(source.id), { default: on ? bo : undefined }));
    return [fields.group('When it is taken', condition, other)];
  }
}
