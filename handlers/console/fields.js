// Fields of the properties panel: each shows a value and tells of a change when it is left.

import { complete } from './completion.js';
import { button, h } from './dom.js';

let count = 0;

const labelled = (label, field, hint) => {
  field.id ||= `field-${(count += 1)}`;
  return h('div', { class: 'field' }, h('label', { for: field.id, text: label }), field, hint ? h('p', { class: 'hint', text: hint }) : null);
};

/** A line of text. `options` gives choices, `names` the variables that an expression may read. */
export function text(label, value, change, { hint, placeholder, options, names, readonly } = {}) {
  const field = h('input', {
    value: value ?? '', placeholder, readonly, autocomplete: 'off', spellcheck: 'false',
    class: names ? 'code' : null, onchange: (event) => change(event.target.value.trim()),
  });
  if (options?.length) {
    const list = h('datalist', { id: `choices-${(count += 1)}` }, ...options.map((one) => h('option', { value: one })));
    field.setAttribute('list', list.id);
    return h('div', {}, labelled(label, field, hint), list);
  }
  if (names) complete(field, names);
  return labelled(label, field, hint);
}

export function area(label, value, change, { hint, rows = 4, code = true, names } = {}) {
  const field = h('textarea', {
    rows, spellcheck: 'false', class: code ? 'code' : null, onchange: (event) => change(event.target.value.trim(), event.target),
  });
  field.value = value ?? '';
  if (names) complete(field, names);
  return labelled(label, field, hint);
}

/** A text of JSON; what is none is said at the field, and not taken on. */
export function json(label, value, change, { hint, rows = 5 } = {}) {
  const shown = value === undefined || value === '' ? '' : typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  return area(label, shown, (given, field) => {
    field.setCustomValidity('');
    try {
      change(given ? JSON.parse(given) : undefined);
    } catch (error) {
      field.setCustomValidity(`This is no JSON: ${error.message}`);
      field.reportValidity();
    }
  }, { hint, rows });
}

export function choice(label, value, options, change, { hint } = {}) {
  const field = h('select', { onchange: (event) => change(event.target.value) },
    ...options.map(([key, words]) => h('option', { value: key, text: words, selected: key === (value ?? '') })));
  return labelled(label, field, hint);
}

export function check(label, value, change) {
  const field = h('input', { type: 'checkbox', id: `field-${(count += 1)}`, checked: Boolean(value), onchange: (event) => change(event.target.checked) });
  return h('div', { class: 'field check' }, field, h('label', { for: field.id, text: label }));
}

/** Rows of a name and a value, with a way to add and remove them. */
export function rows(label, entries, change, { names, first = 'Name', second = 'Value', placeholder = '=expression', hint } = {}) {
  const all = entries.map((entry) => [...entry]);
  const place = h('div', { class: 'rows' });
  const told = () => change(all.filter(([name]) => name));
  const draw = () => place.replaceChildren(...all.map((entry, index) => {
    const name = h('input', {
      value: entry[0], 'aria-label': `${label} ${index + 1}: ${first}`, placeholder: first, spellcheck: 'false', autocomplete: 'off',
      onchange: (event) => { entry[0] = event.target.value.trim(); told(); },
    });
    const value = h('input', {
      value: entry[1], class: 'code', 'aria-label': `${label} ${index + 1}: ${second}`, placeholder, spellcheck: 'false', autocomplete: 'off',
      onchange: (event) => { entry[1] = event.target.value.trim(); told(); },
    });
    if (names) complete(value, names);
    const gone = button('×', () => { all.splice(index, 1); draw(); told(); }, { class: 'quiet', 'aria-label': `Remove ${entry[0] || 'this row'}`, title: 'Remove' });
    return h('div', { class: 'row' }, name, value, gone);
  }));
  draw();
  const more = button(`Add ${label.toLowerCase().replace(/s$/, '')}`, () => {
    all.push(['', '']);
    draw();
    place.lastElementChild.querySelector('input').focus();
  }, { class: 'quiet' });
  return h('div', { class: 'field' }, h('span', { class: 'label', text: label }), place, more, hint ? h('p', { class: 'hint', text: hint }) : null);
}

export function group(title, ...fields) {
  return h('fieldset', {}, h('legend', { text: title }), ...fields);
}
