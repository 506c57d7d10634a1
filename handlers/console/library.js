// All recipes, one line for each version.

import * as api from './api.js';
import { button, byId, dialog, h, notice } from './dom.js';
import { empty } from './moddle.js';
import { stateMark } from './words.js';

export async function showLibrary() {
  const recipes = await api.listRecipes();
  const place = byId('library');
  const rows = h('tbody');
  const draw = (text) => {
    const wanted = text.toLowerCase();
    const shown = recipes.filter((one) => `${one.id} ${one.description || ''}`.toLowerCase().includes(wanted)).reverse();
    rows.replaceChildren(...shown.map(row));
  };
  const search = h('input', {
    type: 'search', placeholder: 'Search', 'aria-label': 'Search recipes', oninput: (event) => draw(event.target.value),
  });
  byId('actions').replaceChildren(fileButton(), button('New recipe', newRecipe, { class: 'primary' }));
  if (!recipes.length) {
    place.replaceChildren(h('div', { class: 'empty' },
      h('h1', { text: 'No recipes yet' }),
      h('p', { text: 'A recipe is a process that you draw, try with simulated answers, and publish.' }),
      button('Draw the first one', newRecipe, { class: 'primary' })));
    return;
  }
  const head = h('tr', {}, ...['Recipe', 'Version', 'State', 'For', 'Changed'].map((text) => h('th', { scope: 'col', text })));
  place.replaceChildren(
    h('div', { class: 'tools' }, h('h1', { text: 'Recipes' }), search),
    h('table', {}, h('thead', {}, head), rows));
  draw('');
}

function row(one) {
  const bound = (one.binding || []).map((b) => `${b.action || 'add'} ${b.specification} ${b.versions || ''} ${b.byPolicy ? 'by policy' : ''}`.trim()).join(', ');
  return h('tr', {},
    h('td', {}, h('a', { href: `#/${encodeURIComponent(one.id)}`, text: one.name }),
      one.description ? h('div', { class: 'dim', text: one.description }) : null),
    h('td', { text: one.version }),
    h('td', {}, stateMark(one.state)),
    h('td', { class: 'dim', text: bound || '–' }),
    h('td', { class: 'dim', text: new Date(one.lastUpdate).toLocaleString() }));
}

/** A button that makes a draft of a file: BPMN, of whichever tool, or YAML. */
function fileButton() {
  const chosen = h('input', {
    type: 'file', accept: '.bpmn,.xml,.yaml,.yml', hidden: true, tabindex: -1, 'aria-label': 'BPMN or YAML file',
    onchange: async (event) => {
      const [file] = event.target.files;
      event.target.value = '';
      if (file) await fromFile(file.name, await file.text());
    },
  });
  return h('span', {}, chosen, button('Open a file…', () => chosen.click(), { title: 'BPMN of any tool, or YAML' }));
}

async function fromFile(file, text) {
  const name = file.replace(/\.[^.]*$/, '').replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  const content = /\.ya?ml$/i.test(file) ? { source: text } : { bpmn: text };
  const made = await askForVersion(`New recipe from ${file}`, { name, version: '1.0.0' }, async (body) => {
    await api.convert(content); // what cannot be read is refused here: a draft that cannot be drawn helps nobody
    return api.createRecipe({ ...body, ...content });
  }, true);
  if (made) location.hash = `#/${encodeURIComponent(made.said.id)}`;
}

async function newRecipe() {
  const made = await askForVersion('New recipe', { name: '', version: '1.0.0' }, (body) => api.createRecipe({ ...body, bpmn: empty(body.name) }));
  if (made) location.hash = `#/${encodeURIComponent(made.said.id)}`;
}

/** Ask for a name and a version, and make the recipe; what the server has against it is shown in the dialog. */
export function askForVersion(heading, body, make, named = !body.name) {
  return dialog(heading, (close) => {
    const fault = h('p', { class: 'fault', role: 'alert' });
    const name = h('input', { id: 'new-name', required: true, value: body.name, readonly: !named, autocomplete: 'off' });
    const version = h('input', { id: 'new-version', required: true, value: body.version, autocomplete: 'off' });
    return h('form', {
      onsubmit: async (event) => {
        event.preventDefault();
        try {
          close(await make({ name: name.value.trim(), version: version.value.trim() }));
        } catch (error) {
          fault.textContent = error.message;
          notice('');
        }
      },
    },
    h('label', { for: 'new-name', text: 'Name' }), name,
    h('p', { class: 'hint', text: 'Letters, digits, dots, hyphens, underscores; all versions share it.' }),
    h('label', { for: 'new-version', text: 'Version' }), version,
    h('p', { class: 'hint', text: 'A semantic version, such as 1.4.0.' }),
    fault,
    h('div', { class: 'buttons' }, button('Cancel', () => close(null)), h('button', { class: 'primary', text: 'Create' })));
  });
}
