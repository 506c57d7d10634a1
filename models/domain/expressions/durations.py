"""Arithmetic and order of dates, times, moments and durations (DMN 1.5, tables 57 to 60)."""

import decimal
from decimal import Decimal
from typing import Any

from models.domain.expressions.errors import ExpressionError, ExpressionValueError
from models.domain.expressions.runtime import Run, wrong_type
from models.domain.expressions.values.calendar import DAY, SECOND, Date, DaysTime, Moment, Time, YearsMonths, Zone
from models.domain.expressions.values.numbers import DECIMALS, exact, is_number


def plus(run: Run, left: Any, right: Any) -> Any:
    if isinstance(left, DaysTime | YearsMonths) and not isinstance(right, DaysTime | YearsMonths):
        left, right = right, left
    return _made(run, "+", left, right, 1)


def minus(run: Run, left: Any, right: Any) -> Any:
    if isinstance(right, Date | Moment | Time):
        return _between(run, left, right)
    return _made(run, "-", left, right, -1)


def times(_: Run, left: Any, right: Any) -> Any:
    if is_number(left):
        left, right = right, left
    if isinstance(left, DaysTime | YearsMonths) and is_number(right):
        return _scaled(left, exact(right))
    raise wrong_type("*", "a duration and a number", right)


def over(_: Run, left: Any, right: Any) -> Any:
    if isinstance(left, DaysTime | YearsMonths) and is_number(right):
        if right == 0:
            raise ExpressionValueError("The expression divides by zero")
        return _scaled(left, 1, exact(right))
    if type(left) is type(right) and isinstance(left, DaysTime | YearsMonths):
        first, second = _amount(left), _amount(right)
        if second == 0:
            raise ExpressionValueError("The expression divides by zero")
        return first // second if first % second == 0 else DECIMALS.divide(Decimal(first), Decimal(second))
    raise wrong_type("/", "a duration, and a number or a duration of its kind", right)


def keys(left: Any, right: Any, *, zones_differ: bool) -> tuple[Any, Any] | None:
    """Return what the order of two values of one kind is the order of.

    With `zones_differ`, a moment without a zone has an order among those with one: UTC is meant.
    """
    match left:
        case str():
            return left, right
        case Date():
            return left.ordinal, right.ordinal
        case DaysTime() | YearsMonths():
            return _amount(left), _amount(right)
        case Time() | Moment():
            if not zones_differ and _zoned(left) != _zoned(right):
                return None
            return left.instant, right.instant
        case _:
            return None


def _zoned(value: Time | Moment) -> bool:
    return (value.zone if isinstance(value, Time) else value.time.zone) is not None


def _amount(duration: DaysTime | YearsMonths) -> int:
    return duration.nanoseconds if isinstance(duration, DaysTime) else duration.months


def _made(run: Run, sign: str, left: Any, right: Any, factor: int) -> Any:  # noqa: PLR0911  # one for each kind
    run.spend(1)
    try:
        match left, right:
            case DaysTime(first), DaysTime(second):
                return DaysTime(first + factor * second)
            case YearsMonths(first), YearsMonths(second):
                return YearsMonths(first + factor * second)
            case Date(), YearsMonths(months):
                return left.plus_months(factor * months)
            case Date(), DaysTime(nanoseconds):
                return Date.of((left.ordinal * DAY + factor * nanoseconds) // DAY)
            case Time(start, zone), DaysTime(nanoseconds):
                return Time((start + factor * nanoseconds) % DAY, zone)
            case Moment(date, time), YearsMonths(months):
                return Moment(date.plus_months(factor * months), time)
            case Moment(), DaysTime(nanoseconds):
                return _moved(left, factor * nanoseconds)
    except ValueError as error:
        raise ExpressionValueError(str(error)) from None
    raise wrong_type(sign, "what can be put together: a date, time or duration, and a duration", right)


def _moved(moment: Moment, nanoseconds: int) -> Moment:
    """Return a moment so much later: in a named zone, clocks may be changed on the way."""
    zone = moment.time.zone
    if zone is None or zone.offset is not None:
        return Moment.of(moment.local + nanoseconds, zone)
    instant = moment.instant + nanoseconds
    return Moment.of(instant + zone.at(instant) * SECOND, zone)


def _between(run: Run, left: Any, right: Any) -> DaysTime:
    if isinstance(left, Time) and isinstance(right, Time):
        pair: tuple[Any, Any] = (left, right)
    elif isinstance(left, Date | Moment) and isinstance(right, Date | Moment):
        if isinstance(left, Date) and isinstance(right, Date):
            return DaysTime((left.ordinal - right.ordinal) * DAY)
        pair = _at_midnight(run, left, right), _at_midnight(run, right, left)
    else:
        raise wrong_type("-", "two dates, two moments or two times", left)
    if run.lenient and _zoned(pair[0]) != _zoned(pair[1]):
        raise ExpressionValueError("One of the two has a time zone, the other has not")
    return DaysTime(pair[0].instant - pair[1].instant)


def _at_midnight(run: Run, value: Date | Moment, beside: Date | Moment) -> Moment:
    """Return a date as a moment: midnight UTC in FEEL (DMN 1.5, 10.3.2.9.4), in the other's zone in mappings."""
    if isinstance(value, Moment):
        return value
    return Moment(value, Time(0, beside.time.zone if isinstance(beside, Moment) and not run.lenient else Zone(0)))


def _scaled(duration: Any, factor: int | Decimal, divisor: int | Decimal | None = None) -> Any:
    amount = _amount(duration)
    try:
        exactly = DECIMALS.multiply(amount, factor) if divisor is None else DECIMALS.divide(Decimal(amount), divisor)
        if exactly.adjusted() > 40:
            raise ExpressionValueError("The duration is too long")
        return type(duration)(int(exactly))
    except (ValueError, decimal.DecimalException) as error:
        if isinstance(error, ExpressionError):
            raise
        raise ExpressionValueError("The duration is too long") from None
