// The properties of events: what they wait for, or what they throw.

import * as fields from './fields.js';
import { extension, setExtension } from './moddle.js';

const TIMERS = [['timeDuration', 'after a while'], ['timeDate', 'at a time'], ['timeCycle', 'again and again']];
const EXAMPLES = { timeDuration: 'PT30M', timeDate: '2027-01-01T08:00:00Z', timeCycle: 'R3/PT1H' };

export function eventFields(editor, element, names) {
  const bo = element.businessObject;
  const parts = (bo.eventDefinitions || []).map((definition) => ofDefinition(editor, element, definition, names)).filter(Boolean);
  if (bo.$type === 'bpmn:ReceiveTask') parts.push(referring(editor, element, bo, 'Message', 'messageRef', 'name', names));
  if (bo.$type === 'bpmn:BoundaryEvent' && bo.eventDefinitions?.some((one) => !['bpmn:ErrorEventDefinition', 'bpmn:CompensateEventDefinition'].includes(one.$type))) {
    parts.push(fields.check('What goes on there ends', bo.cancelActivity !== false, (on) =>
      editor.modeler.get('modeling').updateProperties(element, { cancelActivity: on })));
  }
  return parts;
}

function ofDefinition(editor, element, definition, names) {
  switch (definition.$type) {
    case 'bpmn:TimerEventDefinition': return timer(editor, element, definition, names);
    case 'bpmn:MessageEventDefinition': return referring(editor, element, definition, 'Message', 'messageRef', 'name', names);
    case 'bpmn:SignalEventDefinition': return referring(editor, element, definition, 'Signal', 'signalRef', 'name');
    case 'bpmn:ErrorEventDefinition': return referring(editor, element, definition, 'Error', 'errorRef', 'errorCode');
    case 'bpmn:EscalationEventDefinition': return referring(editor, element, definition, 'Escalation', 'escalationRef', 'escalationCode');
    case 'bpmn:ConditionalEventDefinition': return condition(editor, element, definition, names);
    default: return null;
  }
}

export function expression(editor, parent, body) {
  if (!body) return undefined;
  const made = editor.modeler.get('moddle').create('bpmn:FormalExpression', { body });
  made.$parent = parent;
  return made;
}

function timer(editor, element, definition, names) {
  const modeling = editor.modeler.get('modeling');
  const kind = TIMERS.map(([name]) => name).find((name) => definition.get(name)) || 'timeDuration';
  const set = (chosen, body) => modeling.updateModdleProperties(element, definition, {
    timeDuration: undefined, timeDate: undefined, timeCycle: undefined, [chosen]: expression(editor, definition, body),
  });
  return fields.group('When',
    fields.choice('It happens', kind, TIMERS, (chosen) => { set(chosen, EXAMPLES[chosen]); editor.panel.show(); }),
    fields.text('Time', definition.get(kind)?.body, (body) => set(kind, body), { names, placeholder: EXAMPLES[kind], hint: 'ISO 8601, or an expression that begins with =.' }));
}

function condition(editor, element, definition, names) {
  return fields.group('When', fields.text('Condition', definition.condition?.body, (body) =>
    editor.modeler.get('modeling').updateModdleProperties(element, definition, { condition: expression(editor, definition, body) }), { names }));
}

/** A field for the name or code of what an event refers to; elements of the same name share one. */
function referring(editor, element, holder, type, reference, attribute, names) {
  const { modeler } = editor;
  const all = () => (modeler.getDefinitions().get('rootElements') || []).filter((one) => one.$type === `bpmn:${type}`);
  const label = { Message: 'Message', Signal: 'Signal', Error: 'Error code', Escalation: 'Escalation code' }[type];
  const field = fields.text(label, holder.get(reference)?.get(attribute), (value) => {
    let found = all().find((one) => one.get(attribute) === value);
    if (value && !found) {
      found = modeler.get('bpmnFactory').create(`bpmn:${type}`, { name: value, [attribute]: value });
      found.$parent = modeler.getDefinitions();
      modeler.getDefinitions().get('rootElements').push(found);
    }
    modeler.get('modeling').updateModdleProperties(element, holder, { [reference]: value ? found : undefined });
  }, { options: all().map((one) => one.get(attribute)).filter(Boolean), hint: type === 'Error' && element.type === 'bpmn:BoundaryEvent' ? 'Empty: any error.' : null });
  if (type !== 'Message') return fields.group('What', field);
  const bo = element.businessObject;
  const correlation = fields.text('It is meant where', extension(bo, 'Correlation')?.key,
    (key) => setExtension(modeler, element, 'Correlation', { key }), { names, placeholder: '=order.id', hint: 'What a message has to carry.' });
  return fields.group('What', field, bo.$type.includes('Throw') || bo.$type.includes('End') ? null : correlation);
}
