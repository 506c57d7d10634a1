"""Single nodes as steps of the YAML: their work, and the events they are about."""

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

from models.domain.recipes.model import Event, Node
from models.recipes.elements import own
from models.recipes.written.elements import REPEATED, TASK
from models.recipes.written.words import ANY, Body

_KINDS = {"rule": "decide", "user": "person", "manual": "person", "script": "compute"}
_TIMERS = {"duration": "after", "date": "until", "cycle": "every"}


def task(node: Node, element: Element) -> Body | None:
    """The step of an activity, its kind first, with None for the name; None where there are no words."""
    kind = "group" if node.kind == "process" else _KINDS.get(node.task or "", node.task or "")
    step: Body = {kind: None}
    step |= _work(node, element)
    if kind == "group" and node.transaction:
        step["transaction"] = True
    step |= _of_kind(kind, node)
    step |= inputs_and_outputs(node)
    if node.loop is None:
        return step
    each = _each(node)
    return None if each is None else step | {"each": each}


def _work(node: Node, element: Element) -> Body:
    """Who does it, how long, and how often."""
    found: Body = {name: value for name in TASK if name != "deadline" and (value := getattr(node.work, name))}
    if node.task in ("service", "send", None) and node.work.by is not None:
        found["fulfiller"] = node.work.by
    return found | _times(node, element) | ({"groups": list(node.work.groups)} if node.work.groups else {})


def _of_kind(kind: str, node: Node) -> Body:
    work = node.work
    found: dict[str, Any] = {}
    if kind == "decide":
        found = {"decision": work.decision, "result": work.result}
    elif kind == "compute":
        found = {"expression": work.script, "result": work.result}
    elif kind == "call":
        flags = {name: "all" if getattr(work, name) else None for name in ("passes", "returns")}
        found = {"use": work.process, "versions": work.versions} | flags
    elif kind == "receive":
        found = {"message": node.events[0].name, "correlation": node.events[0].correlation}
    return {name: value for name, value in found.items() if value}


def _times(node: Node, element: Element) -> Body:
    """Durations as the file has them, else in seconds."""
    written = own(element, "task")
    found: Body = {}
    if node.work.deadline is not None:
        text = written.get("deadline") if written is not None else None
        found["deadline"] = text.strip() if text else _duration(node.work.deadline)
    if node.work.retry:
        text = written.get("retry") if written is not None else None
        found["retry"] = [one.strip() for one in text.split(",")] if text else list(map(_duration, node.work.retry))
    return found


def _duration(seconds: float) -> str:
    return f"PT{seconds:g}S"


def inputs_and_outputs(node: Node) -> Body:
    """Mappings and schemas."""
    work = node.work
    found: Body = {}
    for word, mapping in (("inputs", work.inputs), ("outputs", work.outputs)):
        if mapping:
            found[word] = dict(mapping)
    schemas: tuple[tuple[str, Mapping[str, Any] | None], ...] = (
        ("inputSchema", work.input_schema),
        ("outputSchema", work.output_schema),
    )
    return found | {word: dict(schema) for word, schema in schemas if schema is not None}


def _each(node: Node) -> Body | None:
    loop = node.loop
    if loop is None or loop.kind == "standard":
        return None
    each: Body = {word: getattr(loop, name) for word, name in REPEATED.items() if getattr(loop, name)}
    each |= {"oneByOne": True} if loop.kind == "sequential" else {}
    each |= {"times": loop.cardinality} if loop.cardinality else {}
    each |= {"enough": loop.until} if loop.until else {}
    return each or None


def event(node: Node, element: Element) -> Body | None:  # noqa: PLR0911 - one for each kind
    """The words of an event, its kind first; None where there are none for it."""
    if len(node.events) > 1:
        return None
    one = node.events[0] if node.events else None
    name = " ".join(node.name.split()) or None
    if node.kind == "end":
        if one is None:
            return {"end": name}
        if one.kind == "terminate":
            return {"terminate": name}
        return {"fail": name, "code": one.code} if one.kind == "error" and one.code else None
    if one is None:
        return None
    if node.kind == "throw":
        return _thrown(one, node, element, name)
    said = _waited(one)
    if said is None or node.kind != "catch":
        return said
    return None if one.kind in ("error", "escalation") else {"wait": name} | said


def _thrown(one: Event, node: Node, element: Element, name: str | None) -> Body | None:
    if one.kind == "compensate":
        return {"rollback": name} | ({"of": one.activity} if one.activity else {})
    value = one.code if one.kind == "escalation" else one.name
    if one.kind not in ("message", "signal", "escalation") or not value:
        return None
    return {"raise": name, one.kind: value} | _correlated(one) | _work(node, element)


def _correlated(one: Event) -> Body:
    return {"correlation": one.correlation} if one.correlation else {}


def _waited(one: Event) -> Body | None:
    if one.kind == "timer" and one.timer is not None:
        return {_TIMERS[one.timer.kind]: f"={one.timer.value}" if one.timer.expression else one.timer.value}
    if one.kind in ("error", "escalation"):
        return {one.kind: one.code or ANY}
    if one.kind in ("message", "signal") and one.name:
        return {one.kind: one.name} | _correlated(one)
    return {"condition": one.condition} if one.kind == "conditional" and one.condition else None
