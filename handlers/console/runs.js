// The page of runs: either all of them, or one. `#/id` says which; `#/?recipe=…` narrows the list.

import { byId, notice } from './dom.js';
import { RunList } from './runlist.js';
import { RunView } from './runview.js';

let shown = null;

async function show() {
  const path = location.hash.replace(/^#\/?/, '');
  shown?.close();
  const isList = !path || path.startsWith('?');
  byId('list').hidden = !isList;
  byId('run').hidden = isList;
  byId('title').replaceChildren();
  byId('actions').replaceChildren();
  shown = isList ? new RunList(new URLSearchParams(path)) : new RunView(decodeURIComponent(path));
  try {
    await shown.start();
  } catch (error) {
    notice(error.message, 'wrong');
    if (!isList) location.hash = '#/';
  }
}

window.addEventListener('hashchange', show);
show();
