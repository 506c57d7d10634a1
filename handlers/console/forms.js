// What people fill in: a form is a JSON Schema, of which the plain fields are edited as rows.

import { button, dialog, h, renew } from './dom.js';
import { keep } from './recipe.js';

const TYPES = { string: 'text', integer: 'whole number', number: 'number', boolean: 'yes or no', choice: 'one of' };
const PLAIN = new Set(['type', 'title', 'enum', 'default', 'description']);

/** Edit the form of a name, or make one. */
export function editForm(editor, name) {
  const present = (editor.recipe.form || []).find((one) => one.name === name);
  return dialog('Form', (close) => {
    const title = h('input', { id: 'form-name', required: true, value: name, autocomplete: 'off' });
    const text = h('textarea', { id: 'form-schema', rows: 10, class: 'code', spellcheck: 'false' });
    const place = h('div', { class: 'form-fields' });
    const rows = new Rows(place, present?.schema ?? { type: 'object', properties: {} }, (schema) => { text.value = JSON.stringify(schema, null, 2); });
    text.addEventListener('input', () => {
      text.setCustomValidity('');
      try {
        rows.take(JSON.parse(text.value));
      } catch (error) {
        text.setCustomValidity(`This is no JSON: ${error.message}`);
      }
    });
    return h('form', {
      onsubmit: (event) => {
        event.preventDefault();
        keep(editor, 'form', present?.name, { name: title.value.trim(), schema: JSON.parse(text.value) });
        close(true);
      },
    }, h('label', { for: 'form-name', text: 'Name' }), title, h('h3', { text: 'Fields' }), place,
    h('label', { for: 'form-schema', text: 'What people fill in (JSON Schema)' }), text,
    h('div', { class: 'buttons' }, button('Cancel', () => close(null)), h('button', { class: 'primary', text: 'Keep' })));
  }, true);
}

/** A row for each field of a schema; what is no plain one is left to the schema. */
class Rows {
  constructor(place, schema, told) {
    this.place = place;
    this.told = told;
    this.take(schema);
    told(schema);
  }

  take(schema) {
    this.schema = schema && typeof schema === 'object' ? schema : {};
    const required = new Set(Array.isArray(this.schema.required) ? this.schema.required : []);
    this.fields = Object.entries(this.schema.properties || {}).map(([name, field]) => ({ name, field, required: required.has(name) }));
    this.draw();
  }

  /** Tell the schema that the rows say now; one that has another look is drawn anew. */
  changed(anew = true) {
    const { required: _, ...rest } = this.schema;
    const required = this.fields.filter((one) => one.required).map((one) => one.name);
    const properties = Object.fromEntries(this.fields.map((one) => [one.name, one.field]));
    this.schema = { type: 'object', ...rest, properties, ...(required.length ? { required } : {}) };
    this.told(this.schema);
    if (anew) this.draw();
  }

  draw() {
    renew(this.place, ...this.fields.map((one, index) => this.row(one, index)), button('Add field', () => {
      let count = this.fields.length + 1;
      while (this.fields.some((one) => one.name === `field${count}`)) count += 1;
      this.fields.push({ name: `field${count}`, field: { type: 'string' }, required: false });
      this.changed();
      const added = this.place.querySelectorAll('.form-field > input:first-child');
      added[added.length - 1].select();
    }, { class: 'quiet', 'data-key': 'more' }));
  }

  row(one, index) {
    const label = (text) => `Field ${index + 1}: ${text}`;
    const input = (text, value, set, more = {}) => h('input', {
      value, placeholder: text, 'aria-label': label(text), autocomplete: 'off', ...more,
      onchange: (event) => { set(event.target.value.trim(), event.target); this.changed(false); },
    });
    const name = input('name', one.name, (given, field) => {
      if (given && !this.fields.some((other) => other !== one && other.name === given)) one.name = given;
      field.value = one.name;
    }, { class: 'code' });
    const isPlain = one.field && Object.keys(one.field).every((key) => PLAIN.has(key)) && (one.field.type in TYPES || Array.isArray(one.field.enum));
    const needed = h('input', { type: 'checkbox', checked: one.required, onchange: (event) => { one.required = event.target.checked; this.changed(false); } });
    return h('div', { class: 'form-field' }, name, ...(isPlain ? this.plain(one, input, label) : [h('span', { class: 'dim', text: 'as the schema says' })]),
      h('label', { class: 'by-policy' }, needed, 'required'),
      button('×', () => { this.fields.splice(index, 1); this.changed(); }, { class: 'quiet', 'aria-label': label('remove') }));
  }

  plain(one, input, label) {
    const type = h('select', {
      'aria-label': label('type'), 'data-key': label('type'),
      onchange: (event) => {
        const { enum: _, ...rest } = one.field;
        one.field = event.target.value === 'choice' ? { ...rest, type: 'string', enum: ['first', 'second'] } : { ...rest, type: event.target.value };
        this.changed();
      },
    }, ...Object.entries(TYPES).map(([key, words]) => h('option', { value: key, text: words, selected: key === (one.field.enum ? 'choice' : one.field.type) })));
    const title = input('label', one.field.title || '', (given) => {
      const { title: _, ...rest } = one.field;
      one.field = given ? { ...rest, title: given } : rest;
    });
    if (!one.field.enum) return [title, type];
    return [title, type, input('choices, separated by commas', one.field.enum.join(', '), (given) => {
      one.field = { ...one.field, enum: given.split(',').map((choice) => choice.trim()).filter(Boolean) };
    })];
  }
}
