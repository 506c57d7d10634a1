// Drawing by keyboard: elements are gone through, added, joined and named without a pointer.

import { button, byId, dialog, h, notice } from './dom.js';
import { order } from './drawer.js';
import { KINDS } from './kinds.js';
import { titleOf, typeOf } from './words.js';

const GAP = 50;
const KEYS = [
  ['A', 'add an element after the one that is selected, or into the selected flow'], ['C', 'connect the selected element with another one'],
  ['E or Enter', 'name the selected element'], ['] and [', 'next and previous element'], ['Arrows', 'move the selected element'],
  ['Delete', 'remove it'], ['P', 'go to its properties'], ['Ctrl+Z, Ctrl+Y', 'undo, redo'], ['Ctrl+S', 'save'], ['Escape', 'back to the canvas'], ['T', 'try'], ['X, Y', 'as XML, as YAML; Escape goes back to the drawing'],
];

export function addKeys(editor) {
  const { modeler } = editor;
  const canvas = byId('canvas');
  const selected = () => modeler.get('selection').get().filter((element) => element.type !== 'label');
  const acts = {
    a: () => add(editor, selected()[0]),
    c: () => connect(editor, selected()[0]),
    e: () => selected()[0] && modeler.get('directEditing').activate(selected()[0]),
    Enter: () => acts.e(),
    ']': () => go(editor, 1),
    '[': () => go(editor, -1),
    p: () => byId('panel').querySelector('input, textarea, select, button')?.focus(),
    t: () => editor.drawer.openTrial(),
    x: () => editor.text.show('xml'),
    y: () => editor.text.show('yaml'),
    '?': () => help(),
  };
  document.addEventListener('keydown', (pressed) => {
    if (document.querySelector('dialog[open]')) return;
    const typing = pressed.target.closest?.('input, textarea, select, [contenteditable="true"]');
    if ((pressed.ctrlKey || pressed.metaKey) && pressed.key.toLowerCase() === 's') {
      pressed.preventDefault();
      const at = document.activeElement;
      at.blur?.(); // what is being typed counts, and is gone on with
      if (at.matches('input, textarea, select')) at.focus({ preventScroll: true });
      editor.save();
    } else if (pressed.key === 'Escape' && pressed.target === byId('text')) editor.text.show('drawing');
    else if (pressed.key === 'Escape' && byId('panel').contains(pressed.target)) canvas.querySelector('svg')?.focus();
    else if (!typing && !pressed.ctrlKey && !pressed.metaKey && !pressed.altKey && acts[pressed.key] && !(pressed.key === 'Enter' && pressed.target.closest('button, a'))) {
      if (!editor.text.isDrawing) return;
      pressed.preventDefault();
      acts[pressed.key]();
    }
  }, { signal: editor.listen.signal });
}

function go(editor, by) {
  const all = order(editor.modeler);
  const at = all.indexOf(editor.modeler.get('selection').get()[0]);
  const next = all[(at + by + all.length + (at < 0 && by < 0 ? 1 : 0)) % all.length];
  if (next) {
    editor.select(next);
    notice(`${titleOf(next)}, ${typeOf(next).toLowerCase()}`);
  }
}

/** Choose one of a list by typing a part of it, and Enter. */
function choose(heading, entries) {
  return dialog(heading, (close) => {
    let at = 0;
    let shown = entries;
    const list = h('ul', { class: 'choices', role: 'listbox', id: 'choices' });
    const draw = (text) => {
      const wanted = text.toLowerCase();
      const rank = ([words]) => (words.toLowerCase().startsWith(wanted) ? 0 : words.toLowerCase().includes(` ${wanted}`) ? 1 : 2);
      shown = entries.filter(([words]) => words.toLowerCase().includes(wanted)).sort((one, other) => rank(one) - rank(other));
      at = 0;
      mark();
    };
    const mark = () => {
      list.replaceChildren(...shown.map(([words, value], index) => h('li', {
        role: 'option', 'aria-selected': String(index === at), text: words, onclick: () => close(value),
      })));
      list.children[at]?.scrollIntoView({ block: 'nearest' });
    };
    const search = h('input', {
      'aria-label': heading, 'aria-controls': 'choices', autofocus: true, autocomplete: 'off', oninput: (given) => draw(given.target.value),
      onkeydown: (pressed) => {
        if (pressed.key === 'ArrowDown' || pressed.key === 'ArrowUp') {
          at = shown.length ? (at + (pressed.key === 'ArrowDown' ? 1 : shown.length - 1)) % shown.length : 0;
          mark();
        } else if (pressed.key === 'Enter') {
          if (shown[at]) close(shown[at][1]);
        } else return;
        pressed.preventDefault();
      },
    });
    draw('');
    return [search, list];
  });
}

async function add(editor, source) {
  const { modeler } = editor;
  const isActivity = source?.businessObject.$instanceOf('bpmn:Activity');
  const isFlow = source?.type === 'bpmn:SequenceFlow';
  const kinds = KINDS.filter((kind) => (kind.attach ? isActivity : !isFlow || !/^bpmn:(Start|End)Event$/.test(kind.type)));
  const where = isFlow ? `Insert between ${titleOf(source.source)} and ${titleOf(source.target)}` : source ? `Add after ${titleOf(source)}` : 'Add';
  const kind = await choose(where, kinds.map((one) => [one.words, one]));
  if (!kind) return;
  const { words, attach, starts, ...attributes } = kind;
  const made = modeler.get('elementFactory').createShape(attributes);
  const modeling = modeler.get('modeling');
  let shape;
  const grown = scopes(source).map((scope) => [scope, scope.x + scope.width]);
  if (attach) shape = modeling.createShape(made, boundaryPlace(source), source, { attach: true });
  else if (isFlow) shape = insert(modeler, source, made);
  else if (kind.triggeredByEvent) shape = modeling.createShape(made, below(modeler, source), source?.parent || modeler.get('canvas').getRootElement());
  else if (source && source.businessObject.$instanceOf('bpmn:FlowNode') && source.type !== 'bpmn:EndEvent' && kind.type !== 'bpmn:StartEvent') {
    shape = modeler.get('autoPlace').append(source, made);
  } else {
    const { x, y, width, height } = modeler.get('canvas').viewbox();
    shape = modeling.createShape(made, { x: x + width / 2, y: y + height / 2 }, modeler.get('canvas').getRootElement());
  }
  if (kind.starts) beginning(modeler, shape, kind.starts);
  for (const [scope, right] of grown) giveWay(modeler, scope, right);
  editor.select(shape);
  byId('canvas').querySelector('svg')?.focus();
}

/** The sub-processes that an element is in, from the innermost. */
function scopes(element) {
  const scope = element?.parent;
  return scope?.type === 'bpmn:SubProcess' ? [scope, ...scopes(scope)] : [];
}

/** What stands to the right of a sub-process goes on where that has grown towards it. */
function giveWay(modeler, scope, right) {
  const by = scope.x + scope.width - right;
  const beside = scope.parent.children.filter((one) => !one.waypoints && !one.host && one.type !== 'label' && one.x >= right - 1);
  if (by > 0 && beside.length) modeler.get('modeling').moveElements(beside, { x: by, y: 0 });
}

/** What a sub-process begins with; more is added after it. */
function beginning(modeler, shape, attributes) {
  const start = modeler.get('elementFactory').createShape(attributes);
  modeler.get('modeling').createShape(start, { x: shape.x + 60, y: shape.y + shape.height / 2 }, shape);
}

/** A place under all that is drawn beside an element, for what no flow leads to. */
function below(modeler, beside) {
  const all = (beside?.parent || modeler.get('canvas').getRootElement()).children.filter((one) => !one.waypoints);
  const left = Math.min(...all.map((one) => one.x), Infinity);
  const under = Math.max(...all.map((one) => one.y + one.height), -Infinity);
  return Number.isFinite(left) ? { x: left + 175, y: under + GAP + 100 } : { x: 300, y: 300 };
}

/** Put an element into a flow, and make room for it: what stands to the right of its place moves on. */
function insert(modeler, flow, made) {
  const modeling = modeler.get('modeling');
  const { source, target } = flow;
  const gap = target.x - source.x - source.width;
  const needed = made.width + 2 * GAP;
  if (gap >= 0 && gap < needed) {
    const room = modeler.get('spaceTool');
    const start = target.x - 1;
    const { movingShapes, resizingShapes } = room.calculateAdjustments(target.parent.children, 'x', needed - gap, start);
    room.makeSpace(movingShapes, resizingShapes, { x: needed - gap, y: 0 }, 'e', start);
  }
  const y = (source.y + source.height / 2 + target.y + target.height / 2) / 2;
  return modeling.createShape(made, { x: gap >= 0 ? source.x + source.width + GAP + made.width / 2 : (source.x + target.x) / 2, y }, flow);
}

function boundaryPlace(host) {
  const taken = (host.attachers || []).length;
  return { x: host.x + host.width - 24 - taken * 42, y: host.y + host.height };
}

async function connect(editor, source) {
  if (!source?.businessObject.$instanceOf('bpmn:FlowNode')) {
    notice('Select an element first.');
    return;
  }
  const rules = editor.modeler.get('rules');
  const targets = order(editor.modeler).filter((target) => target !== source && rules.allowed('connection.create', { source, target }));
  const target = await choose(`Connect ${titleOf(source)} with`, targets.map((one) => [`${titleOf(one)} (${typeOf(one).toLowerCase()})`, one]));
  if (!target) return;
  const modeling = editor.modeler.get('modeling');
  const flow = modeling.connect(source, target);
  const around = over(editor.modeler, source, target);
  if (around) modeling.updateWaypoints(flow, around);
  editor.select(flow);
  byId('canvas').querySelector('svg')?.focus();
}

/** A way over the elements that stand between two others side by side; null where there are none. */
function over(modeler, source, target) {
  const right = source.x + source.width;
  const level = source.y + source.height / 2;
  const between = modeler.get('elementRegistry').filter((one) => one.parent === source.parent && !one.waypoints && one.type !== 'label'
    && one.x < target.x && one.x + one.width > right && one.y < level && one.y + one.height > level && one !== source);
  if (!between.length || Math.abs(target.y + target.height / 2 - level) > source.height) return null;
  const y = Math.min(source.y, target.y, ...between.map((one) => one.y)) - 30;
  const [x1, x2] = [source, target].map((one) => one.x + one.width / 2);
  return [{ x: x1, y: source.y }, { x: x1, y }, { x: x2, y }, { x: x2, y: target.y }];
}

function help() {
  return dialog('Keys', (close) => [
    h('dl', { class: 'keys' }, ...KEYS.flatMap(([key, text]) => [h('dt', {}, h('kbd', { text: key })), h('dd', { text })])),
    h('div', { class: 'buttons' }, button('Close', () => close(null), { autofocus: true })),
  ]);
}
