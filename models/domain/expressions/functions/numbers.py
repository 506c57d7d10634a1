"""Functions over numbers."""

import decimal
import math
import re
from typing import Any

from models.domain.expressions.errors import ExpressionValueError
from models.domain.expressions.functions.registry import function
from models.domain.expressions.operators import quotient
from models.domain.expressions.runtime import Run, as_list, checked_number, is_number, is_whole, wrong_type

_NUMBER = re.compile(r"-?(\d{1,40}(\.\d{1,40})?|\.\d{1,40})([eE][+-]?\d{1,3})?", re.ASCII)
_WIDE = decimal.Context(prec=400)  # a float has up to 309 digits before the point, and 20 are asked for behind it
_MAX_SCALE = 20


@function("number", "from: any", "number")
def number(_: Run, value: Any) -> Any:
    if is_number(value):
        return checked_number(value)
    if not isinstance(value, str) or not _NUMBER.fullmatch(text := value.strip()):
        return None
    return checked_number(int(text) if text.lstrip("-").isdecimal() else float(text))


@function("floor", "n: number", "number")
def floor(_: Run, value: float) -> Any:
    return checked_number(math.floor(checked_number(value)))


@function("ceiling", "n: number", "number")
def ceiling(_: Run, value: float) -> Any:
    return checked_number(math.ceil(checked_number(value)))


@function("round", "n: number, scale: number?", "number")
def round_half_up(_: Run, value: float, scale: float = 0) -> Any:
    """Round half away from zero, as people do; Python rounds half to even."""
    if not is_whole(scale) or abs(scale) > _MAX_SCALE:
        raise ExpressionValueError(f"round(scale) needs an integer from -{_MAX_SCALE} to {_MAX_SCALE}")
    exact = decimal.Decimal(repr(checked_number(value)))
    step = decimal.Decimal(1).scaleb(-int(scale))
    rounded = exact.quantize(step, rounding=decimal.ROUND_HALF_UP, context=_WIDE)
    return checked_number(int(rounded) if scale <= 0 or isinstance(value, int) else float(rounded))


@function("abs", "n: number", "number")
def absolute(_: Run, value: float) -> Any:
    return checked_number(abs(value))


@function("modulo", "dividend: number, divisor: number", "number")
def modulo(_: Run, dividend: float, divisor: float) -> Any:
    """Return the rest with the sign of the divisor, as FEEL defines it."""
    if divisor == 0:
        raise ExpressionValueError("The expression divides by zero")
    return _finite(lambda: dividend % divisor)


@function("sum", "values…: any", "number")
def total(run: Run, *values: Any) -> Any:
    items = _numbers(run, "sum", values)
    return _finite(lambda: sum(items)) if items else None


@function("mean", "values…: any", "number")
def mean(run: Run, *values: Any) -> Any:
    items = _numbers(run, "mean", values)
    return _finite(lambda: quotient(sum(items), len(items))) if items else None


@function("min", "values…: any", "any")
def least(run: Run, *values: Any) -> Any:
    items = comparable(run, "min", spread(values))
    return min(items) if items else None


@function("max", "values…: any", "any")
def greatest(run: Run, *values: Any) -> Any:
    items = comparable(run, "max", spread(values))
    return max(items) if items else None


def spread(values: tuple[Any, ...]) -> list[Any]:
    """Return what a function was given, be it as one list or as several arguments."""
    return as_list(values[0]) if len(values) == 1 else list(values)


def comparable(run: Run, name: str, items: list[Any]) -> list[Any] | None:
    """Return items that have an order (all numbers or all texts), None if a null is among them."""
    run.spend(len(items))
    if any(item is None for item in items):
        return None
    fits = str if items and isinstance(items[0], str) else None
    for item in items:
        if not (isinstance(item, str) if fits else is_number(item)):
            raise wrong_type(name, "numbers alone or texts alone", item)
    return items


def _numbers(run: Run, name: str, values: tuple[Any, ...]) -> list[Any] | None:
    items = spread(values)
    run.spend(1 + len(items) // 2)
    if any(item is None for item in items):
        return None
    for item in items:
        if not is_number(item):
            raise wrong_type(name, "numbers", item)
    return items


def _finite(calculation: Any) -> Any:
    try:
        return checked_number(calculation())
    except OverflowError:
        raise ExpressionValueError("The result is no finite number") from None
