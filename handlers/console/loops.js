// How often an activity is done: once, for each element of a list, so many times, or while a condition holds.

import { expression } from './events.js';
import * as fields from './fields.js';
import { extension, setExtension } from './moddle.js';

const TIMES = [['', 'once'], ['parallel', 'several times at once'], ['sequential', 'several times, one after another'], ['standard', 'again, while a condition holds']];
const TYPES = { standard: 'bpmn:StandardLoopCharacteristics' };
const SEVERAL = 'bpmn:MultiInstanceLoopCharacteristics';

export function timesFields(editor, element, names) {
  const loop = element.businessObject.loopCharacteristics;
  const present = !loop ? '' : loop.$type === TYPES.standard ? 'standard' : loop.isSequential ? 'sequential' : 'parallel';
  const choice = fields.choice('It is done', present, TIMES, (chosen) => {
    editor.modeler.get('modeling').updateProperties(element, { loopCharacteristics: chosen ? made(editor, element, chosen) : undefined });
    editor.panel.show();
  });
  const more = !loop ? [] : present === 'standard' ? again(editor, element, loop, names) : several(editor, element, loop, names);
  return fields.group('How often', choice, ...more);
}

/** A loop of another kind; one after another or all at once, the rest stays as it is. */
function made(editor, element, chosen) {
  const { businessObject: bo } = element;
  const type = TYPES[chosen] || SEVERAL;
  const loop = editor.modeler.get('moddle').create(type, chosen === 'standard' ? {} : { isSequential: chosen === 'sequential' });
  loop.$parent = bo;
  const before = bo.loopCharacteristics;
  if (before?.$type === type) {
    for (const name of ['extensionElements', 'loopCardinality', 'completionCondition']) if (before.get(name)) loop.set(name, before.get(name));
  }
  return loop;
}

function several(editor, element, loop, names) {
  const field = (name, label, options) => fields.text(label, extension(loop, 'Loop')?.get(name),
    (value) => setExtension(editor.modeler, element, 'Loop', { [name]: value }, loop), options);
  return [
    field('collection', 'For each of', { names, placeholder: '=list' }), field('element', 'Which is called', { placeholder: 'variable' }),
    formal(editor, element, loop, 'loopCardinality', 'Or so many times', { names, placeholder: '=3' }),
    field('result', 'Each adds', { names, placeholder: '=output.name' }), field('collected', 'To the list', { placeholder: 'variable' }),
    formal(editor, element, loop, 'completionCondition', 'Enough when', { names }),
  ];
}

function again(editor, element, loop, names) {
  const set = (change) => editor.modeler.get('modeling').updateModdleProperties(element, loop, change);
  return [
    formal(editor, element, loop, 'loopCondition', 'While', { names, placeholder: 'tries < 3' }),
    fields.check('Looked at before the first time, too', loop.testBefore, (on) => set({ testBefore: on })),
    fields.text('At most', loop.get('loopMaximum'), (value) => set({ loopMaximum: value ? Number(value) : undefined }), { placeholder: 'times' }),
  ];
}

const formal = (editor, element, loop, name, label, options) => fields.text(label, loop.get(name)?.body, (body) =>
  editor.modeler.get('modeling').updateModdleProperties(element, loop, { [name]: expression(editor, loop, body) }), options);
