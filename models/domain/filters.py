"""Conditions over a resource's body: what a filter says, apart from how it was written and where it is evaluated.

The meaning is the same in memory (`predicate`, here) and in the database (`models.queries`). A path leads through
arrays: a comparison holds when any value at its path satisfies it, so several conditions may be met by different
elements of an array. `Element` is for when one and the same element has to meet them all.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

Path = tuple[str | int, ...]
"""Attribute names from the body down; a number picks one element of an array."""
Value = str | int | float | bool | None
Predicate = Callable[[object], bool]

MATCHED_TEXT = 2_000
"""A text longer than this never matches a regex: together with the rules for patterns it bounds the time of a match."""


class Pattern(Protocol):
    """A compiled regular expression that matches in linear time."""

    def search(self, text: str) -> object:
        """Something true where the pattern occurs anywhere in the text."""


class PatternEngine(Protocol):
    """What compiles regular expressions."""

    def compile_pattern(self, text: str) -> Pattern:
        """Compile, or raise an error that says what is wrong with the pattern."""


class Op(StrEnum):
    """How a value is compared. Order is within one type: a text is neither less nor more than a number."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"


@dataclass(frozen=True, slots=True)
class Compare:
    """Some value at the path compares so with some of `values`; for `NE`, no value at the path equals any of them."""

    path: Path
    op: Op
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """The regex occurs in some text at the path; case counts, anchors are the writer's business."""

    path: Path
    regex: str


@dataclass(frozen=True, slots=True)
class Exists:
    """The path leads to something, be it null."""

    path: Path


@dataclass(frozen=True, slots=True)
class Element:
    """One element of the array at the path meets the condition, whose paths start at that element."""

    path: Path
    condition: "Condition"


@dataclass(frozen=True, slots=True)
class And:
    """All of them hold."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """One of them holds."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """It does not hold."""

    condition: "Condition"


Condition = Compare | Match | Exists | Element | And | Or | Not


def matches(condition: Condition | None, body: object, engine: PatternEngine) -> bool:
    """Whether a body meets a condition; None is met by everything."""
    return condition is None or predicate(condition, engine)(body)


def predicate(condition: Condition, engine: PatternEngine) -> Predicate:  # noqa: PLR0911 - one return a case
    """Compile a condition once for many bodies."""
    match condition:
        case Compare(path, op, values):
            return _comparison(path, op, values)
        case Match(path, regex):
            pattern = engine.compile_pattern(regex)
            return _some(path, lambda value: _occurs(pattern, value))
        case Exists(path):
            return lambda body: next(_reached(body, path, 0), _NOTHING) is not _NOTHING
        case Element(path, inner):
            holds = predicate(inner, engine)
            return lambda body: any(
                holds(element) for held in _reached(body, path, 0) if isinstance(held, list) for element in held
            )
        case And(conditions):
            every = [predicate(inner, engine) for inner in conditions]
            return lambda body: all(holds(body) for holds in every)
        case Or(conditions):
            some = [predicate(inner, engine) for inner in conditions]
            return lambda body: any(holds(body) for holds in some)
        case Not(inner):
            holds = predicate(inner, engine)
            return lambda body: not holds(body)


_NOTHING = object()


def _reached(place: object, path: Path, depth: int) -> Iterator[object]:
    """What stands at the path; arrays of objects on the way are passed through, arrays of arrays are not."""
    if depth == len(path):
        yield place
        return
    step = path[depth]
    if isinstance(place, list):
        if isinstance(step, int):
            if step < len(place):
                yield from _reached(place[step], path, depth + 1)
            return
        for element in place:
            if isinstance(element, dict) and step in element:
                yield from _reached(element[step], path, depth + 1)
    elif isinstance(place, dict) and step in place:
        yield from _reached(place[step], path, depth + 1)


def _some(path: Path, holds: Predicate) -> Predicate:
    """Some value at the path satisfies; of an array, some element of it."""

    def check(body: object) -> bool:
        for value in _reached(body, path, 0):
            if isinstance(value, list):
                if any(holds(element) for element in value):
                    return True
            elif holds(value):
                return True
        return False

    return check


def _occurs(pattern: Pattern, value: object) -> bool:
    return isinstance(value, str) and len(value) <= MATCHED_TEXT and bool(pattern.search(value))


def _comparison(path: Path, op: Op, values: tuple[Value, ...]) -> Predicate:
    wanted = {(_type(value), value) for value in values}
    if op is Op.EQ or op is Op.NE:
        equal = _some(path, lambda value: (_type(value), value) in wanted if _is_scalar(value) else False)
        return equal if op is Op.EQ else lambda body: not equal(body)
    compare = _ORDER[op]
    return _some(path, lambda value: any(kind == _type(value) and compare(value, limit) for kind, limit in wanted))


_ORDER: dict[Op, Callable[[object, object], bool]] = {
    Op.GT: lambda value, limit: value > limit,  # type: ignore[operator]
    Op.GTE: lambda value, limit: value >= limit,  # type: ignore[operator]
    Op.LT: lambda value, limit: value < limit,  # type: ignore[operator]
    Op.LTE: lambda value, limit: value <= limit,  # type: ignore[operator]
}


def _is_scalar(value: object) -> bool:
    return value is None or isinstance(value, (str, int, float))


def _type(value: object) -> str:
    """JSON's types: true is no number, and 1 equals 1.0."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
    return "other"
