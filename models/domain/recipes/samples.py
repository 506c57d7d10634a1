"""Values that stand in for answers nobody gave: samples of JSON Schemas, and guesses from what conditions ask for."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from models.domain.recipes.model import Node, Process, Recipe

_SEGMENT = r"(?:[A-Za-z_]\w*|`[^`]+`)"
_PATH = rf"({_SEGMENT}(?:\.{_SEGMENT})*)"
_LITERAL = r"(\"(?:[^\"\\]|\\.)*\"|-?\d+(?:\.\d+)?|true|false)"
_COMPARED = re.compile(_PATH + r"\s*(=|!=|<=|>=|<|>)\s*" + _LITERAL)
_QUANTIFIED = re.compile(
    r"(?:some|every)\s+(\w+)\s+in\s+" + _PATH + r"\s+satisfies\s+\1\s*(=|!=|<=|>=|<|>)\s*" + _LITERAL
)
_NAME = re.compile(_PATH)
_SEGMENTS = re.compile(_SEGMENT)
_NEGATED = re.compile(r"(?:not\(\s*|if\s+)" + _PATH + r"\s*(?:\)|then false else true\))")
_MAX_DEPTH = 8


def sample(schema: Mapping[str, Any], visit: int = 1, depth: int = 0) -> Any:  # noqa: PLR0911 - one for each form
    """Return a value that fits a JSON Schema; booleans alternate and enumerations go on with every visit."""
    if "const" in schema:
        return schema["const"]
    choices = schema.get("enum") or schema.get("examples")
    if isinstance(choices, list) and choices:
        return choices[(visit - 1) % len(choices)]
    if "default" in schema:
        return schema["default"]
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    if depth < _MAX_DEPTH and (kind == "object" or "properties" in schema):
        parts = schema.get("properties") or {}
        return {name: sample(part, visit, depth + 1) for name, part in parts.items() if isinstance(part, Mapping)}
    if depth < _MAX_DEPTH and kind == "array":
        items = schema.get("items")
        return [sample(items, visit, depth + 1)] if isinstance(items, Mapping) else []
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    return {"boolean": visit % 2 == 1, "string": _FORMATS.get(str(schema.get("format")), "text")}.get(str(kind))


_FORMATS = {"date-time": "2026-01-01T00:00:00.000Z", "date": "2026-01-01", "duration": "PT1H", "email": "a@example.com"}


class Guesses:
    """For names that a recipe reads and that nobody says anything about: values that its conditions would like."""

    def __init__(self, recipe: Recipe) -> None:
        self._candidates: dict[tuple[str, ...], list[Any]] = {}
        self._formed: set[tuple[str, ...]] = set()  # not chosen between: they only have to have a form
        processes = [recipe.processes[key] for key in recipe.closure]
        for flow in (flow for process in processes for flow in process.flows.values()):
            if flow.condition:
                self._of_condition(flow.condition)
        for node in (node for process in processes for node in process.nodes.values()):
            self._of_node(node)

    def values(self, visit: int = 1, turn: int = 0) -> dict[str, Any]:
        """Return a value for every name, other ones on every visit and turn where there are more."""
        made: dict[str, Any] = {}
        for position, (path, candidates) in enumerate(self._candidates.items()):
            _set(made, path, candidates[(visit - 1 + shift(turn, position)) % len(candidates)])
        return made

    def again(self, visit: int, turn: int) -> dict[str, Any]:
        """Return other values for the names that conditions look at, so that a circle is left; all else stays."""
        heads = {path[0] for path in self._formed}
        return {name: value for name, value in self.values(visit, turn).items() if name not in heads}

    def answer(self, node: Node, visit: int, turn: int) -> dict[str, Any]:
        """Return an answer of a task from which its output mapping makes the values that conditions would like."""
        wanted, made = self.values(visit, turn), dict[str, Any]()
        for target, source in node.work.outputs or ():
            value = wanted.get(target.split(".")[0])
            if value is None or not isinstance(source, str) or not source.startswith("="):
                continue
            for path in _NAME.findall(source[1:]):
                head, *rest = _segments(path)
                if head in ("output", node.work.result) and rest:
                    _set(made, rest, value)
                elif path == source[1:].strip():
                    _set(made, [head, *rest], value)
        return made

    def _add(self, path: str, *candidates: Any) -> None:
        known = self._candidates.setdefault(_segments(path), [])
        known += [one for one in candidates if not any(one is old or one == old for old in known)]

    def _of_condition(self, text: str) -> None:
        found = False
        for name, path, sign, literal in _QUANTIFIED.findall(text):
            found = True
            self._add(path, *([value] for value in _fitting(sign, json.loads(literal))), [])
            text = text.replace(name, "")
        for path, sign, literal in _COMPARED.findall(text):
            found = True
            self._add(path, *_fitting(sign, json.loads(literal)))
        for path in _NEGATED.findall(text):
            found = True
            self._add(path, False, True)
        if not found and _NAME.fullmatch(text.strip()):
            self._add(text.strip(), True, False)

    def _of_node(self, node: Node) -> None:
        for text, value in _special(node):
            if _NAME.fullmatch(text.strip()):
                self._formed.add(_segments(text.strip()))
                self._add(text.strip(), value)
        loop = node.loop
        if loop is not None and loop.collection and _NAME.fullmatch(loop.collection):
            self._formed.add(_segments(loop.collection))
            self._add(loop.collection, list(self._candidates.get((loop.element or "",), [1])))
        for event in node.events:
            if event.condition:
                self._of_condition(event.condition)


def _special(node: Node) -> Iterator[tuple[str, Any]]:
    """Yield expressions whose values need a form, with a value of that form."""
    for event in node.events:
        if event.correlation:
            yield event.correlation, "simulated"
        if event.timer is not None and event.timer.expression:
            forms = {"date": "2026-01-02T00:00:00Z", "duration": "PT1H", "cycle": "R1/PT1H"}
            yield event.timer.value, forms[event.timer.kind]
    if node.loop is not None and node.loop.cardinality:
        yield node.loop.cardinality, 1


def _fitting(sign: str, literal: Any) -> list[Any]:
    """Return values for which a comparison holds, and for which it does not."""
    if isinstance(literal, bool):
        return [literal, not literal] if sign == "=" else [not literal, literal]
    if isinstance(literal, int | float):
        return {
            "=": [literal, literal + 1],
            "!=": [literal + 1, literal],
            ">": [literal + 1, literal],
            "<": [literal - 1, literal],
            ">=": [literal, literal - 1],
            "<=": [literal, literal + 1],
        }[sign]
    return [literal] if sign in ("=", ">=", "<=") else [f"not {literal}", literal]


def _segments(path: str) -> tuple[str, ...]:
    return tuple(segment.strip("`") for segment in _SEGMENTS.findall(path))


def _set(into: dict[str, Any], path: Sequence[str], value: Any) -> None:
    head, *rest = path
    if not rest:
        into[head] = value
        return
    inner = into.get(head)
    if not isinstance(inner, dict):
        inner = into[head] = {}
    _set(inner, rest, value)


_BITS = 3


def shift(turn: int, position: int) -> int:
    """Return by how far a turn moves the choice at a position.

    In the first eight turns each three positions have all combinations of two ways; later ones move all alike.
    """
    combinations = 2**_BITS
    return turn >> position % _BITS if turn < combinations else turn - combinations + 1


def declared_outputs(node: Node, visit: int) -> dict[str, Any] | None:
    """Return a sample of what a task declares to answer, or None where it declares nothing."""
    schema = node.work.output_schema
    if schema is None:
        return None
    return {name: value for name, value in _object(schema, visit).items() if value is not None}


def likely_inputs(process: Process, guessed: Mapping[str, Any]) -> dict[str, Any]:
    """Return a sample of what a process declares to be started with, where they are alike with values of conditions."""
    made = dict(_object(process.input_schema)) if process.input_schema is not None else {}
    free = [name for name in made if name in guessed and not is_enumerated(process.input_schema, name)]
    return made | {name: guessed[name] for name in free if _kind(guessed[name]) is _kind(made[name])}


def is_enumerated(schema: Mapping[str, Any] | None, name: str) -> bool:
    """Whether a schema of an object says itself which values a part of it can have."""
    part = ((schema or {}).get("properties") or {}).get(name) or {}
    return isinstance(part, Mapping) and any(word in part for word in ("enum", "const", "default", "examples"))


def in_rounds(node: Node) -> bool:
    """Whether a task is done once for each element of a list: that is not to do it again."""
    return node.loop is not None and node.loop.kind != "standard"


def _kind(value: Any) -> type:
    return float if isinstance(value, int) and not isinstance(value, bool) else type(value)


def _object(schema: Mapping[str, Any], visit: int = 1) -> Mapping[str, Any]:
    """Return a sample of an object, which is empty where a schema asks for something else."""
    made = sample({**schema, "type": "object"}, visit)
    return made if isinstance(made, Mapping) else {}
