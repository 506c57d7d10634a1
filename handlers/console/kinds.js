// The kinds of elements that can be added by keyboard; the palette and the pads of the modeler have the same for pointers.

const event = (type, definition, words, attributes = {}) =>
  ({ type: `bpmn:${type}`, eventDefinitionType: definition && `bpmn:${definition}EventDefinition`, words, ...attributes });
const attached = (definition, words) => event('BoundaryEvent', definition, `At the task: ${words}`, { attach: true });
const start = (definition) => event('StartEvent', definition, '');
const plain = { type: 'bpmn:StartEvent' };
const group = (words, attributes = {}) => ({ type: 'bpmn:SubProcess', isExpanded: true, starts: plain, words, ...attributes });
const inEvent = (definition, words) =>
  group(`Event sub-process: ${words}`, { triggeredByEvent: true, starts: (({ words: _, ...rest }) => rest)(start(definition)) });

export const KINDS = [
  { type: 'bpmn:ServiceTask', words: 'Service task: work for a fulfiller' },
  { type: 'bpmn:UserTask', words: 'User task: work for a person' },
  { type: 'bpmn:BusinessRuleTask', words: 'Rule task: a decision table' },
  { type: 'bpmn:CallActivity', words: 'Call: another recipe' },
  { type: 'bpmn:ScriptTask', words: 'Script task: an expression' },
  { type: 'bpmn:SendTask', words: 'Send task' },
  { type: 'bpmn:ReceiveTask', words: 'Receive task: wait for a message' },
  group('Sub-process'),
  { type: 'bpmn:ExclusiveGateway', words: 'Exclusive gateway: one way' },
  { type: 'bpmn:ParallelGateway', words: 'Parallel gateway: all ways' },
  { type: 'bpmn:InclusiveGateway', words: 'Inclusive gateway: every way that holds' },
  { type: 'bpmn:EventBasedGateway', words: 'Event-based gateway: what comes first' },
  event('IntermediateCatchEvent', 'Timer', 'Timer: wait for a time'),
  event('IntermediateCatchEvent', 'Message', 'Message: wait for one'),
  event('IntermediateCatchEvent', 'Signal', 'Signal: wait for one'),
  event('IntermediateThrowEvent', null, 'Intermediate event: a milestone'),
  event('IntermediateThrowEvent', 'Message', 'Throw: message'),
  event('IntermediateThrowEvent', 'Signal', 'Throw: signal'),
  event('IntermediateThrowEvent', 'Escalation', 'Throw: escalation'),
  event('IntermediateThrowEvent', 'Compensate', 'Throw: compensation, what was done is undone'),
  attached('Error', 'error'),
  attached('Timer', 'timer'),
  attached('Escalation', 'escalation'),
  attached('Message', 'message'),
  attached('Signal', 'signal'),
  attached('Compensate', 'compensation, connect it with what undoes the task'),
  event('EndEvent', null, 'End'),
  event('EndEvent', 'Error', 'End: error'),
  event('EndEvent', 'Escalation', 'End: escalation'),
  event('EndEvent', 'Message', 'End: message'),
  event('EndEvent', 'Signal', 'End: signal'),
  event('EndEvent', 'Compensate', 'End: compensation'),
  event('EndEvent', 'Terminate', 'End: everything'),
  { ...plain, words: 'Start' },
  inEvent('Error', 'on an error'),
  inEvent('Timer', 'on a time'),
  inEvent('Message', 'on a message'),
  inEvent('Signal', 'on a signal'),
  inEvent('Escalation', 'on an escalation'),
];
