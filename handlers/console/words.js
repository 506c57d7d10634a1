// What things are called.

import { h } from './dom.js';

const STATES = { draft: 'Draft', inReview: 'In review', published: 'Published', retired: 'Retired' };

export const stateMark = (state) => h('span', { class: `state ${state}`, text: STATES[state] || state });

/** What people know an element of the drawing by. */
export function titleOf(element) {
  const bo = element.businessObject || element;
  return (bo.name || '').replace(/\s+/g, ' ').trim() || `${typeOf(element)} ${bo.id}`;
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

export const short = (value) => {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text && text.length > 90 ? `${text.slice(0, 89)}…` : text || '';
};
