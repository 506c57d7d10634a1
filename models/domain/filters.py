"""Conditions over a resource's body: what a filter says, apart from how it was written and where it is evaluated.

The meaning is the same in memory (`predicate`, here) and in the database (`models.queries`). A path leads through
arrays: a comparison holds when any value at its path satisfies it, so several conditions may be met by different
elements of an array. `Element` is for when one and the same element has to meet them all.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from models.domain.patterns import Pattern, PatternEngine
from models.domain.search_patterns import MATCHED_TEXT

Path = tuple[str | int, ...]
"""Attribute names from the body down; a number picks one element of an array."""
Value = str | int | float | bool | None
Predicate = Callable[[object], bool]


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
    """The regex occurs in some text of up to `MATCHED_TEXT` characters at the path.

    Attributes:
        regex: a pattern that `search_patterns.check` has let through.
    """

    path: Path
    regex: str


@dataclass(frozen=True, slots=True)
class StartsWith:
    """Some text at the path starts so: what most patterns amount to, and what an index can answer."""

    path: Path
    prefix: str


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


Condition = Compare | Match | StartsWith | Exists | Element | And | Or | Not


def about_values(condition: Condition) -> bool:
    """Whether a condition on the elements of an array is about plain values (`@ == 1`), not about their attributes.

    Raises:
        ValueError: about both at once.
    """
    match condition:
        case And(conditions) | Or(conditions):
            kinds = {about_values(inner) for inner in conditions}
            if len(kinds) == 1:
                return kinds.pop()
            message = "one filter speaks of an element itself, @, or of its attributes, @.a, not of both"
            raise ValueError(message)
        case Not(inner):
            return about_values(inner)
    return not condition.path


def depth(condition: Condition) -> int:
    """How deep conditions are nested."""
    match condition:
        case And(conditions) | Or(conditions):
            return 1 + max(map(depth, conditions), default=0)
        case Not(inner) | Element(_, inner):
            return 1 + depth(inner)
    return 1


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
        case StartsWith(path, prefix):
            return _some(path, lambda value: isinstance(value, str) and value.startswith(prefix))
        case Exists(path):
            return lambda body: next(_reached(body, path, 0), _NOTHING) is not _NOTHING
        case Element(path, inner):
            return _some_element(path, predicate(inner, engine), plain=about_values(inner))
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


def _some_element(path: Path, holds: Predicate, *, plain: bool) -> Predicate:
    def fits(element: object) -> bool:
        return (plain or isinstance(element, dict)) and holds(element)

    return lambda body: any(any(map(fits, held)) for held in _reached(body, path, 0) if isinstance(held, list))


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
    return isinstance(value, str) and len(value) <= MATCHED_TEXT and pattern.search(value)


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
