"""Conditions on an event, as a hub's `query` states them.

An envelope mixes several APIs' resources and extension attributes, so that no one schema types its paths: a value is
compared as what stands in the event is, a number with numbers, a date with dates, everything else as text.
"""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from models.domain.patterns import Pattern, PatternError

Scalar = str | float | bool

_ORDERED: Mapping[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
OPERATORS = frozenset({"eq", "ne", "regex", *_ORDERED})


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition; several in a query all have to hold, perhaps each for another element of an array.

    Attributes:
        path: attribute names from the envelope down.
        operator: one of `OPERATORS`.
        values: texts of which one has to fit; with `ne`, none may.
        pattern: compiled, for `regex`.
    """

    path: tuple[str, ...]
    operator: str
    values: tuple[str, ...]
    pattern: Pattern | None = None

    def holds(self, envelope: Mapping[str, Any]) -> bool:
        """Whether the event fulfils it."""
        found = list(_values_at(envelope, self.path))
        if self.operator == "ne":
            return not any(_equal(value, text) for value in found for text in self.values)
        return any(self._fits(value) for value in found)

    def _fits(self, value: Scalar) -> bool:
        if self.operator == "eq":
            return any(_equal(value, text) for text in self.values)
        if self.operator == "regex":
            return self._found_in(value)
        return any(_ordered(self.operator, value, text) for text in self.values)

    def _found_in(self, value: Scalar) -> bool:
        try:
            return self.pattern is not None and self.pattern.search(_text(value))
        except PatternError:  # the text is too long for this pattern; then it is not what was asked for
            return False


def _values_at(value: Any, path: Sequence[str]) -> Iterator[Scalar]:
    if isinstance(value, list):
        for element in value:
            yield from _values_at(element, path)
    elif path and isinstance(value, Mapping):
        if path[0] in value:
            yield from _values_at(value[path[0]], path[1:])
    elif not path and isinstance(value, str | int | float | bool):
        yield value


def _equal(value: Scalar, text: str) -> bool:
    if isinstance(value, str):
        return value == text or (_moment(text) is not None and _moment(value) == _moment(text))
    if isinstance(value, bool):
        return _text(value) == text
    return value == _number(text)


def _ordered(name: str, value: Scalar, text: str) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, int | float):
        number = _number(text)
        return number is not None and _ORDERED[name](value, number)
    here, there = _moment(value), _moment(text)
    if here is not None and there is not None:
        return _ORDERED[name](here, there)
    return _ORDERED[name](value, text)


def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    """The moment a text names; a plus that form encoding has turned into a space counts as a plus."""
    if len(text) < 10 or not text[:4].isdigit() or text[4] != "-":
        return None
    try:
        moment = datetime.fromisoformat(text[:11] + text[11:].replace(" ", "+"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
