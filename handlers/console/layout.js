/* global BpmnJS */

// A layout for drawings that have none, such as those written by hand: columns in the order of the flows.

const COLUMN = 160;
const ROW = 120;
const SIZES = { event: [36, 36], gateway: [50, 50], activity: [100, 80] };

/** The same XML; with a layout where it has none. */
export async function withLayout(xml, som) {
  if (/<(\w+:)?BPMNShape\b/.test(xml)) return xml;
  const modeler = new BpmnJS({ moddleExtensions: { som } });
  const moddle = modeler.get('moddle');
  try {
    const { rootElement: definitions } = await moddle.fromXML(xml);
    const process = (definitions.rootElements || []).find((one) => one.$type === 'bpmn:Process' && one.flowElements?.length);
    if (!process) return xml;
    const plane = moddle.create('bpmndi:BPMNPlane', { id: `${process.id}_plane`, bpmnElement: process, planeElement: place(moddle, process) });
    definitions.diagrams = [moddle.create('bpmndi:BPMNDiagram', { id: `${process.id}_diagram`, plane })];
    return (await moddle.toXML(definitions, { format: true })).xml;
  } finally {
    modeler.destroy();
  }
}

const sizeOf = (node) => SIZES[node.$instanceOf('bpmn:Event') ? 'event' : node.$instanceOf('bpmn:Gateway') ? 'gateway' : 'activity'];

function place(moddle, process) {
  const nodes = process.flowElements.filter((one) => one.$instanceOf('bpmn:FlowNode'));
  const flows = process.flowElements.filter((one) => one.$type === 'bpmn:SequenceFlow' && one.sourceRef && one.targetRef);
  const at = positions(nodes, flows);
  const box = (node) => {
    const [width, height] = sizeOf(node);
    const { x, y } = at.get(node);
    return { x: x - width / 2, y: y - height / 2, width, height };
  };
  const shapes = nodes.map((node) => moddle.create('bpmndi:BPMNShape', {
    id: `${node.id}_di`, bpmnElement: node, bounds: moddle.create('dc:Bounds', box(node)),
    ...(node.$type === 'bpmn:SubProcess' ? { isExpanded: false } : {}),
    ...(node.$type === 'bpmn:ExclusiveGateway' ? { isMarkerVisible: true } : {}),
  }));
  let under = Math.max(...nodes.map((node) => at.get(node).y)) + ROW / 2;
  const far = (flow) => Math.abs(at.get(flow.targetRef).x - at.get(flow.sourceRef).x - COLUMN) > COLUMN / 2;
  const edges = flows.map((flow) => {
    if (far(flow)) under += 16;
    const points = way(box(flow.sourceRef), box(flow.targetRef), far(flow) ? under : null);
    return moddle.create('bpmndi:BPMNEdge', {
      id: `${flow.id}_di`, bpmnElement: flow, waypoint: points.map((point) => moddle.create('dc:Point', point)),
    });
  });
  return [...shapes, ...edges];
}

function positions(nodes, flows) {
  const column = new Map();
  const follow = (node, depth, seen) => {
    if (seen.has(node) || (column.get(node) ?? -1) >= depth) return;
    column.set(node, depth);
    const next = flows.filter((flow) => flow.sourceRef === node).map((flow) => flow.targetRef);
    next.forEach((target) => follow(target, depth + 1, new Set([...seen, node])));
  };
  const boundary = (node) => node.$type === 'bpmn:BoundaryEvent';
  nodes.filter((node) => !boundary(node) && !flows.some((flow) => flow.targetRef === node)).forEach((node) => follow(node, 0, new Set()));
  nodes.filter(boundary).forEach((node) => flows.filter((flow) => flow.sourceRef === node).forEach((flow) => follow(flow.targetRef, (column.get(node.attachedToRef) ?? 0) + 1, new Set())));
  const rows = new Map();
  const at = new Map();
  for (const node of nodes.filter((one) => !boundary(one))) {
    const x = column.get(node) ?? 0;
    const y = rows.get(x) ?? 0;
    rows.set(x, y + 1);
    at.set(node, { x: 180 + x * COLUMN, y: 160 + y * ROW });
  }
  for (const node of nodes.filter(boundary)) {
    const host = at.get(node.attachedToRef) || { x: 180, y: 160 };
    at.set(node, { x: host.x + 20, y: host.y + 40 });
  }
  return at;
}

/** The points of a flow; one that passes columns goes below everything, at the height of `under`. */
function way(from, to, under) {
  const start = { x: from.x + from.width, y: from.y + from.height / 2 };
  const end = { x: to.x, y: to.y + to.height / 2 };
  if (under !== null) {
    const [x1, x2] = [from.x + from.width / 2, to.x + to.width / 2];
    return [{ x: x1, y: from.y + from.height }, { x: x1, y: under }, { x: x2, y: under }, { x: x2, y: to.y + to.height }];
  }
  if (start.y === end.y) return [start, end];
  const half = (start.x + end.x) / 2;
  return [start, { x: half, y: start.y }, { x: half, y: end.y }, end];
}
