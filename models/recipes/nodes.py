"""Flow nodes of a BPMN file."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from xml.etree.ElementTree import Element

from models.domain.recipes.model import Loop, Node, NodeKind, TaskKind, Work
from models.recipes.camunda7 import camunda_loop, camunda_work
from models.recipes.camunda8 import zeebe_loop, zeebe_work
from models.recipes.elements import camunda_attribute, child, children, is_true, local, named, text_of, unprefixed
from models.recipes.events import read_events, received_message
from models.recipes.own_words import own_loop, own_milestone, own_work
from models.recipes.reader import Reader

TASKS: dict[str, TaskKind] = {
    "task": "manual",
    "serviceTask": "service",
    "userTask": "user",
    "manualTask": "manual",
    "businessRuleTask": "rule",
    "sendTask": "send",
    "receiveTask": "receive",
    "scriptTask": "script",
    "callActivity": "call",
    "globalTask": "manual",
    "globalUserTask": "user",
    "globalManualTask": "manual",
    "globalBusinessRuleTask": "rule",
    "globalScriptTask": "script",
}
PROCESSES = ("subProcess", "transaction")
_KINDS: dict[str, NodeKind] = {
    **dict.fromkeys(TASKS, "task"),
    **dict.fromkeys(PROCESSES, "process"),
    "startEvent": "start",
    "endEvent": "end",
    "intermediateCatchEvent": "catch",
    "intermediateThrowEvent": "throw",
    "boundaryEvent": "boundary",
    "exclusiveGateway": "exclusive",
    "parallelGateway": "parallel",
    "inclusiveGateway": "inclusive",
    "eventBasedGateway": "events",
}
_UNSUPPORTED: dict[str, tuple[NodeKind, str]] = {
    "complexGateway": ("exclusive", "Complex gateways are not run: use an inclusive or a parallel one."),
    "adHocSubProcess": ("task", "Ad-hoc sub-processes are not run: nothing says in which order things are done."),
    "choreographyTask": ("task", "Choreographies say what partners agree on, and are not run."),
    "subChoreography": ("task", "Choreographies say what partners agree on, and are not run."),
    "callChoreography": ("task", "Choreographies say what partners agree on, and are not run."),
    "event": ("throw", "An event that neither catches nor throws is not run."),
    "implicitThrowEvent": ("throw", "Implicit events are not run."),
}


@dataclass(frozen=True, slots=True)
class Ways:
    """The ids of the flows into and out of each node, in the file's order."""

    incoming: Mapping[str, tuple[str, ...]]
    outgoing: Mapping[str, tuple[str, ...]]


def is_node(element: Element) -> bool:
    """Whether an element is a flow node."""
    return local(element) in _KINDS or local(element) in _UNSUPPORTED


def read_node(reader: Reader, element: Element, parent: str, ways: Ways, forms: Mapping[str, Any]) -> Node:
    """Read one flow node, without what is inside of it."""
    name = local(element)
    identity = element.get("id", "")
    if name in _UNSUPPORTED:
        kind, reason = _UNSUPPORTED[name]
        reader.problem(element, "unsupported", "refused", reason)
    else:
        kind = _KINDS[name]
    if is_true(element, "parallelMultiple"):
        reader.problem(element, "unsupported", "refused", "Events that wait for several things at once are not run.")
    node = Node(
        id=identity,
        kind=kind,
        parent=parent,
        name=named(element),
        task=TASKS.get(name, "manual") if kind == "task" else None,
        incoming=ways.incoming.get(identity, ()),
        outgoing=ways.outgoing.get(identity, ()),
        default=element.get("default"),
        events=read_events(reader, element),
        work=_work(reader, element, forms),
        attached=element.get("attachedToRef"),
        interrupting=_interrupts(element),
        by_event=is_true(element, "triggeredByEvent"),
        transaction=name == "transaction",
        for_compensation=is_true(element, "isForCompensation"),
        instantiate=is_true(element, "instantiate"),
        milestone=own_milestone(element),
        loop=_loop(reader, element),
    )
    return _with_task(reader, element, node)


def _interrupts(element: Element) -> bool:
    name = "cancelActivity" if local(element) == "boundaryEvent" else "isInterrupting"
    return is_true(element, name, default=True)


def _with_task(reader: Reader, element: Element, node: Node) -> Node:
    """Return the node with what follows from the kind of its task."""
    name, work = local(element), node.work
    if name in ("task", "globalTask") and (work.specification or work.fulfiller or work.type):
        return replace(node, task="service")
    if node.task == "receive":
        return replace(node, events=(received_message(reader, element),))
    if node.task == "script" and work.script is None:
        _script(reader, element)
        feel = (element.get("scriptFormat") or "").lower() == "feel"
        script = reader.expression(element, text_of(child(element, "script")), "The script") if feel else None
        return replace(node, work=replace(work, script=script))
    if node.task == "rule" and work.script is not None:
        return replace(node, task="script")
    return node


def _script(reader: Reader, element: Element) -> None:
    language = element.get("scriptFormat") or ("a file" if camunda_attribute(element, "resource") else "no language")
    if language.lower() != "feel":
        reason = f"Scripts are not run (this one is in {language}): use a FEEL expression, or a service task."
        reader.problem(element, "code", "refused", reason)


def _work(reader: Reader, element: Element, forms: Mapping[str, Any]) -> Work:
    found: dict[str, Any] = _drawn(element, reader)
    if local(element) == "callActivity":
        found["process"] = unprefixed(element.get("calledElement"))
        if (element.get("calledElement") or "").startswith(("$", "#", "=")):
            found["process"] = None
            reader.problem(element, "unknownCall", "incomplete", "It calls a process by an expression.")
    found |= camunda_work(reader, element)
    found |= zeebe_work(reader, element, forms)
    found |= own_work(reader, element)
    return Work(**found)


def _drawn(element: Element, reader: Reader) -> dict[str, Any]:
    """Return the inputs and outputs that are drawn as data objects: values by the objects' names."""
    found: dict[str, Any] = {}
    for part, name, end in (
        ("input_schema", "dataInputAssociation", "sourceRef"),
        ("output_schema", "dataOutputAssociation", "targetRef"),
    ):
        objects: dict[str, Any] = {
            data: {}
            for association in children(element, name)
            for reference in children(association, end)
            if (data := data_name(reader, text_of(reference)))
        }
        if objects:
            found[part] = {"type": "object", "properties": objects, "additionalProperties": True}
    return found


def data_name(reader: Reader, reference: str) -> str | None:
    """Return the variable that a data object is: its name, else that of the object it refers to."""
    element = reader.referred(reference)
    if element is None or not local(element).startswith(("data", "property")):
        return None
    behind = reader.referred(element.get("dataObjectRef") or element.get("dataStoreRef"))
    found = named(element) or (named(behind) if behind is not None else "")
    return " ".join(found.split()) or None


def _loop(reader: Reader, element: Element) -> Loop | None:
    standard = child(element, "standardLoopCharacteristics")
    if standard is not None:
        maximum = standard.get("loopMaximum") or ""
        return Loop(
            "standard",
            condition=reader.condition(element, child(standard, "loopCondition"), "The loop's condition"),
            before=is_true(standard, "testBefore"),
            maximum=int(maximum) if maximum.isdecimal() and len(maximum) < 10 else None,
        )
    several = child(element, "multiInstanceLoopCharacteristics")
    if several is None:
        return None
    found: dict[str, Any] = _drawn_loop(reader, several)
    found |= camunda_loop(reader, element, several)
    found |= zeebe_loop(reader, element, several)
    found |= own_loop(reader, element, several)
    cardinality = reader.condition(element, child(several, "loopCardinality"), "The number of rounds")
    until = reader.condition(element, child(several, "completionCondition"), "The completion condition")
    kind = "sequential" if is_true(several, "isSequential") else "parallel"
    return Loop(kind, **{"cardinality": cardinality, "until": until} | found)  # type: ignore[arg-type]


def _drawn_loop(reader: Reader, several: Element) -> dict[str, Any]:
    """Return what the loop goes over, drawn as data."""
    collection = data_name(reader, text_of(child(several, "loopDataInputRef")))
    collected = data_name(reader, text_of(child(several, "loopDataOutputRef")))
    items = {name: child(several, name) for name in ("inputDataItem", "outputDataItem")}
    found = {
        "collection": f"`{collection}`" if collection and "`" not in collection else None,
        "collected": collected,
        "element": named(items["inputDataItem"]) if items["inputDataItem"] is not None else None,
        "result": f"`{named(items['outputDataItem'])}`" if items["outputDataItem"] is not None else None,
    }
    return {name: value for name, value in found.items() if value and value != "``"}
