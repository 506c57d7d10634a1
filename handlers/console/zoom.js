// How much of a drawing is seen: all of it where that can be read, else its beginning.

import { button, h } from './dom.js';

const LEAST = 0.45; // below it nothing can be read
const READABLE = 0.8;
const STEP = 1.25;
const MARGIN = 24;

/** Show all of a drawing beside the palette, not larger than it is; of one that would be too small to read, where it begins. */
export function fit(viewer, whole = false) {
  const canvas = viewer.get('canvas');
  canvas.resized();
  const { inner, outer } = canvas.viewbox();
  if (!inner.width || !outer.width) return;
  const left = palette(canvas);
  const [width, height] = [outer.width - left - 2 * MARGIN, outer.height - 2 * MARGIN];
  const scale = Math.max(0.05, Math.min(1, width / inner.width, height / inner.height));
  const begins = viewer.get('elementRegistry').filter((one) => one.type === 'bpmn:StartEvent').sort((one, other) => one.x - other.x)[0];
  if (!whole && scale < LEAST && begins) look(canvas, begins.x + begins.width / 2, begins.y + begins.height / 2, left + 2 * MARGIN);
  else {
    const [x, y] = [left + MARGIN + (width - inner.width * scale) / 2, MARGIN + (height - inner.height * scale) / 2];
    canvas.viewbox({ x: inner.x - x / scale, y: inner.y - y / scale, width: outer.width / scale, height: outer.height / scale });
  }
}

/** How far the palette reaches into the canvas. */
function palette(canvas) {
  const container = canvas.getContainer();
  const box = container.querySelector('.djs-palette.open')?.getBoundingClientRect();
  return box ? box.right - container.getBoundingClientRect().left : 0;
}

/** Bring an element into sight, large enough to be read. */
export function show(viewer, element) {
  const canvas = viewer.get('canvas');
  const point = element.waypoints?.[0];
  if (canvas.zoom() < LEAST) look(canvas, point?.x ?? element.x + element.width / 2, point?.y ?? element.y + element.height / 2);
  else canvas.scrollToElement(element);
}

function look(canvas, x, y, left = null) {
  const { outer } = canvas.viewbox();
  const [width, height] = [outer.width / READABLE, outer.height / READABLE];
  canvas.viewbox({ x: left === null ? x - width / 2 : x - left / READABLE, y: y - height / 2, width, height });
}

/** Buttons to see more or less of it. */
export function zoomButtons(viewer) {
  const canvas = viewer.get('canvas');
  const by = (factor) => () => canvas.zoom(Math.min(4, Math.max(0.1, canvas.zoom() * factor)), 'auto');
  return h('div', { class: 'zoom', role: 'group', 'aria-label': 'Zoom' },
    button('+', by(STEP), { 'aria-label': 'Larger', title: 'Larger' }),
    button('⤢', () => fit(viewer, true), { 'aria-label': 'Show all', title: 'Show all' }),
    button('−', by(1 / STEP), { 'aria-label': 'Smaller', title: 'Smaller' }));
}
