// Completion of names in expressions: the variables that steps before may have made, and functions of the language.

import { h } from './dom.js';

const FUNCTIONS = ['if  then  else ', 'for  in  return ', 'some  in  satisfies ', 'every  in  satisfies ', 'count()', 'sum()', 'min()', 'max()',
  'contains(, )', 'starts with(, )', 'string length()', 'upper case()', 'lower case()', 'not()', 'string()', 'number()'];
const WORD = /[\p{L}_][\p{L}\p{N}_.]*$/u;
const MOST = 8;

/** Offer names at a field; `names` is asked each time. Arrows choose, Enter or Tab takes, Escape closes. */
export function complete(field, names) {
  let list = null;
  let chosen = 0;
  let found = [];

  const close = () => {
    list?.remove();
    list = null;
    field.removeAttribute('aria-expanded');
  };

  const word = () => field.value.slice(0, field.selectionStart).match(WORD)?.[0] || '';

  const take = (name) => {
    const end = field.selectionStart;
    field.setRangeText(name, end - word().length, end, 'end');
    close();
  };

  const draw = () => {
    const typed = word().toLowerCase();
    const known = [...new Set(names()), ...FUNCTIONS];
    found = typed ? known.filter((name) => name.toLowerCase().startsWith(typed) && name.toLowerCase() !== typed).slice(0, MOST) : [];
    if (!found.length) return close();
    chosen = 0;
    list ||= field.parentElement.insertBefore(h('ul', { class: 'completion', role: 'listbox' }), field.nextSibling);
    field.setAttribute('aria-expanded', 'true');
    mark();
    return undefined;
  };

  const mark = () => list.replaceChildren(...found.map((name, index) => h('li', {
    role: 'option', 'aria-selected': String(index === chosen), text: name,
    onmousedown: (event) => { event.preventDefault(); take(name); },
  })));

  field.addEventListener('input', draw);
  field.addEventListener('blur', close);
  field.addEventListener('keydown', (event) => {
    if (!list) return;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      chosen = (chosen + (event.key === 'ArrowDown' ? 1 : found.length - 1)) % found.length;
      mark();
    } else if (event.key === 'Enter' || event.key === 'Tab') take(found[chosen]);
    else if (event.key === 'Escape') close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}

/** The variables that a drawing makes, by name: what it begins with, what steps answer, people fill in, elements of loops, results. */
export function variables(modeler, forms = []) {
  const made = new Set();
  const schema = (text) => {
    try {
      Object.keys(JSON.parse(text).properties || {}).forEach((name) => made.add(name));
    } catch { /* it is said by the check */ }
  };
  const visit = (bo) => {
    for (const one of bo?.extensionElements?.values || []) {
      if (one.$type === 'som:Output' && one.name) made.add(one.name.split('.')[0]);
      if ((one.$type === 'som:InputSchema' && bo.$type === 'bpmn:Process') || one.$type === 'som:OutputSchema') schema(one.text);
      const form = one.$type === 'som:Task' && forms.find(({ name }) => name === one.form);
      if (form) Object.keys(form.schema?.properties || {}).forEach((name) => made.add(name));
      if (['som:Decision', 'som:Script'].includes(one.$type) && one.result) made.add(one.result);
      if (one.$type === 'som:Loop') [one.element, one.collected].filter(Boolean).forEach((name) => made.add(name));
    }
  };
  modeler.get('elementRegistry').forEach((element) => {
    visit(element.businessObject);
    visit(element.businessObject.loopCharacteristics);
    visit(element.businessObject.processRef);
  });
  return [...made].sort();
}
