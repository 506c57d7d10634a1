"""Functions over several numbers, or over several values that have an order or are true or false."""

import decimal
import functools
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from models.domain.expressions.errors import ExpressionValueError
from models.domain.expressions.functions.registry import function
from models.domain.expressions.operators import ARITHMETIC, order_keys
from models.domain.expressions.runtime import Run, as_list, kind, wrong_type
from models.domain.expressions.values.calendar import DaysTime, YearsMonths
from models.domain.expressions.values.numbers import DECIMALS, comparable_number, exact, integer_or_decimal, is_number


@function("sum", "list…: any", "any")
def total(run: Run, *values: Any) -> Any:
    """Add numbers up, or durations of one kind."""
    items = _addable(run, "sum", values)
    return _folded(run, "+", items) if items else None


@function("product", "list…: any", "number")
def product(run: Run, *values: Any) -> Any:
    items = numbers(run, "product", values)
    return _folded(run, "*", items) if items else None


@function("mean", "list…: any", "any")
def mean(run: Run, *values: Any) -> Any:
    items = _addable(run, "mean", values)
    return ARITHMETIC["/"](run, _folded(run, "+", items), len(items)) if items else None


@function("median", "list…: any", "number")
def median(run: Run, *values: Any) -> Any:
    items = numbers(run, "median", values)
    if not items:
        return None
    ordered, half = sorted(items), len(items) // 2
    if len(ordered) % 2:
        return ordered[half]
    return ARITHMETIC["/"](run, ARITHMETIC["+"](run, ordered[half - 1], ordered[half]), 2)


@function("stddev", "list…: any", "number")
def standard_deviation(run: Run, *values: Any) -> Any:
    """Return the standard deviation of a sample; null for fewer than two numbers."""
    items = numbers(run, "stddev", values)
    if not items or len(items) < 2:
        return None
    try:
        middle = DECIMALS.divide(functools.reduce(DECIMALS.add, items, Decimal(0)), len(items))
        squares = [DECIMALS.multiply(gap, gap) for gap in (DECIMALS.subtract(item, middle) for item in items)]
        variance = DECIMALS.divide(functools.reduce(DECIMALS.add, squares, Decimal(0)), len(items) - 1)
        return integer_or_decimal(DECIMALS.sqrt(variance), run.lenient)
    except decimal.DecimalException:
        raise ExpressionValueError("The result is no finite number") from None


@function("mode", "list…: any", "list")
def mode(run: Run, *values: Any) -> Any:
    """Return the numbers that occur most often, in ascending order."""
    items = numbers(run, "mode", values)
    if items is None:
        return None
    counts: dict[Any, int] = {}
    for item in items:
        counts[item] = counts.get(item, 0) + 1
    most = max(counts.values(), default=0)
    return sorted(item for item, count in counts.items() if count == most)


@function("min", "list…: any", "any")
def least(run: Run, *values: Any) -> Any:
    return _extreme(run, "min", values, low=True)


@function("max", "list…: any", "any")
def greatest(run: Run, *values: Any) -> Any:
    return _extreme(run, "max", values, low=False)


@function("all", "list…: any", "boolean")
def conjunction(run: Run, *values: Any) -> bool | None:
    """Tell whether all are true: false if one is false, else null if one is no boolean."""
    return _decided(run, values, by=False)


@function("any", "list…: any", "boolean")
def disjunction(run: Run, *values: Any) -> bool | None:
    """Tell whether any is true: true if one is, else null if one is no boolean."""
    return _decided(run, values, by=True)


def spread(values: tuple[Any, ...]) -> list[Any]:
    """Return what a function was given, be it as one list or as several arguments."""
    return as_list(values[0]) if len(values) == 1 else list(values)


def in_order(run: Run, name: str, items: list[Any]) -> list[Any] | None:
    """Return items in ascending order, None if a null is among them. Raises where they have no common order."""
    run.spend(len(items))
    if any(item is None for item in items):
        return None
    for item in items:
        if order_keys(run, items[0], item) is None:
            raise wrong_type(name, "numbers alone, texts alone, or dates or durations of one kind", item)
    compare = functools.cmp_to_key(lambda a, b: _comparison(run, a, b))
    return sorted(items, key=_key(items) or compare)


def _key(items: list[Any]) -> Callable[[Any], Any] | None:
    if items and is_number(items[0]):
        return comparable_number
    return (lambda item: item) if items and isinstance(items[0], str) else None


def _comparison(run: Run, left: Any, right: Any) -> int:
    run.spend(1)
    keys = order_keys(run, left, right)
    return 0 if keys is None else (keys[0] > keys[1]) - (keys[0] < keys[1])


def numbers(run: Run, name: str, values: tuple[Any, ...]) -> list[int | Decimal] | None:
    """Return numbers to calculate with, None if a null is among them."""
    items = spread(values)
    run.spend(1 + len(items) // 2)
    if any(item is None for item in items):
        return None
    for item in items:
        if not is_number(item):
            raise wrong_type(name, "numbers", item)
    return [exact(item) for item in items]


def _addable(run: Run, name: str, values: tuple[Any, ...]) -> list[Any] | None:
    items = spread(values)
    if items and isinstance(items[0], DaysTime | YearsMonths):
        run.spend(len(items))
        if any(item is None for item in items):
            return None
        if any(type(item) is not type(items[0]) for item in items):
            raise wrong_type(name, "durations of one kind", items[0])
        return items
    return list(numbers(run, name, values) or ()) or None


def _folded(run: Run, sign: str, items: list[Any]) -> Any:
    operation = ARITHMETIC[sign]
    return functools.reduce(lambda left, right: operation(run, left, right), items)


def _extreme(run: Run, name: str, values: tuple[Any, ...], *, low: bool) -> Any:
    items = spread(values)
    ordered = in_order(run, name, items)
    return (ordered[0] if low else ordered[-1]) if ordered else None


def _decided(run: Run, values: tuple[Any, ...], *, by: bool) -> bool | None:
    if len(values) == 1 and values[0] is None:
        return None
    items = spread(values)
    run.spend(len(items))
    if any(item is by for item in items):
        return by
    return None if any(kind(item) != "boolean" for item in items) else not by
