"""Arithmetic and comparison, with FEEL's null.

Null in, null out. What FEEL calls an invalid operand (a text times a number) yields null there; in mappings it is an
error, because a mapping that silently hands null to a fulfiller is found too late. Decisions follow FEEL: the compiler
makes null of the error. Comparisons stay with FEEL everywhere: unlike kinds compare as null.
"""

import decimal
import operator as python
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from models.domain.expressions import durations
from models.domain.expressions.errors import ExpressionValueError
from models.domain.expressions.runtime import Run, checked_text, kind, same, wrong_type
from models.domain.expressions.values.calendar import TEMPORAL, Date, DaysTime, Moment, Time, YearsMonths
from models.domain.expressions.values.calendar_text import date_of, duration_of, moment_of, time_of
from models.domain.expressions.values.numbers import DECIMALS, comparable_number, exact, is_number, result
from models.domain.expressions.values.ranges import Range

Operation = Callable[[Run, Any, Any], Any]
Calculation = Callable[[Any, Any], Any]


def _arithmetic(sign: str, wanted: str, calculate: Calculation, calendar: Operation | None = None) -> Operation:
    """Return an operation over numbers, and over what `calendar` knows."""

    def operation(run: Run, left: Any, right: Any) -> Any:
        if left is None or right is None:
            return None
        if is_number(left) and is_number(right):
            return _calculated(run, calculate, left, right)
        if calendar is not None and (isinstance(left, TEMPORAL) or isinstance(right, TEMPORAL)):
            return calendar(run, left, right)
        raise wrong_type(sign, wanted, left if not is_number(left) else right)

    return operation


def _calculated(run: Run, calculate: Calculation, left: Any, right: Any) -> Any:
    try:
        return result(calculate(exact(left), exact(right)), run.lenient)
    except decimal.DecimalException:
        raise ExpressionValueError("The result is no finite number") from None


def _sum(left: Any, right: Any) -> Any:
    return left + right if isinstance(left, int) and isinstance(right, int) else DECIMALS.add(left, right)


def _difference(left: Any, right: Any) -> Any:
    return left - right if isinstance(left, int) and isinstance(right, int) else DECIMALS.subtract(left, right)


def _product(left: Any, right: Any) -> Any:
    return left * right if isinstance(left, int) and isinstance(right, int) else DECIMALS.multiply(left, right)


def quotient(left: int | Decimal, right: int | Decimal) -> int | Decimal:
    """Return left divided by right: an integer where two integers divide without rest, else a decimal."""
    if right == 0:
        raise ExpressionValueError("The expression divides by zero")
    if isinstance(left, int) and isinstance(right, int) and left % right == 0:
        return left // right
    return DECIMALS.divide(left, right)


def _power(left: int | Decimal, right: int | Decimal) -> Any:
    if left == 0 and right < 0:
        raise ExpressionValueError("The expression divides by zero")
    if left == 0 and right == 0:
        return 1
    if isinstance(left, int) and isinstance(right, int) and right >= 0:
        if left.bit_length() * right <= 20_000:
            return left**right
        if abs(left) <= 1:
            return left ** (2 - right % 2)
        if right > 20_000:
            raise ExpressionValueError("The result is an integer beyond 64 bits")
    return DECIMALS.power(left, right)


_add = _arithmetic("+", "two numbers or two texts", _sum, durations.plus)


def add(run: Run, left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str):
        run.spend((len(left) + len(right)) // 100)
        return checked_text(left + right)
    return _add(run, left, right)


def negate(run: Run, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, DaysTime):
        return DaysTime(-value.nanoseconds)
    if isinstance(value, YearsMonths):
        return YearsMonths(-value.months)
    if not is_number(value):
        raise wrong_type("-", "a number", value)
    return result(-exact(value), run.lenient)


def equal(run: Run, left: Any, right: Any) -> bool | None:
    """Compare as FEEL does: null equals null alone, values of unlike kinds compare as null."""
    if left is None or right is None:
        return left is right
    if kind(left) != kind(right):
        if run.lenient:
            return None
        left, right = _alike(left, right)
        if kind(left) != kind(right):
            return None
    return same(run, left, right)


def unequal(run: Run, left: Any, right: Any) -> bool | None:
    outcome = equal(run, left, right)
    return None if outcome is None else not outcome


def _alike(left: Any, right: Any) -> tuple[Any, Any]:
    """Return a text beside a date as the date it is: mappings read dates from JSON, where they are texts."""
    if isinstance(left, str) and isinstance(right, TEMPORAL):
        return _read(left, right), right
    if isinstance(right, str) and isinstance(left, TEMPORAL):
        return left, _read(right, left)
    return left, right


def _read(text: str, beside: Any) -> Any:
    if isinstance(beside, Moment):
        return moment_of(text, relaxed=True)
    if isinstance(beside, Date):
        return date_of(text)
    return time_of(text) if isinstance(beside, Time) else duration_of(text)


def _ordered(compare: Callable[[Any, Any], bool]) -> Operation:
    def operation(run: Run, left: Any, right: Any) -> bool | None:
        if isinstance(left, int | str) and type(left) is type(right) and left.__class__ is not bool:
            return compare(left, right)
        keys = order_keys(run, left, right)
        return None if keys is None else compare(*keys)

    return operation


def order_keys(run: Run, left: Any, right: Any) -> tuple[Any, Any] | None:
    """Return what the order of two values is the order of, None where they have none."""
    if is_number(left) and is_number(right):
        first, second = comparable_number(left), comparable_number(right)
        return None if first != first or second != second else (first, second)  # noqa: PLR0124  # NaN has no order
    if not run.lenient:
        left, right = _alike(left, right)
    if kind(left) != kind(right):
        return None
    return durations.keys(left, right, zones_differ=not run.lenient)


ARITHMETIC: dict[str, Operation] = {
    "+": add,
    "-": _arithmetic("-", "two numbers", _difference, durations.minus),
    "*": _arithmetic("*", "two numbers", _product, durations.times),
    "/": _arithmetic("/", "two numbers", quotient, durations.over),
    "**": _arithmetic("**", "two numbers", _power),
}
COMPARISON: dict[str, Operation] = {
    "=": equal,
    "!=": unequal,
    "<": _ordered(python.lt),
    "<=": _ordered(python.le),
    ">": _ordered(python.gt),
    ">=": _ordered(python.ge),
}


def both(left: Any, right: Any) -> bool | None:
    """Three-valued `and`; what is no boolean counts as null."""
    if left is False or right is False:
        return False
    return True if left is True and right is True else None


def within(run: Run, value: Any, bounds: Range) -> bool | None:
    """Tell whether a value lies in a range; null where it cannot be compared with an end."""
    above, below = COMPARISON[">=" if bounds.low_included else ">"], COMPARISON["<=" if bounds.high_included else "<"]
    low = True if bounds.low is None else above(run, value, bounds.low)
    high = True if bounds.high is None else below(run, value, bounds.high)
    return both(low, high)


def included(run: Run, items: list[Any], value: Any) -> bool:
    """Tell whether a list contains a value."""
    return any(same(run, item, value) for item in items)


def satisfies(run: Run, value: Any, test: Any) -> bool | None:
    """Tell whether `value in test` holds: in a list the value or a range around it, in a range, or equal."""
    if isinstance(test, Range):
        return within(run, value, test)
    if isinstance(test, list) and not (isinstance(value, list) and same(run, value, test)):
        return any(
            same(run, item, value) or (isinstance(item, Range | list) and satisfies(run, value, item) is True)
            for item in test
        )
    return equal(run, value, test)
