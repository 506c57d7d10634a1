// What things are called.

import { h } from './dom.js';

const STATES = { draft: 'Draft', inReview: 'In review', published: 'Published', retired: 'Retired' };

export const stateMark = (state) => h('span', { class: `state ${state}`, text: STATES[state] || state });

/** What people know an element of the drawing by. */
export function titleOf(element) {
  const bo = element.businessObject || element;
  const name = (bo.name || '').replace(/\s+/g, ' ').trim();
  return name || (bo.$type === 'bpmn:SequenceFlow' && bo.targetRef ? `Way to ${titleOf(bo.targetRef)}` : `${typeOf(element)} ${bo.id}`);
}

/** What kind of element it is, in words. */
export function typeOf(element) {
  const bo = element.businessObject || element;
  const events = (bo.eventDefinitions || []).map((one) => one.$type.replace(/^bpmn:|EventDefinition$/g, '').toLowerCase());
  const plain = bo.$type.replace('bpmn:', '').replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  const text = events.length ? `${plain} (${events.join(', ')})` : plain;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A length of time in words; empty for none. */
export function duration(seconds) {
  const units = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
  let left = Math.round(seconds);
  return units.map(([size, unit]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return count ? `${count} ${unit}` : '';
  }).filter(Boolean).join(' ');
}

export const RUN_STATES = { running: 'Running', completed: 'Completed', terminated: 'Terminated', failed: 'Failed', cancelled: 'Cancelled' };

/** How a run stands; one that cannot go on by itself is held, whatever its status. */
export function runMark(run) {
  const isHeld = run.held;
  return h('span', { class: `state ${isHeld ? 'held' : run.status}`, text: isHeld && run.status === 'running' ? 'Held' : isHeld ? `${RUN_STATES[run.status]}, held` : RUN_STATES[run.status] });
}

export const VISIT_STATES = { passed: 'passed', active: 'active', held: 'held', failed: 'failed', calledOff: 'called off' };
export const SIGNS = { passed: '✓', active: '•', held: '!', failed: '×', calledOff: '–' };

/** A moment as people here write it; empty for none. */
export const moment = (text) => (text ? new Date(text).toLocaleString() : '');

/** The time of a moment, with its day where that is not today. */
export function clock(text) {
  if (!text) return '';
  const at = new Date(text);
  return at.toDateString() === new Date().toDateString() ? at.toLocaleTimeString() : at.toLocaleString();
}

/** How long it is between two moments, in words; empty where one is not known. */
export function spent(from, to) {
  if (!from || !to) return '';
  const seconds = (Date.parse(to) - Date.parse(from)) / 1000;
  return seconds <= 0 ? '' : seconds < 1 ? `${Math.round(seconds * 1000)} ms` : seconds < 10 ? `${seconds.toFixed(1)} s` : duration(seconds);
}

export const short = (value) => {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text && text.length > 90 ? `${text.slice(0, 89)}…` : text || '';
};
