// The steps of a recipe's life: each says what it means, and what stands against it.

import * as api from './api.js';
import { button, dialog, h, notice } from './dom.js';
import { askForVersion } from './library.js';
import { short } from './words.js';

export async function sendToReview(editor) {
  if (editor.dirty && !(await editor.save())) return;
  await step(editor, 'review', 'Send to review', 'It stays as it is while others look at it.');
}

export const sendBack = (editor) =>
  step(editor, 'return', 'Return to its author', 'It becomes a draft again, and can be changed.');

export const retire = (editor) =>
  step(editor, 'retire', 'Retire', 'Nothing new begins with it; what runs on it goes on.');

/** Whether what is shown is what a version that is no draft holds; where it is not, ask what becomes of the changes. */
async function isAsKept(editor) {
  if (!editor.dirty || editor.recipe.state === 'draft') return true;
  const chosen = await dialog('What you have changed is not part of this version', (close) => [
    h('p', { text: 'It is no draft. What you have changed since can become a new version, or be dropped.' }),
    h('div', { class: 'buttons' }, button('Cancel', () => close(null)), button('Drop the changes', () => close('drop')),
      button('New version with them', () => close('new'), { class: 'primary' })),
  ], 'rival');
  if (chosen === 'new') await newVersion(editor);
  if (chosen === 'drop') {
    editor.dirty = false;
    editor.reopen();
  }
  return false;
}

async function step(editor, name, heading, meaning) {
  if (!(await isAsKept(editor))) return;
  const done = await ask(heading, [h('p', { text: meaning })], heading, (why) => api.stepRecipe(editor.id, name, why, editor.etag));
  if (done) editor.moved(done);
}

export async function publish(editor) {
  if (!(await isAsKept(editor))) return;
  let compared;
  let tried;
  try {
    [compared, tried] = await Promise.all([api.compareRecipe(editor.id), api.tryStored(editor.id)]);
  } catch (error) {
    notice(error.message, 'wrong');
    return;
  }
  const parts = [
    h('p', { text: 'All processes of the server take it on within a second; what runs stays on its version. It never changes again.' }),
    h('h3', { text: compared.from ? `What is different from ${compared.from}` : 'Its first version' }),
    differences(compared),
    ...(compared.from ? [] : [h('p', { class: 'dim', text: 'Nothing is published of this recipe that it could be compared with.' })]),
    h('h3', { text: 'Test cases' }), cases(editor, tried),
  ];
  const done = await ask('Publish', parts, 'Publish', (why) => api.stepRecipe(editor.id, 'publish', why, editor.etag), true);
  if (done) {
    editor.moved(done);
    notice(`${editor.id} is published.`);
  }
}

/** Show what is different from another version of it, as they are kept. */
export async function compare(editor) {
  const others = (await api.listRecipes()).filter((one) => one.name === editor.recipe.name && one.id !== editor.id);
  if (!others.length) {
    notice('There is no other version of it yet.');
    return;
  }
  await dialog(`What is different in ${editor.recipe.version}`, (close) => {
    const found = h('div', { 'aria-live': 'polite' });
    const look = async (from) => {
      try {
        found.replaceChildren(differences(await api.compareRecipe(editor.id, from)));
      } catch (error) {
        found.replaceChildren(h('p', { class: 'fault', text: error.message }));
      }
    };
    const chosen = h('select', { id: 'compared', onchange: (event) => look(event.target.value) },
      ...others.reverse().map((one) => h('option', { value: one.id, text: `${one.version} (${one.state})` })));
    look(chosen.value);
    return [h('label', { for: 'compared', text: 'From version' }), chosen, found,
      editor.dirty ? h('p', { class: 'dim', text: 'What is not saved is not compared.' }) : '',
      h('div', { class: 'buttons' }, button('Close', () => close(null)))];
  }, true);
}

export function differences(compared) {
  if (!compared.difference.length) return h('p', { class: 'dim', text: 'Nothing.' });
  const signs = { added: '+', removed: '−', changed: '~' };
  return h('ul', { class: 'differences' }, ...compared.difference.map((one) => {
    const from = 'before' in one || 'after' in one;
    return h('li', { class: one.kind },
      h('span', { class: 'sign', text: signs[one.kind], 'aria-label': one.kind }),
      h('span', {}, h('span', { class: 'dim', text: `${one.what} ` }), one.name, one.attribute ? h('span', { class: 'dim', text: ` ${one.attribute}` }) : '',
        from ? h('div', { class: 'values' }, h('code', { text: short(one.before ?? '–') }), ' → ', h('code', { text: short(one.after ?? '–') })) : ''));
  }));
}

function cases(editor, tried) {
  if (!editor.recipe.testCase?.length) return h('p', { class: 'dim', text: 'It has none. Try it, and keep a run as a test case.' });
  return h('ul', { class: 'cases' }, ...tried.trial.map((one) => h('li', {},
    h('span', { class: one.passed ? 'good' : 'bad', text: one.passed ? 'passed' : 'failed' }), ` ${one.name}`,
    ...one.difference.map((text) => h('div', { class: 'dim', text })))));
}

export async function newVersion(editor) {
  const [major, minor] = editor.recipe.version.split('.').map((part) => parseInt(part, 10) || 0);
  const made = await askForVersion('New version', { name: editor.recipe.name, version: `${major}.${minor + 1}.0` }, async (body) => {
    const kept = await editor.text.kept();
    const whole = { ...body, bpmn: kept.bpmn, ...(kept.source ? { source: kept.source } : {}) };
    for (const part of ['description', 'decisionTable', 'form', 'testCase', 'binding']) {
      if (editor.recipe[part]?.length) whole[part] = editor.recipe[part];
    }
    return api.createRecipe(whole);
  });
  if (made) {
    editor.dirty = false;
    location.hash = `#/${encodeURIComponent(made.said.id)}`;
  }
}

/** Ask what becomes of changes to a recipe that somebody else has saved meanwhile: `mine`, `theirs`, or null for neither. */
export const askRival = (editor, theirs) => dialog('Somebody else has saved this recipe', (close) => [
  h('p', { text: `It was saved on ${new Date(theirs.lastUpdate).toLocaleString()}, after you had opened it. Your changes are still here, and not saved.` }),
  theirs.state === 'draft' ? null : h('p', { text: `It is no draft any more (${theirs.state}); what you have changed can be kept as a file, or as a new version.` }),
  h('div', { class: 'buttons' },
    button('Keep mine as a file', () => editor.text.download()),
    button('Take theirs', () => close('theirs')),
    theirs.state === 'draft' ? button('Save mine over it', () => close('mine')) : null,
    button('Not now', () => close(null), { class: 'primary', autofocus: true })),
].filter(Boolean), 'rival');

/** A dialog that asks why, does it, and shows what the server has against it. */
function ask(heading, parts, text, act, wide = false) {
  return dialog(heading, (close) => {
    const fault = h('div', { class: 'fault', role: 'alert' });
    const why = h('input', { id: 'why', autocomplete: 'off', placeholder: 'For those who read the history' });
    return h('form', {
      onsubmit: async (event) => {
        event.preventDefault();
        try {
          close(await act(why.value.trim()));
        } catch (error) {
          fault.textContent = error.message;
        }
      },
    }, ...parts, h('label', { for: 'why', text: 'Why' }), why, fault,
    h('div', { class: 'buttons' }, button('Cancel', () => close(null)), h('button', { class: 'primary', text })));
  }, wide);
}
