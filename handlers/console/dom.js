// Small ways to make and change elements of the page.

/** An element: `attributes` may hold listeners (`onclick`), `class`, `text`, and any attribute; null and false leave one out. */
export function h(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (name === 'text') made.textContent = value;
    else if (name === 'value') made.value = value;
    else made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export function button(text, onclick, attributes = {}) {
  return h('button', { type: 'button', onclick, ...attributes }, text);
}

export const byId = (id) => document.getElementById(id);

/** A list of tabs; the arrows, Home and End go between them, as the Tab key does not. */
export function tabList(...tabs) {
  const steps = { ArrowRight: 1, ArrowLeft: -1 };
  return h('div', {
    class: 'tabs', role: 'tablist',
    onkeydown: (pressed) => {
      const all = [...pressed.currentTarget.querySelectorAll('[role=tab]')];
      const at = all.indexOf(pressed.target);
      if (at < 0) return;
      const to = pressed.key === 'Home' ? 0 : pressed.key === 'End' ? all.length - 1 : pressed.key in steps ? (at + steps[pressed.key] + all.length) % all.length : -1;
      if (to < 0) return;
      pressed.preventDefault();
      all[to].focus();
      all[to].click();
    },
  }, ...tabs);
}

/** Put other children into a place; the focus stays on what has the same `data-key`. */
export function renew(place, ...children) {
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  place.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== ''));
  if (focused) place.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

let noticed;

/** Say something for a moment, at the edge of the page; what went wrong stays longer. */
export function notice(text, kind = '') {
  const place = byId('notice');
  place.textContent = text;
  place.className = `notice shown ${kind}`;
  clearTimeout(noticed);
  noticed = setTimeout(() => place.classList.remove('shown'), kind === 'wrong' ? 9000 : 3500);
}

/** A dialog with a heading, wide or of a class of its own; resolves to what `close` is given, or null where it is dismissed. */
export function dialog(heading, fill, wide = false) {
  return new Promise((resolve) => {
    let result = null;
    const before = document.activeElement;
    const box = h('dialog', { class: wide === true ? 'wide' : wide || '', 'aria-label': heading });
    const close = (value) => { result = value; box.close(); };
    box.append(h('h2', { text: heading }));
    box.append(...[fill(close, box)].flat());
    box.addEventListener('close', () => {
      box.remove();
      if (before instanceof HTMLElement) before.focus();
      resolve(result);
    });
    document.body.append(box);
    box.showModal();
  });
}

export function debounce(work, milliseconds) {
  let waiting;
  return (...given) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => work(...given), milliseconds);
  };
}

export function download(name, text, type) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  h('a', { href: address, download: name }).click();
  URL.revokeObjectURL(address);
}
