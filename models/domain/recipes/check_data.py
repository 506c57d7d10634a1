"""Whether somebody produces every value that is needed: what flows along the ways of a process.

A value counts as produced if it may be: on some path before, by what the run is started with, by a data object. A task
that does not declare its outputs may answer with anything; what only such a task can have produced is doubtful.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from models.domain.expressions import ExpressionError, compile_expression
from models.domain.recipes.fitting import declared
from models.domain.recipes.graph import followers
from models.domain.recipes.loops import COUNTER
from models.domain.recipes.model import Flow, Node, Process, Recipe
from models.domain.recipes.naming import at_flow, at_node
from models.domain.recipes.problems import Problem
from models.domain.recipes.values import names_of

ANYTHING = "*"
"""Stands for whatever a task without declared outputs may answer."""

_LOCAL = frozenset({COUNTER})
_EVERYWHERE = frozenset({"secrets"})


def check(recipe: Recipe, process: Process, given: Collection[str], *, open_: bool) -> Iterator[Problem]:
    """Yield the values that steps of a process need and nobody produces.

    Args:
        recipe: what the process belongs to.
        process: what is checked.
        given: names that every run begins with, besides what the process declares.
        open_: it is called with whatever its caller passes on.
    """
    declares = process.input_schema is not None
    for one in unmet(recipe, process, given, open_=open_):
        severity, kind, text = _told(one.name, doubtful=one.doubtful, declares=declares)
        if isinstance(one.at, Node):
            yield at_node(one.at, kind, severity, f"{one.what} needs {text}")
        else:
            yield at_flow(one.at, kind, severity, f"{one.what} needs {text}")
    yield from _never_left(recipe, process, given, open_=open_)


def _never_left(recipe: Recipe, process: Process, given: Collection[str], *, open_: bool) -> Iterator[Problem]:
    """Yield what a process says it leaves, and nobody in it produces."""
    required = frozenset((process.output_schema or {}).get("required") or ())
    begins = frozenset(given) | process.objects | _properties(process.input_schema)
    found = begins.union(*(produced(recipe, node) for node in process.nodes.values()))
    doubtful = open_ or ANYTHING in found
    for name in sorted(required - found):
        severity, kind, text = _told(name, doubtful=doubtful, declares=True)
        reason = f"What it leaves, by its output schema, includes {text}"
        yield Problem(process.id, process.name, "process", kind, severity, reason)


@dataclass(frozen=True, slots=True)
class Unmet:
    """A value that is needed and may be missing.

    Attributes:
        at: who needs it.
        what: which part of that, as in "Its input".
        name: of the value.
        doubtful: a step that does not declare its outputs may produce it.
    """

    at: Node | Flow
    what: str
    name: str
    doubtful: bool

    @property
    def place(self) -> str:
        """Who needs it, as people know it."""
        return self.at.title if isinstance(self.at, Node) else self.at.name or self.at.id


def unmet(recipe: Recipe, process: Process, given: Collection[str], *, open_: bool = False) -> Iterator[Unmet]:
    """Yield what is needed in a process and is not certain to be there; the arguments are those of `check`."""
    begins = frozenset(given) | process.objects | _properties(process.input_schema) | _EVERYWHERE
    before = _available(recipe, process, begins | ({ANYTHING} if open_ else set()))
    for node in process.nodes.values():
        known = before.get(node.id, begins)
        for what, names in _needs(recipe, node):
            for name in sorted(names - known):
                yield Unmet(node, what, name, ANYTHING in known)
        after = known | produced(recipe, node)
        for flow in (process.flows[flow] for flow in node.outgoing if flow in process.flows):
            for name in sorted(_names(flow.condition) - after):
                yield Unmet(flow, "Its condition", name, ANYTHING in after)


def _told(name: str, *, doubtful: bool, declares: bool) -> tuple[Any, str, str]:
    if doubtful:
        reason = f"{name!r}, which only a step can have produced that does not declare its outputs."
        return "remark", "doubtfulValue", reason
    hint = "" if declares else " The recipe declares no start data; is it one of them?"
    return "incomplete", "unknownValue", f"{name!r}, which nobody produces.{hint}"


def _available(recipe: Recipe, process: Process, begins: Collection[str]) -> Mapping[str, frozenset[str]]:
    """Return what may be there before each node, going along the ways until nothing is added any more."""
    before: dict[str, frozenset[str]] = {}
    all_produced = frozenset(begins).union(*(produced(recipe, node) for node in process.nodes.values()))
    waiting: list[tuple[str, frozenset[str]]] = []
    for scope in process.children:
        container = process.nodes.get(scope)
        for node in process.starts(scope):
            if container is None:
                waiting.append((node.id, frozenset(begins)))
            elif container.by_event:
                waiting.append((node.id, all_produced))
    while waiting:
        node_id, names = waiting.pop()
        known = before.get(node_id)
        if node_id not in process.nodes or (known is not None and names <= known):
            continue
        before[node_id] = names | (known or frozenset())
        node = process.nodes[node_id]
        after = before[node_id] | produced(recipe, node)
        if node.kind == "process":
            inside = before[node_id] | _targets(node.work.inputs) | _of_round(node)
            waiting += [(start.id, inside) for start in process.starts(node_id)]
            after |= frozenset().union(*(produced(recipe, inner) for inner in _inside(process, node_id)))
        for _, target in followers(process, node):
            late = process.nodes.get(target)
            apart = late is not None and (late.kind == "boundary" or late.for_compensation)
            waiting.append((target, all_produced if apart else after))
    return before


def _inside(process: Process, scope: str) -> Iterator[Node]:
    for node in process.children.get(scope, ()):
        yield node
        yield from _inside(process, node.id)


def produced(recipe: Recipe, node: Node) -> frozenset[str]:
    """Return the names that a node may produce; `ANYTHING` where it does not say."""
    work, loop = node.work, node.loop
    found: set[str] = set()
    if loop is not None and loop.collected:
        found.add(loop.collected)
    if node.kind == "boundary" or (node.kind == "start" and node.events):
        found.add("error")
    if work.outputs is not None:
        return frozenset(found) | _targets(work.outputs)
    if work.result is not None:
        return frozenset(found | {work.result})
    if node.task == "script":
        return frozenset(found | {"result"})
    called = recipe.processes.get(work.process or "") if node.task == "call" else None
    if called is not None:
        found |= _properties(called.output_schema) if work.returns else set()
        return frozenset(found | ({ANYTHING} if work.returns and called.output_schema is None else set()))
    if node.task is not None or any(event.kind in ("message", "signal") for event in node.events):
        names = _properties(work.output_schema)
        return frozenset(found) | names | ({ANYTHING} if declared(work.output_schema) is None else set())
    return frozenset(found)


def _needs(recipe: Recipe, node: Node) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield what a node reads before it has an answer."""
    work, loop = node.work, node.loop
    around = _of_round(node)
    if loop is not None:
        yield "Its repetition", _names(loop.collection) | _names(loop.cardinality)
    if work.inputs is not None:
        yield "Its input", _safely(work.inputs) - around
    elif work.input_schema is not None:
        required = frozenset(work.input_schema.get("required") or ())
        yield "Its input", required - around
    called = recipe.processes.get(work.process or "") if node.task == "call" and work.passes else None
    if called is not None:
        wanted = frozenset((called.input_schema or {}).get("required") or ())
        yield f"What it calls, {called.name or called.id},", wanted - _targets(work.inputs) - around
    if work.script is not None:
        yield "Its script", _names(work.script) - around - _targets(work.inputs)
    for event in node.events:
        yield "Its correlation", _names(event.correlation) - around
        if event.timer is not None and event.timer.expression:
            yield "Its timer", _names(event.timer.value)


def _of_round(node: Node) -> frozenset[str]:
    if node.loop is None:
        return frozenset()
    return _LOCAL | ({node.loop.element} if node.loop.element else frozenset())


def _safely(mapping: tuple[tuple[str, Any], ...]) -> frozenset[str]:
    try:
        return names_of(mapping)
    except ExpressionError:
        return frozenset()  # told of elsewhere


def _names(text: str | None) -> frozenset[str]:
    try:
        return compile_expression(text).names if text is not None else frozenset()
    except ExpressionError:
        return frozenset()  # told of elsewhere


def _targets(mapping: tuple[tuple[str, Any], ...] | None) -> frozenset[str]:
    return frozenset(target.split(".")[0] for target, _ in mapping or ())


def _properties(schema: Mapping[str, Any] | None) -> frozenset[str]:
    return frozenset((schema or {}).get("properties") or ())
