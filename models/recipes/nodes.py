"""Flow nodes of a BPMN file."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from xml.etree.ElementTree import Element

from models.domain.recipes.model import Loop, Node, NodeKind, TaskKind, Work
from models.recipes.camunda7 import camunda_loop, camunda_work
from models.recipes.camunda8 import zeebe_loop, zeebe_work
from models.recipes.data import drawn, drawn_loop
from models.recipes.elements import camunda_attribute, child, is_true, local, named, text_of, unprefixed
from models.recipes.events import read_events, received_message
from models.recipes.other_engines import other_work
from models.recipes.own_words import own_loop, own_milestone, own_work
from models.recipes.people import resource_roles
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
    node = replace(node, task=_task(local(element), node))
    if node.task == "receive":
        return replace(node, events=(received_message(reader, element),))
    if node.task == "rule" and node.work.decision:
        return replace(node, work=replace(node.work, type=None))
    if node.task == "script" and node.work.script is None:
        _script(reader, element)
        feel = (element.get("scriptFormat") or "").lower() == "feel"
        script = reader.expression(element, text_of(child(element, "script")), "The script") if feel else None
        return replace(node, work=replace(node.work, script=script))
    return node


def _task(name: str, node: Node) -> TaskKind | None:
    """What a task is by what it says: a job for a worker may be drawn as a plain task, or as what the worker does."""
    work = node.work
    if name in ("task", "globalTask") and (work.specification or work.fulfiller or work.type):
        return "service"
    if node.task in ("script", "rule") and work.type and not (work.script or work.decision):
        return "service"
    if name == "serviceTask" and work.decision:
        return "rule"
    return "script" if node.task == "rule" and work.script is not None else node.task


def _script(reader: Reader, element: Element) -> None:
    language = element.get("scriptFormat") or ("a file" if camunda_attribute(element, "resource") else "no language")
    if language.lower() != "feel":
        reason = f"Scripts are not run (this one is in {language}): use a FEEL expression, or a service task."
        reader.problem(element, "code", "refused", reason)


def _work(reader: Reader, element: Element, forms: Mapping[str, Any]) -> Work:
    found: dict[str, Any] = drawn(reader, element) | resource_roles(reader, element)
    operation = reader.referred(element.get("operationRef"))
    if operation is not None and local(element) in ("serviceTask", "sendTask"):
        found["type"] = named(operation) or operation.get("id")
    if local(element) == "callActivity":
        called = reader.fixed(element, element.get("calledElement"), "The process that it calls")
        found["process"] = unprefixed(called)
    found |= other_work(element)
    found |= camunda_work(reader, element)
    found |= zeebe_work(reader, element, forms)
    found |= own_work(reader, element)
    return Work(**found)


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
    found: dict[str, Any] = drawn_loop(reader, element, several)
    found |= camunda_loop(reader, element, several)
    found |= zeebe_loop(reader, element, several)
    found |= own_loop(reader, element, several)
    cardinality = reader.condition(element, child(several, "loopCardinality"), "The number of rounds")
    until = reader.condition(element, child(several, "completionCondition"), "The completion condition")
    kind = "sequential" if is_true(several, "isSequential") else "parallel"
    return Loop(kind, **{"cardinality": cardinality, "until": until} | found)  # type: ignore[arg-type]
