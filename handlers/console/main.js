// The page: either all recipes, or one of them in the designer. `#/name:version` says which.

import * as api from './api.js';
import { byId, notice } from './dom.js';
import { Editor } from './editor.js';
import { showLibrary } from './library.js';

let editor = null;

async function show(again = false) {
  const id = decodeURIComponent(location.hash.replace(/^#\/?/, ''));
  if (editor && editor.id === id && again !== true) return;
  if (editor) {
    if (editor.dirty && !confirm('This recipe has changes that are not saved. Leave all the same?')) {
      history.replaceState(null, '', `#/${encodeURIComponent(editor.id)}`);
      return;
    }
    editor.close();
    editor = null;
  }
  byId('editor').hidden = !id;
  byId('library').hidden = Boolean(id);
  byId('title').replaceChildren();
  byId('actions').replaceChildren();
  try {
    if (id) {
      const { said, etag } = await api.readRecipe(id);
      editor = await Editor.open(said, etag, () => show(true));
      document.title = `${said.name} ${said.version} · Recipes`;
    } else {
      document.title = 'Recipes';
      await showLibrary();
    }
  } catch (error) {
    notice(error.message, 'wrong');
    if (id) location.hash = '#/';
    console.error(error);
  }
}

window.addEventListener('hashchange', show);
window.addEventListener('beforeunload', (event) => {
  if (editor?.dirty) event.preventDefault();
});
show();
