// What our extension elements are, for bpmn-js; docs/reference/recipes.md describes them.

const attributes = (...names) => names.map((name) => ({ name, isAttr: true, type: 'String' }));
const body = { name: 'text', isBody: true, type: 'String' };
const type = (name, ...properties) => ({ name, superClass: ['Element'], properties });

export const som = {
  name: 'Recipes',
  uri: 'urn:som:recipe:1',
  prefix: 'som',
  xml: { tagAlias: 'lowerCase' },
  types: [
    type('Task', ...attributes('specification', 'action', 'fulfiller', 'type', 'form', 'queue', 'assignee', 'groups', 'deadline', 'retry', 'compensation')),
    type('Input', ...attributes('name', 'value'), body),
    type('Output', ...attributes('name', 'value'), body),
    type('InputSchema', body),
    type('OutputSchema', body),
    type('Decision', ...attributes('ref', 'result')),
    type('Call', ...attributes('recipe', 'versions', 'passes', 'returns')),
    type('Script', ...attributes('expression', 'result')),
    type('Loop', ...attributes('collection', 'element', 'collected', 'result')),
    type('Correlation', ...attributes('key')),
    type('Milestone', ...attributes('name')),
  ],
};

// Kept by themselves: bpmn-js writes prefixes into the names of what it is given.
const NAMES = Object.fromEntries(som.types.map((one) => [one.name, one.properties.map((property) => property.name)]));

/** The first extension element of a type, or undefined. */
export const extension = (bo, name) => extensions(bo, name)[0];

/** All extension elements of a type. */
export const extensions = (bo, name) => (bo.extensionElements?.values || []).filter((one) => one.$type === `som:${name}`);

/** Put these extension elements of a type in the place of those that are there, as one step that can be undone. */
export function setExtensions(modeler, element, name, entries, bo = element.businessObject) {
  const moddle = modeler.get('moddle');
  const others = (bo.extensionElements?.values || []).filter((one) => one.$type !== `som:${name}`);
  const made = entries.map((entry) => moddle.create(`som:${name}`, entry));
  const values = [...others, ...made];
  const holder = values.length ? moddle.create('bpmn:ExtensionElements', { values }) : undefined;
  if (holder) {
    holder.$parent = bo;
    values.forEach((one) => { one.$parent = holder; });
  }
  modeler.get('modeling').updateModdleProperties(element, bo, { extensionElements: holder });
}

/** Set attributes of the one extension element of a type; it goes when nothing is left of it. */
export function setExtension(modeler, element, name, changes, bo = element.businessObject) {
  const present = extension(bo, name);
  const entry = {};
  for (const key of NAMES[name]) {
    const value = key in changes ? changes[key] : present?.get(key);
    if (value !== undefined && value !== '') entry[key] = value;
  }
  setExtensions(modeler, element, name, Object.keys(entry).length ? [entry] : [], bo);
}

/** The drawing that a new recipe begins with; what is no name of a recipe is refused with it. */
export const empty = (name) => `<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:som="urn:som:recipe:1" id="Definitions_1" targetNamespace="urn:som:recipes">
  <bpmn:process id="Process_1" name="${name}" isExecutable="true">
    <bpmn:startEvent id="Start" />
  </bpmn:process>
  <bpmndi:BPMNDiagram id="Diagram_1">
    <bpmndi:BPMNPlane id="Plane_1" bpmnElement="Process_1">
      <bpmndi:BPMNShape id="Start_di" bpmnElement="Start"><dc:Bounds x="160" y="180" width="36" height="36" /></bpmndi:BPMNShape>
    </bpmndi:BPMNPlane>
  </bpmndi:BPMNDiagram>
</bpmn:definitions>
`;
