"""Functions that make and ask dates, times, moments and durations (DMN 1.5, tables 74, 76 and 80)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

from models.domain.expressions.errors import ExpressionError, ExpressionTypeError, ExpressionValueError
from models.domain.expressions.functions.registry import function
from models.domain.expressions.runtime import Run
from models.domain.expressions.values.calendar import HOUR, MINUTE, SECOND, Date, DaysTime, Moment, Time, YearsMonths
from models.domain.expressions.values.calendar import Zone as ZoneValue
from models.domain.expressions.values.calendar_text import date_of, duration_of, moment_of, time_of, zone_of
from models.domain.expressions.values.numbers import is_number, whole

Made = TypeVar("Made")

_MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"]  # fmt: skip
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


@function("date", "from: any, month: any?, day: any?", "date", "year, month, day")
def date(_: Run, *given: Any) -> Date | None:
    """Return the date of a text, of a moment, or of year, month and day."""
    if len(given) == 1:
        value = given[0]
        if isinstance(value, Moment):
            return value.date
        return date_of(value) if isinstance(value, str) else value if isinstance(value, Date) else None
    if len(given) != 3 or not all(is_number(part) for part in given):
        return None
    year, month, day = (whole(part, "date") for part in given)
    return _made(lambda: Date(year, month, day))


@function("time", "from: any, minute: any?, second: any?, offset: any?", "time", "hour, minute, second, offset",
          "hour, minute, second")  # fmt: skip
def time(_: Run, *given: Any) -> Time | None:
    """Return the time of a text, of a moment, or of hour, minute, second and offset from UTC."""
    if len(given) == 1:
        value = given[0]
        if isinstance(value, Moment):
            return value.time
        if isinstance(value, Date):
            return Time(0, ZoneValue(0))
        return time_of(value) if isinstance(value, str) else value if isinstance(value, Time) else None
    offset = given[3] if len(given) == 4 else None
    if len(given) < 3 or not all(is_number(part) for part in given[:3]) or not isinstance(offset, DaysTime | None):
        return None
    hour, minute, second = given[:3]
    return _made(lambda: _time(hour, minute, second, None if offset is None else _offset(offset.nanoseconds)))


@function("date and time", "from: any, time: any?, day: any?, hour: any?, minute: any?, second: any?, offset: any?",
          "date and time", "date, time", "year, month, day, hour, minute, second",
          "year, month, day, hour, minute, second, offset")  # fmt: skip
def date_and_time(run: Run, *given: Any) -> Moment | None:  # noqa: PLR0911  # one for each kind
    """Return the moment of a text, of a date and a time, or of numbers with an offset or the name of a time zone."""
    match given:
        case (str(text),):
            return moment_of(text, relaxed=not run.lenient)
        case (Moment(),):
            return given[0]  # type: ignore[no-any-return]
        case (Date(),):
            return Moment(given[0], Time(0, None if run.lenient else ZoneValue(0)))
        case (Date() | Moment(), Time()):
            return Moment(given[0] if isinstance(given[0], Date) else given[0].date, given[1])
        case (str(day), str(hour)) if (read := (date_of(day), time_of(hour))) and None not in read:
            return Moment(*read)  # type: ignore[arg-type]
        case (_, _, _, _, _, _, *offset) if len(given) <= 7 and all(is_number(part) for part in given[:6]):
            return _made(lambda: _moment(given, offset[0] if offset else None))
        case _:
            return None


@function("duration", "from: any", "any")
def duration(_: Run, value: Any) -> DaysTime | YearsMonths | None:
    if isinstance(value, DaysTime | YearsMonths):
        return value
    return duration_of(value) if isinstance(value, str) else None


@function("years and months duration", "from: any, to: any", "years and months duration")
def years_and_months(_: Run, start: Any, end: Any) -> YearsMonths | None:
    """Return the whole months from one date or moment to another."""
    if not isinstance(start, Date | Moment) or not isinstance(end, Date | Moment):
        return None
    first, last = (value if isinstance(value, Date) else value.date for value in (start, end))
    months = (last.year - first.year) * 12 + last.month - first.month
    if months > 0 and last.day < first.day:
        months -= 1
    elif months < 0 and last.day > first.day:
        months += 1
    return YearsMonths(months)


@function("now", "", "date and time")
def now(run: Run) -> Moment:
    if run.now is None:
        raise ExpressionError("There is no present moment here")
    return run.now


@function("today", "", "date")
def today(run: Run) -> Date:
    if run.now is None:
        raise ExpressionError("There is no present day here")
    return run.now.date


@function("day of week", "date: any", "text")
def day_of_week(_: Run, value: Any) -> str | None:
    return _asked(value, lambda day: _DAYS[day.weekday - 1])


@function("day of year", "date: any", "number")
def day_of_year(_: Run, value: Any) -> int | None:
    return _asked(value, lambda day: day.day_of_year)


@function("month of year", "date: any", "text")
def month_of_year(_: Run, value: Any) -> str | None:
    return _asked(value, lambda day: _MONTHS[day.month - 1])


@function("week of year", "date: any", "number")
def week_of_year(_: Run, value: Any) -> int | None:
    return _asked(value, lambda day: day.week)


@function("last day of month", "date: any", "date")
def last_day_of_month(_: Run, value: Any) -> Date | None:
    return _asked(value, lambda day: Date.of(Date(day.year, day.month, 1).plus_months(1).ordinal - 1))


def _asked(value: Any, question: Callable[[Date], Made]) -> Made | None:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value is None:
        return None
    if not isinstance(value, Date | Moment):
        raise ExpressionTypeError("The function needs a date, or a date and time")
    return _made(lambda: question(value if isinstance(value, Date) else value.date))


def _made(make: Callable[[], Made]) -> Made:
    try:
        return make()
    except ValueError as error:
        raise ExpressionValueError(str(error)) from None


def _time(hour: Any, minute: Any, second: Any, zone: ZoneValue | None) -> Time:
    hours, minutes = whole(hour, "time(hour)"), whole(minute, "time(minute)")
    seconds = second if isinstance(second, int) else Decimal(repr(second) if isinstance(second, float) else second)
    if not (0 <= hours <= 23 and 0 <= minutes <= 59 and 0 <= seconds < 60):
        raise ValueError("There is no such time")
    return Time(hours * HOUR + minutes * MINUTE + int(seconds * SECOND), zone)


def _offset(nanoseconds: int) -> ZoneValue:
    if abs(nanoseconds) > 18 * HOUR:
        raise ValueError("There is no such offset")
    return ZoneValue(nanoseconds // SECOND)


def _moment(given: tuple[Any, ...], offset: Any) -> Moment:
    if is_number(offset):
        zone: ZoneValue | None = _offset(int(Decimal(str(offset)) * HOUR))
    elif isinstance(offset, DaysTime):
        zone = _offset(offset.nanoseconds)
    else:
        zone = zone_of(offset) if isinstance(offset, str) and offset else None
    year, month, day = (whole(part, "date and time") for part in given[:3])
    hour, minute, second = given[3:6]
    return Moment(Date(year, month, day), _time(hour, minute, second, zone))
