"""Functions over ranges, and over points and ranges (DMN 1.5, table 78), after Allen's interval algebra."""

from collections.abc import Callable
from typing import Any

from models.domain.expressions.errors import ExpressionTypeError, ExpressionValueError
from models.domain.expressions.functions.numbers import number
from models.domain.expressions.functions.registry import function
from models.domain.expressions.operators import order_keys
from models.domain.expressions.runtime import Run, wrong_type
from models.domain.expressions.values.calendar_text import temporal_of
from models.domain.expressions.values.ranges import Range


class _Order:
    """Compares ends of ranges; an end without a value is an end that has none."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def less(self, left: Any, right: Any) -> bool:
        keys = order_keys(self._run, left, right)
        if keys is None:
            raise ExpressionTypeError("The ends of the ranges have no common order")
        return bool(keys[0] < keys[1])

    def equal(self, left: Any, right: Any) -> bool:
        if left is None or right is None:
            return left is right
        return not self.less(left, right) and not self.less(right, left)


def _before(order: _Order, a: Range, b: Range) -> bool:
    return order.less(a.high, b.low) or (order.equal(a.high, b.low) and not (a.high_included and b.low_included))


def _meets(order: _Order, a: Range, b: Range) -> bool:
    return a.high_included and b.low_included and order.equal(a.high, b.low)


def _starts_earlier(order: _Order, a: Range, b: Range) -> bool:
    return order.less(a.low, b.low) or (order.equal(a.low, b.low) and a.low_included and not b.low_included)


def _ends_later(order: _Order, a: Range, b: Range) -> bool:
    return order.less(b.high, a.high) or (order.equal(a.high, b.high) and a.high_included and not b.high_included)


def _same_start(order: _Order, a: Range, b: Range) -> bool:
    return order.equal(a.low, b.low) and a.low_included == b.low_included


def _same_end(order: _Order, a: Range, b: Range) -> bool:
    return order.equal(a.high, b.high) and a.high_included == b.high_included


def _overlaps(order: _Order, a: Range, b: Range) -> bool:
    return not _before(order, a, b) and not _before(order, b, a)


def _overlaps_before(order: _Order, a: Range, b: Range) -> bool:
    return _starts_earlier(order, a, b) and _overlaps(order, a, b) and not _ends_later(order, a, b)


def _includes(order: _Order, a: Range, b: Range) -> bool:
    return not _starts_earlier(order, b, a) and not _ends_later(order, b, a)


def _finishes(order: _Order, a: Range, b: Range) -> bool:
    return _same_end(order, a, b) and not _starts_earlier(order, a, b)


def _starts(order: _Order, a: Range, b: Range) -> bool:
    return _same_start(order, a, b) and not _ends_later(order, a, b)


def _coincides(order: _Order, a: Range, b: Range) -> bool:
    return _same_start(order, a, b) and _same_end(order, a, b)


_RELATIONS: dict[str, Callable[[_Order, Range, Range], bool]] = {
    "before": _before,
    "after": lambda order, a, b: _before(order, b, a),
    "meets": _meets,
    "met by": lambda order, a, b: _meets(order, b, a),
    "overlaps": _overlaps,
    "overlaps before": _overlaps_before,
    "overlaps after": lambda order, a, b: _overlaps_before(order, b, a),
    "finishes": _finishes,
    "finished by": lambda order, a, b: _finishes(order, b, a),
    "includes": _includes,
    "during": lambda order, a, b: _includes(order, b, a),
    "starts": _starts,
    "started by": lambda order, a, b: _starts(order, b, a),
    "coincides": _coincides,
}
_POINTS_MUST_BE_RANGES = frozenset({"meets", "met by", "overlaps", "overlaps before", "overlaps after"})
_NAMES = ("point1, point2", "point, range", "range, point", "range1, range2", "range1, point", "point, range2")


def _register(name: str, relation: Callable[[_Order, Range, Range], bool]) -> None:
    @function(name, "range1: any, range2: any", "boolean", *_NAMES)
    def call(run: Run, left: Any, right: Any) -> bool | None:
        if left is None or right is None:
            return None
        points = not isinstance(left, Range) or not isinstance(right, Range)
        if points and name in _POINTS_MUST_BE_RANGES:
            raise wrong_type(name, "two ranges", right if isinstance(left, Range) else left)
        return relation(_Order(run), _as_range(left), _as_range(right))


for _name, _relation in _RELATIONS.items():
    _register(_name, _relation)


def _as_range(value: Any) -> Range:
    return value if isinstance(value, Range) else Range(value, value, True, True)


@function("range", "from: text", "range")
def range_of(run: Run, text: str) -> Range | None:
    """Return the range that a text is: `[1..5)`, with numbers, texts or dates as its ends."""
    if len(text) < 4 or text[0] not in "[(]" or text[-1] not in "])[" or text.count("..") != 1:
        return None
    low, high = (_end(part.strip()) for part in text[1:-1].split(".."))
    if low is None and high is None:
        return None
    if low is not None and high is not None:
        keys = order_keys(run, low, high)
        if keys is None or keys[0] > keys[1]:
            return None
    return Range(low, high, text[0] == "[" and low is not None, text[-1] == "]" and high is not None)


def _end(text: str) -> Any:
    """Return the value at an end of a range written as a text: a literal."""
    if text == "":
        return None
    if text[0] == '"' and text[-1] == '"' and len(text) > 1:
        return text[1:-1]
    inner = text
    for before in ('@"', 'date("', 'time("', 'date and time("', 'duration("'):
        if text.startswith(before):
            inner = text[len(before) :].rstrip(")").rstrip('"')
            return temporal_of(inner)
    read = number(Run({}, 0, 1_000), inner)
    if read is None:
        raise ExpressionValueError(f"{inner!r} is no end of a range")
    return read
