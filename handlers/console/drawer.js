// Below the canvas: what is wrong, a trial with simulated answers, and the elements as a list.

import * as api from './api.js';
import { button, byId, h, notice, tabList } from './dom.js';
import { keep } from './recipe.js';
import { duration, short, titleOf, typeOf } from './words.js';

const TABS = [['problems', 'Problems'], ['trial', 'Try'], ['outline', 'Outline']];
const PASSED = new Set(['entered', 'caught', 'left', 'started', 'thrown', 'milestone']);
const SHOWN = { started: 'does', entered: 'reaches', caught: 'happens', thrown: 'throws', stuck: 'is stuck', milestone: 'milestone', cancelled: 'cancelled' };

export class Drawer {
  constructor(editor) {
    this.editor = editor;
    this.tab = 'problems';
    this.input = '';
    this.answers = '';
    this.marked = [];
    this.place = byId('drawer');
    this.tabs = {};
    this.pages = {};
    for (const [key, text] of TABS) {
      this.tabs[key] = h('button', { type: 'button', role: 'tab', id: `tab-${key}`, 'aria-controls': `page-${key}`, onclick: () => this.open(key) }, text);
      this.pages[key] = h('div', { role: 'tabpanel', id: `page-${key}`, 'aria-labelledby': `tab-${key}`, class: 'page', tabindex: 0 });
    }
    const fold = button('Fold', () => this.place.classList.toggle('folded'), { class: 'quiet fold', title: 'Fold or unfold' });
    this.place.replaceChildren(h('div', { class: 'tab-bar' }, tabList(...Object.values(this.tabs)), fold), ...Object.values(this.pages));
    this.trialForm();
    this.open('problems');
    this.place.classList.add('folded');
  }

  open(key) {
    this.tab = key;
    this.place.classList.remove('folded');
    for (const [name] of TABS) {
      this.tabs[name].setAttribute('aria-selected', String(name === key));
      this.tabs[name].tabIndex = name === key ? 0 : -1;
      this.pages[name].hidden = name !== key;
    }
    if (key === 'outline') this.outline();
  }

  // Problems

  problems(found) {
    const { modeler } = this.editor;
    const overlays = modeler.get('overlays');
    const wrong = found.problem.filter((one) => one.severity !== 'remark');
    this.tabs.problems.textContent = wrong.length ? `Problems (${wrong.length})` : 'Problems';
    this.tabs.problems.classList.toggle('bad', Boolean(wrong.length));
    const verdict = found.publishable ? 'Nothing stands against publishing it.' : found.tryable ? 'It can be tried, not published yet.' : 'It can be neither tried nor published yet.';
    this.pages.problems.replaceChildren(
      h('p', { class: `verdict ${found.publishable ? 'good' : 'bad'}`, text: verdict }),
      h('ul', { class: 'problems' }, ...found.problem.map((one) => this.problem(one))));
    overlays.remove({ type: 'problem' });
    for (const id of new Set(wrong.map((one) => one.element))) {
      const element = this.editor.element(id);
      if (!element) continue;
      const reasons = wrong.filter((one) => one.element === id).map((one) => one.reason).join('\n');
      const mark = h('div', { class: 'problem-mark', text: '!', title: reasons });
      const at = element.waypoints ? middle(element.waypoints) : { top: -9, right: 9 };
      overlays.add(id, 'problem', { position: at, html: mark });
    }
  }

  problem(one) {
    const element = this.editor.element(one.element);
    const name = element ? titleOf(element) : one.name || one.element;
    return h('li', { class: one.severity },
      h('span', { class: 'severity', text: one.severity }),
      element ? button(name, () => this.editor.select(element), { class: 'link' }) : h('span', { text: name }),
      h('span', { text: ` ${one.reason}` }));
  }

  // Trial

  openTrial() {
    this.open('trial');
    this.trial();
  }

  trialForm() {
    const areas = [['input', 'Begins with (JSON)', '{"size": 10}'], ['answers', 'Answers by element (JSON)', '{"Build it": {"error": "busy"}}']];
    this.result = h('div', { class: 'result' });
    this.pages.trial.replaceChildren(h('div', { class: 'trial' },
      h('form', { class: 'trial-form', onsubmit: (event) => { event.preventDefault(); this.trial(); } },
        ...areas.flatMap(([name, label, placeholder]) => [
          h('label', { for: `trial-${name}`, text: label }),
          h('textarea', { id: `trial-${name}`, rows: 3, class: 'code', spellcheck: 'false', placeholder, oninput: (event) => { this[name] = event.target.value; } }),
        ]),
        h('div', { class: 'buttons' }, h('button', { class: 'primary', id: 'run-trial', text: 'Run' }),
          button('Keep as test case', () => this.keepCase(), { id: 'keep-case' }))),
      this.result));
  }

  case() {
    const made = {};
    for (const part of ['input', 'answers']) if (this[part].trim()) made[part] = JSON.parse(this[part]);
    return made;
  }

  async trial() {
    const asked = (this.asked = Symbol('trial'));
    this.clearPath();
    this.result.replaceChildren(h('p', { class: 'dim', text: 'Running …' }));
    let found;
    try {
      const tried = this.case();
      found = await api.tryOut({ ...(await this.editor.content()), case: tried });
      if (asked !== this.asked) return; // another one was asked for meanwhile
    } catch (error) {
      if (asked !== this.asked) return;
      this.result.replaceChildren(h('p', { class: 'verdict bad', text: error instanceof SyntaxError ? `This is no JSON: ${error.message}` : error.message }));
      return;
    }
    const [trial] = found.trial;
    this.last = trial;
    if (!trial) {
      this.result.replaceChildren(h('p', { class: 'verdict bad', text: 'It cannot be tried yet; the problems say why.' }));
      return;
    }
    this.colour(trial);
    const good = ['completed', 'terminated'].includes(trial.status);
    const does = new Set(trial.step.filter((one) => ['started', 'caught', 'stuck'].includes(one.what)).map((one) => one.element));
    const reached = new Set(trial.step.filter((one) => one.what === 'entered').map((one) => one.element));
    const steps = trial.step.filter((one) => one.what in SHOWN
      && !(one.what === 'entered' && does.has(one.element)) && !(one.what === 'thrown' && reached.has(one.element)));
    this.result.replaceChildren(
      h('p', { class: `verdict ${good ? 'good' : 'bad'}`, id: 'trial-status' }, `${trial.status}${trial.seconds ? ` after ${duration(trial.seconds)}` : ''}. `, trial.reason || ''),
      ...(trial.difference || []).map((text) => h('p', { class: 'verdict bad', text })),
      h('table', {}, h('thead', {}, h('tr', {}, ...['After', 'What', 'Element', 'Data'].map((text) => h('th', { scope: 'col', text })))),
        h('tbody', {}, ...steps.map((one) => h('tr', {},
          h('td', { class: 'dim', text: duration((Date.parse(one.at) - Date.parse(trial.step[0].at)) / 1000) || 'at once' }),
          h('td', { class: 'dim', text: SHOWN[one.what] }),
          h('td', {}, this.named(one)),
          h('td', {}, one.data && Object.keys(one.data).length ? h('code', { text: short(one.data) }) : ''))))),
      h('p', { class: 'label', text: 'Variables at the end' }), h('pre', { text: JSON.stringify(trial.data, null, 2) }),
      Object.keys(trial.assumed).length ? h('p', { class: 'dim', text: `Assumed, as nothing was given: ${short(trial.assumed)}` }) : '');
  }

  named(step) {
    const element = this.editor.element(step.element);
    return element ? button(titleOf(element), () => this.editor.select(element), { class: 'link' }) : step.name || step.element;
  }

  colour(trial) {
    const canvas = this.editor.modeler.get('canvas');
    const mark = (id, marker) => {
      if (!this.editor.element(id)) return;
      canvas.addMarker(id, marker);
      this.marked.push([id, marker]);
    };
    for (const one of trial.step) {
      if (PASSED.has(one.what)) mark(one.element, 'passed');
      else if (one.what === 'taken') mark(one.element, 'taken');
      else if (one.what === 'stuck') mark(one.element, 'stuck');
    }
  }

  clearPath() {
    const canvas = this.editor.modeler.get('canvas');
    for (const [id, marker] of this.marked) if (this.editor.element(id)) canvas.removeMarker(id, marker);
    this.marked = [];
  }

  keepCase() {
    if (!this.last) {
      notice('Run it first: what comes of it is what the test case expects.');
      return;
    }
    const path = this.last.step.filter((one) => ['started', 'caught'].includes(one.what)).map((one) => one.element);
    const known = this.editor.recipe.testCase || [];
    const name = `case ${known.length + 1}`;
    keep(this.editor, 'testCase', null, { name, ...this.case(), expect: { status: this.last.status, ...(path.length ? { path } : {}) } });
    this.editor.panel.show();
    notice(`Kept as ${name}.`);
  }

  // Outline

  outline() {
    if (this.tab !== 'outline') return;
    const elements = order(this.editor.modeler);
    const passed = new Set(this.marked.filter(([, marker]) => marker === 'passed').map(([id]) => id));
    this.pages.outline.replaceChildren(h('ul', { class: 'outline' }, ...elements.map((element) => h('li', {},
      passed.has(element.id) ? h('span', { class: 'good', text: 'passed ' }) : null,
      button(titleOf(element), () => this.editor.select(element), { class: 'link' }),
      h('span', { class: 'dim', text: ` ${element.businessObject.name ? typeOf(element) : ''}${next(element)}` })))));
  }
}

function next(element) {
  const targets = (element.businessObject.outgoing || []).map((flow) => titleOf(flow.targetRef));
  return targets.length ? ` → ${targets.join(', ')}` : '';
}

const middle = (points) => {
  const at = Math.floor((points.length - 1) / 2);
  const [one, other] = [points[at], points[at + 1]];
  const left = Math.min(...points.map((point) => point.x));
  const top = Math.min(...points.map((point) => point.y));
  return { left: (one.x + other.x) / 2 - left - 8, top: (one.y + other.y) / 2 - top - 8 };
};

/** The elements in the order in which paths reach them. */
export function order(modeler) {
  const nodes = modeler.get('elementRegistry').filter((element) => element.type !== 'label' && element.businessObject.$instanceOf('bpmn:FlowNode'));
  const found = new Set();
  const visit = (element) => {
    if (found.has(element)) return;
    found.add(element);
    (element.attachers || []).forEach(visit);
    (element.children || []).filter((inside) => inside.type === 'bpmn:StartEvent').forEach(visit);
    (element.outgoing || []).filter((flow) => flow.type === 'bpmn:SequenceFlow').forEach((flow) => visit(flow.target));
  };
  nodes.filter((element) => element.type === 'bpmn:StartEvent' && element.parent?.type !== 'bpmn:SubProcess').forEach(visit);
  nodes.forEach(visit);
  return [...found].filter((element) => nodes.includes(element));
}
