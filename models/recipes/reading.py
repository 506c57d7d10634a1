"""From a BPMN 2.0 file to a recipe; what cannot be read becomes a problem of its element."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from xml.etree.ElementTree import Element

from models import safe_xml
from models.domain.errors import SomError
from models.domain.recipes.model import Flow, Node, Process, Recipe
from models.recipes import leftovers
from models.recipes.camunda8 import zeebe_forms
from models.recipes.data import data_name
from models.recipes.elements import BPMN, child, children, is_true, local, named, own, text_of
from models.recipes.nodes import PROCESSES, TASKS, Ways, is_node, read_node
from models.recipes.reader import Reader

MAX_NODES = 2_000
"""Flow nodes of one file."""

MAX_FLOWS = 10_000
"""Sequence flows of one file."""

_OBJECTS = ("dataObject", "dataObjectReference", "dataStoreReference", "property", "dataInput", "dataOutput")


class InvalidRecipe(SomError):
    """This is no BPMN file that a recipe can be read from."""

    code = "invalidRecipe"


def read_recipe(source: bytes | str, *, process: str | None = None) -> Recipe:
    """Read a BPMN file.

    Args:
        source: the file; a text is taken to be decoded already.
        process: which process is to be run; without, the one that says it can be executed, else the first with a
            content that no other calls.

    Raises:
        InvalidRecipe: it is no XML that is read here, no BPMN, has no process with a content, or not the one asked for.
    """
    try:
        root = safe_xml.parse(source)
    except safe_xml.InvalidXml as error:
        raise InvalidRecipe(str(error)) from None
    if root.tag != f"{BPMN}definitions":
        raise InvalidRecipe(f"Its root is {local(root)}, not the definitions of BPMN 2.0.")
    if sum(map(is_node, root.iter())) > MAX_NODES:
        raise InvalidRecipe(f"It has more than {MAX_NODES} flow nodes.")
    if sum(1 for _ in root.iter(f"{BPMN}sequenceFlow")) > MAX_FLOWS:
        raise InvalidRecipe(f"It has more than {MAX_FLOWS} sequence flows.")
    reader = Reader.of(root)
    processes = _processes(reader)
    for element in root.iter():
        if local(element) in ("choreography", "globalChoreographyTask") and element.tag == BPMN + local(element):
            reader.problem(element, "unsupported", "refused", "Choreographies are not run.")
    if not any(found.nodes for found in processes.values()):
        reasons = (str(problem) for found in processes.values() for problem in found.problems)
        raise InvalidRecipe(next(reasons, "It has no process with anything in it."))
    recipe = Recipe("", processes, tuple(reader.problems))
    if process is not None and process not in processes:
        raise InvalidRecipe(f"It has no process {process!r}; it has {', '.join(processes)}.")
    return recipe.of(process or _main(recipe))


def _main(recipe: Recipe) -> str:
    executable = [key for key in recipe.runnable if recipe.processes[key].executable]
    return (executable or list(recipe.runnable))[0]


def _processes(reader: Reader) -> dict[str, Process]:
    """Read every process; a global task is a process of that one task."""
    pools = {one.get("processRef", "").rpartition(":")[2]: named(one) for one in reader.root.iter(f"{BPMN}participant")}
    found: dict[str, Process] = {}
    for element in reader.root:
        identity, before = element.get("id", ""), len(reader.problems)
        if not identity and element.tag == f"{BPMN}process":
            raise InvalidRecipe(f"The process {named(element)!r} has no id.")
        if element.tag == f"{BPMN}process":
            process = _process(reader, element, pools.get(identity, ""))
        elif local(element).startswith("global") and local(element) in TASKS:
            node = read_node(reader, element, identity, Ways({}, {}), {})
            process = Process(identity, named(element), {node.id: node}, {})
        else:
            continue
        own_problems = tuple(reader.problems[before:])
        del reader.problems[before:]
        found[process.id] = replace(process, problems=own_problems)
    return found


def _process(reader: Reader, element: Element, pool: str) -> Process:
    flows = {flow.id: flow for flow in _flows(reader, element)}
    ways = _ways(flows)
    forms = zeebe_forms(element)
    leftovers.tell(reader, element)
    _twice(reader, element)
    nodes = {node.id: node for node in _nodes(reader, element, element.get("id", ""), ways, forms)}
    _undoing(element, nodes)
    lanes = dict(_lanes(element))
    for lane, members in lanes.items():
        for member in members:
            if member in nodes:
                nodes[member] = replace(nodes[member], lane=lane)
    objects = {
        name
        for one in element.iter()
        if local(one) in _OBJECTS and one.tag == BPMN + local(one) and (name := data_name(reader, one.get("id", "")))
    }
    return Process(
        id=element.get("id", ""),
        name=named(element),
        nodes=nodes,
        flows=flows,
        executable=is_true(element, "isExecutable") if element.get("isExecutable") else None,
        pool=pool,
        lanes=lanes,
        input_schema=reader.schema(element, text_of(own(element, "inputSchema")), "inputSchema")
        or _start_form(element.get("id", ""), nodes),
        output_schema=reader.schema(element, text_of(own(element, "outputSchema")), "outputSchema"),
        objects=frozenset(objects),
    )


def _start_form(process: str, nodes: Mapping[str, Node]) -> Mapping[str, Any] | None:
    """What the form asks for that another engine shows to whoever starts a process: that is what a run begins with."""
    starts = (node for node in nodes.values() if node.kind == "start" and node.parent == process and not node.events)
    return next((node.work.output_schema for node in starts if node.work.output_schema is not None), None)


def _nodes(reader: Reader, container: Element, parent: str, ways: Ways, forms: Mapping[str, Any]) -> Iterator[Node]:
    for element in container:
        if element.tag == BPMN + local(element) and is_node(element):
            if not element.get("id"):
                reader.problem(element, "dangling", "refused", "It has no id.")
                continue
            yield read_node(reader, element, parent, ways, forms)
            if local(element) in PROCESSES:
                yield from _nodes(reader, element, element.get("id", ""), ways, forms)


def _flows(reader: Reader, container: Element) -> Iterator[Flow]:
    for element in _drawn_flows(container):
        holder = child(element, "conditionExpression")
        condition = reader.condition(element, holder, "Its condition")
        text = text_of(holder)
        yield Flow(
            id=element.get("id", ""),
            source=element.get("sourceRef", ""),
            target=element.get("targetRef", ""),
            name=" ".join(named(element).split()),
            condition=condition,
            unread=text if text and condition is None else None,
        )


def _drawn_flows(container: Element) -> Iterator[Element]:
    """Yield the sequence flows inside, without those in what is not run as a whole."""
    for element in container:
        if element.tag == f"{BPMN}sequenceFlow":
            yield element
        elif local(element) in PROCESSES:
            yield from _drawn_flows(element)


def _ways(flows: Mapping[str, Flow]) -> Ways:
    incoming: dict[str, list[str]] = {}
    outgoing: dict[str, list[str]] = {}
    for flow in flows.values():
        incoming.setdefault(flow.target, []).append(flow.id)
        outgoing.setdefault(flow.source, []).append(flow.id)
    return Ways(*({node: tuple(found) for node, found in ways.items()} for ways in (incoming, outgoing)))


def _twice(reader: Reader, process: Element) -> None:
    """Refuse nodes and flows of one id: which of them a flow, a run or an answer means, nobody could say."""
    seen: set[str] = set()
    for element in process.iter():
        identity = element.get("id", "")
        if not identity or not (is_node(element) or element.tag == f"{BPMN}sequenceFlow"):
            continue
        if identity in seen:
            reader.problem(element, "dangling", "refused", "Another element of the process has the same id.")
        seen.add(identity)


def _undoing(process: Element, nodes: dict[str, Node]) -> None:
    """Join compensation events with what undoes their activity, by the associations that are drawn between them."""
    for association in process.iter(f"{BPMN}association"):
        source = nodes.get(association.get("sourceRef", ""))
        target = association.get("targetRef", "")
        if source is None or source.kind != "boundary" or target not in nodes:
            continue
        activity = source.attached or ""
        if activity in nodes and any(event.kind == "compensate" for event in source.events):
            nodes[activity] = replace(nodes[activity], undone_by=target)


def _lanes(process: Element) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield lanes from the outermost to the innermost, so that a node's own lane comes last."""
    for lane in process.iter(f"{BPMN}lane"):
        members = tuple(text_of(reference) for reference in children(lane, "flowNodeRef"))
        yield named(lane) or lane.get("id", ""), members
