// The properties of the recipe itself: what it is for, what it begins with, and what stands beside the drawing.

import * as fields from './fields.js';
import { button, dialog, h } from './dom.js';
import { editForm } from './forms.js';
import { compare } from './life.js';
import { extension, setExtensions } from './moddle.js';
import { editTable } from './tables.js';

const ACTIONS = [['add', 'add'], ['modify', 'modify'], ['delete', 'delete']];

export function recipeFields(editor, root) {
  const { recipe } = editor;
  const process = root?.businessObject;
  const isProcess = process?.$type === 'bpmn:Process';
  return [
    h('h2', { text: recipe.name }),
    h('p', { class: 'dim', text: 'Select an element to see what it does. Press ? for the keys.' }),
    fields.area('Description', recipe.description, (value) => editor.set('description', value), { rows: 2, code: false }),
    bindings(editor),
    isProcess ? fields.group('What it begins with',
      fields.json('Types of its variables (JSON Schema)', extension(process, 'InputSchema')?.text, (value) =>
        setExtensions(editor.modeler, root, 'InputSchema', value === undefined ? [] : [{ text: JSON.stringify(value, null, 2) }]),
      { rows: 4 })) : null,
    named(editor, 'Decisions', 'decisionTable', (name) => editTable(editor, name)),
    named(editor, 'Forms', 'form', (name) => editForm(editor, name)),
    named(editor, 'Test cases', 'testCase', (name) => editCase(editor, name)),
    steps(editor),
  ];
}

function bindings(editor) {
  const all = (editor.recipe.binding || []).map((one) => ({ ...one }));
  const place = h('div', { class: 'rows' });
  const told = () => editor.set('binding', all.filter((one) => one.specification).map((one) =>
    Object.fromEntries(Object.entries(one).filter(([, value]) => value))));
  const draw = () => place.replaceChildren(...all.map((one, index) => h('div', { class: 'row binding' },
    h('select', { 'aria-label': `Action ${index + 1}`, onchange: (event) => { one.action = event.target.value; told(); } },
      ...ACTIONS.map(([key, text]) => h('option', { value: key, text, selected: key === (one.action || 'add') }))),
    h('input', {
      value: one.specification || '', list: 'specifications', 'aria-label': `Specification ${index + 1}`, placeholder: 'specification',
      autocomplete: 'off', onchange: (event) => { one.specification = event.target.value.trim(); told(); },
    }),
    h('input', {
      value: one.versions || '', class: 'short', 'aria-label': `Versions ${index + 1}`, placeholder: 'all', autocomplete: 'off', title: 'Such as ^1.2.0',
      onchange: (event) => { one.versions = event.target.value.trim(); told(); },
    }),
    button('×', () => { all.splice(index, 1); draw(); told(); }, { class: 'quiet', 'aria-label': `Remove action ${index + 1}` }),
    h('label', { class: 'by-policy', title: 'Taken only where a policy at decompose names it' }, h('input', {
      type: 'checkbox', checked: Boolean(one.byPolicy), 'aria-label': `By policy ${index + 1}`,
      onchange: (event) => { one.byPolicy = event.target.checked || undefined; told(); },
    }), ' by policy'))));
  draw();
  return fields.group('What it is for',
    h('datalist', { id: 'specifications' }, ...editor.surroundings.specifications.map((value) => h('option', { value }))),
    place, button('Add an action on a specification', () => { all.push({ action: 'add' }); draw(); place.lastElementChild.querySelector('input').focus(); }, { class: 'quiet' }));
}

function named(editor, title, part, edit) {
  const all = editor.recipe[part] || [];
  const open = async (name) => {
    await edit(name);
    editor.panel.show();
  };
  return fields.group(title,
    h('ul', { class: 'named' }, ...all.map((one, index) => h('li', {},
      button(one.name || `case ${index + 1}`, () => open(one.name || ''), { class: 'link' }),
      button('×', () => { editor.set(part, all.filter((other) => other !== one)); editor.panel.show(); }, { class: 'quiet', 'aria-label': `Remove ${one.name}` })))),
    button('Add', () => open(''), { class: 'quiet' }));
}

/** Put an entry in the place of the one of that name, or beside the others. */
export function keep(editor, part, former, entry) {
  const all = [...(editor.recipe[part] || [])];
  const at = all.findIndex((one) => one.name === former);
  if (at >= 0) all[at] = entry;
  else all.push(entry);
  editor.set(part, all);
}

function editCase(editor, name) {
  const present = (editor.recipe.testCase || []).find((one) => (one.name || '') === name);
  const { name: _, ...rest } = present || { input: {}, expect: { status: 'completed' } };
  return entry(editor, 'testCase', 'Test case', present, rest, 'Input, answers by element, and what is expected', (given, found) => ({ ...found, name: given }));
}

function entry(editor, part, heading, present, value, label, make) {
  return dialog(heading, (close) => {
    const name = h('input', { id: 'entry-name', required: true, value: present?.name || '', autocomplete: 'off' });
    const text = h('textarea', { id: 'entry-text', rows: 16, class: 'code', spellcheck: 'false' });
    text.value = JSON.stringify(value, null, 2);
    return h('form', {
      onsubmit: (event) => {
        event.preventDefault();
        text.setCustomValidity('');
        try {
          keep(editor, part, present?.name, make(name.value.trim(), JSON.parse(text.value)));
          close(true);
        } catch (error) {
          text.setCustomValidity(`This is no JSON: ${error.message}`);
          text.reportValidity();
        }
      },
    }, h('label', { for: 'entry-name', text: 'Name' }), name, h('label', { for: 'entry-text', text: label }), text,
    h('div', { class: 'buttons' }, button('Cancel', () => close(null)), h('button', { class: 'primary', text: 'Keep' })));
  }, true);
}

function steps(editor) {
  const { recipe } = editor;
  if (!recipe.step?.length) return null;
  return h('details', {}, h('summary', { text: 'History' }), button('Compare with another version', () => compare(editor), { class: 'quiet' }), h('ol', { class: 'history' }, ...recipe.step.map((one) => h('li', {},
    h('span', { text: one.state }), h('span', { class: 'dim', text: ` ${new Date(one.date).toLocaleString()} · ${one.who}` }),
    one.why ? h('div', { class: 'dim', text: one.why }) : null))));
}
