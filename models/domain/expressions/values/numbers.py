"""Numbers: integers, and decimals of 34 digits as FEEL has them (IEEE 754 decimal128). Floats come from outside only.

An integer stays one while it fits into 64 bits, which is what the database stores and what is fast; what is beyond is
an error in mappings and a decimal in decisions.
"""

import decimal
from decimal import Decimal
from typing import Any, TypeGuard

from models.domain.expressions.errors import ExpressionValueError

MAX_INTEGER = 2**63 - 1
"""The database stores integers of 64 bits."""

DECIMALS = decimal.Context(
    prec=34, rounding=decimal.ROUND_HALF_EVEN, Emin=-6143, Emax=6144, clamp=1,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)  # fmt: skip
Number = int | float | Decimal


def is_number(value: Any) -> TypeGuard[Number]:
    """Tell whether a value is a number; a boolean is not."""
    return isinstance(value, int | Decimal | float) and not isinstance(value, bool)


def is_whole(value: Any) -> bool:
    """Tell whether a number is an integer, however it is written; what is not finite is none."""
    if isinstance(value, Decimal):
        return value.is_finite() and value == value.to_integral_value()
    return isinstance(value, int) or (isinstance(value, float) and value.is_integer())


def exact(value: Number) -> int | Decimal:
    """Return a number as the language calculates with it. Raises ExpressionValueError for what is none."""
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ExpressionValueError("The value is no finite number")
        return value
    if -MAX_INTEGER <= value <= MAX_INTEGER:
        return value
    raise ExpressionValueError("The value is an integer beyond 64 bits")


def comparable_number(value: Number) -> int | Decimal:
    """Return a number as it is compared; what is not finite is compared as a NaN, which equals nothing."""
    return Decimal(repr(value)) if isinstance(value, float) else value


def result(value: int | Decimal, lenient: bool) -> int | Decimal:
    """Return a computed number. An integer beyond 64 bits is an error, or a decimal where that is allowed."""
    if isinstance(value, int) and not -MAX_INTEGER <= value <= MAX_INTEGER:
        if not lenient:
            raise ExpressionValueError("The result is an integer beyond 64 bits")
        if value.bit_length() > 20_500:
            raise ExpressionValueError("The result is no finite number")
        return DECIMALS.create_decimal(value)
    return value


def whole(value: Number, what: str) -> int:
    """Return an integer. Raises ExpressionValueError, naming what needs it, for a number that is none."""
    if not is_whole(value):
        raise ExpressionValueError(f"{what} needs an integer")
    if not -MAX_INTEGER <= value <= MAX_INTEGER:
        raise ExpressionValueError(f"{what} needs an integer of 64 bits at most")
    return int(value)


def integer_or_decimal(value: Decimal, lenient: bool) -> int | Decimal:
    """Return a decimal without a fraction as an integer. Raises ExpressionValueError beyond 64 bits in mappings."""
    if not is_whole(value):
        return value
    if abs(value) > MAX_INTEGER:
        if lenient:
            return value
        raise ExpressionValueError("The result is an integer beyond 64 bits")
    return int(value)


def written(value: Number) -> str:
    """Return a number as FEEL writes it: plain digits, nothing behind the point that says nothing."""
    if isinstance(value, int):
        return str(value)
    text = format(exact(value), "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
