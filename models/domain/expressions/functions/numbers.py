"""Functions over single numbers. Results have 34 digits; what has no value is an error."""

import decimal
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from models.domain.expressions.errors import ExpressionValueError
from models.domain.expressions.functions.registry import function
from models.domain.expressions.runtime import Run
from models.domain.expressions.values.numbers import (
    DECIMALS,
    MAX_INTEGER,
    comparable_number,
    exact,
    integer_or_decimal,
    is_number,
    is_whole,
    result,
)

_NUMBER = re.compile(r"-?(\d{1,40}(\.\d{1,40})?|\.\d{1,40})([eE][+-]?\d{1,3})?", re.ASCII)
_SCALES = 6_176
"""How far a decimal of 34 digits reaches on either side of the point (DMN 1.5, 10.3.4.5)."""
_WIDE = decimal.Context(prec=7_000, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN)


@function("number", "from: any, grouping separator: any?, decimal separator: any?", "number")
def number(run: Run, value: Any, grouping: Any = None, point: Any = None) -> Any:
    if is_number(value) and grouping is None and point is None:
        return exact(value)
    if not isinstance(value, str):
        return None
    if grouping not in (None, " ", ",", ".") or point not in (None, ",", ".") or (grouping and grouping == point):
        return None
    text = value.strip()
    text = text.replace(grouping, "") if grouping else text
    text = text.replace(point, ".") if point else text
    return _read(run, text) if _NUMBER.fullmatch(text) else None


def _read(run: Run, text: str) -> Any:
    if text.lstrip("-").isdecimal():
        return result(int(text), run.lenient)
    read = Decimal(text)
    if read.adjusted() > (6_144 if run.lenient else 308):
        raise ExpressionValueError("The result is no finite number")
    return read


def rounded(run: Run, value: Any, scale: Any, how: str, what: str) -> Any:
    """Return a number with so many decimals."""
    if not is_whole(scale) or abs(scale) > _SCALES:
        raise ExpressionValueError(f"{what}(scale) needs an integer from -{_SCALES + 1} to {_SCALES}")
    decimals, given = int(scale), exact(value)
    if isinstance(given, int) and decimals >= 0:
        return given
    number_given = Decimal(given)
    if -number_given.as_tuple().exponent <= decimals:  # type: ignore[operator]  # it is finite
        return number_given if decimals > 0 else integer_or_decimal(number_given, run.lenient)
    made = number_given.quantize(Decimal(1).scaleb(-decimals), rounding=how, context=_WIDE)
    made = DECIMALS.plus(made)
    return integer_or_decimal(made, run.lenient) if decimals <= 0 else made


def _register_rounding(name: str, how: str, scale: str) -> None:
    @function(name, f"n: number, scale: {scale}", "number")
    def call(run: Run, value: Any, decimals: Any = 0) -> Any:
        return rounded(run, value, 0 if decimals is None else decimals, how, name)


for _name, _how, _scale in (
    ("floor", decimal.ROUND_FLOOR, "number?"),
    ("ceiling", decimal.ROUND_CEILING, "number?"),
    ("round", decimal.ROUND_HALF_UP, "number?"),
    ("decimal", decimal.ROUND_HALF_EVEN, "number"),
    ("round up", decimal.ROUND_UP, "number"),
    ("round down", decimal.ROUND_DOWN, "number"),
    ("round half up", decimal.ROUND_HALF_UP, "number"),
    ("round half down", decimal.ROUND_HALF_DOWN, "number"),
):
    _register_rounding(_name, _how, _scale)


@function("abs", "n: any", "number")
def absolute(run: Run, value: Any) -> Any:
    """Return a number or duration without its sign."""
    if is_number(value):
        given = exact(value)
        return result(-given if given < 0 else given, run.lenient)
    from_duration = getattr(value, "nanoseconds", getattr(value, "months", None))
    if value is None:
        return None
    if from_duration is None or not hasattr(value, "__post_init__"):
        raise ExpressionValueError("abs(n) needs a number or a duration")
    return type(value)(abs(from_duration))


@function("modulo", "dividend: number, divisor: number", "number")
def modulo(run: Run, dividend: Any, divisor: Any) -> Any:
    """Return the rest with the sign of the divisor: dividend - divisor * floor(dividend / divisor)."""
    upper, lower = exact(dividend), exact(divisor)
    if lower == 0:
        raise ExpressionValueError("The expression divides by zero")
    if isinstance(upper, int) and isinstance(lower, int):
        return result(upper % lower, run.lenient)
    return _calculated(lambda: _remainder(Decimal(upper), Decimal(lower)))


def _remainder(upper: Decimal, lower: Decimal) -> Decimal:
    rest = DECIMALS.remainder(upper, lower)
    return DECIMALS.add(rest, lower) if rest and (rest < 0) != (lower < 0) else rest


@function("sqrt", "number: number", "number")
def square_root(run: Run, value: Any) -> Any:
    if value < 0:
        raise ExpressionValueError("sqrt(number) needs a number that is not negative")
    return integer_or_decimal(_calculated(lambda: DECIMALS.sqrt(Decimal(exact(value)))), run.lenient)


@function("log", "number: number", "number")
def logarithm(_: Run, value: Any) -> Any:
    """Return the natural logarithm."""
    if value <= 0:
        raise ExpressionValueError("log(number) needs a positive number")
    return _calculated(lambda: DECIMALS.ln(Decimal(exact(value))))


@function("exp", "number: number", "number")
def exponential(_: Run, value: Any) -> Any:
    """Return Euler's number to the power of the number."""
    return _calculated(lambda: DECIMALS.exp(Decimal(exact(value))))


@function("odd", "number: number", "boolean")
def odd(_: Run, value: Any) -> bool:
    return is_whole(value) and _last_bit(value) == 1


@function("even", "number: number", "boolean")
def even(_: Run, value: Any) -> bool:
    return is_whole(value) and _last_bit(value) == 0


def _last_bit(value: Any) -> int:
    compared = comparable_number(value)
    if isinstance(compared, Decimal) and abs(compared) > MAX_INTEGER:
        return int(_WIDE.remainder(abs(compared), Decimal(2)))
    return int(compared) % 2


def _calculated(calculation: Callable[[], Decimal]) -> Decimal:
    try:
        return calculation()
    except decimal.DecimalException:
        raise ExpressionValueError("The result is no finite number") from None
