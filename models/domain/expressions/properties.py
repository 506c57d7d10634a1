"""What may stand behind the point of a date, a time, a duration or a range (DMN 1.5, table 65)."""

from collections.abc import Callable
from typing import Any

from models.domain.expressions.values.calendar import DAY, HOUR, MINUTE, SECOND, Date, DaysTime, Moment, Time
from models.domain.expressions.values.calendar import YearsMonths as Months
from models.domain.expressions.values.ranges import Range

_OF_DATE: dict[str, Callable[[Date], Any]] = {
    "year": lambda date: date.year,
    "month": lambda date: date.month,
    "day": lambda date: date.day,
    "weekday": lambda date: date.weekday,
}
_OF_TIME: dict[str, Callable[[Time], Any]] = {
    "hour": lambda time: time.nanoseconds // HOUR,
    "minute": lambda time: time.nanoseconds // MINUTE % 60,
    "second": lambda time: time.nanoseconds // SECOND % 60,
    "time offset": lambda time: None if time.zone is None else DaysTime(time.zone.at(time.nanoseconds) * SECOND),
    "timezone": lambda time: None if time.zone is None else time.zone.name,
}
_OF_DURATION: dict[str, Callable[[int], int]] = {
    "days": lambda length: length // DAY,
    "hours": lambda length: length // HOUR % 24,
    "minutes": lambda length: length // MINUTE % 60,
    "seconds": lambda length: length // SECOND % 60,
}
_OF_MONTHS: dict[str, Callable[[int], int]] = {
    "years": lambda months: months // 12,
    "months": lambda months: months % 12,
}
_OF_RANGE: dict[str, Callable[[Range], Any]] = {
    "start": lambda bounds: bounds.low,
    "end": lambda bounds: bounds.high,
    "start included": lambda bounds: bounds.low_included,
    "end included": lambda bounds: bounds.high_included,
}


def property_of(value: Any, name: str) -> Any:  # noqa: PLR0911  # one for each kind
    """Return a property, None where the value has none of that name."""
    match value:
        case Date():
            return _OF_DATE[name](value) if name in _OF_DATE else None
        case Time():
            return _OF_TIME[name](value) if name in _OF_TIME else None
        case Moment(date, time):
            if name == "time offset" and time.zone is not None:
                return DaysTime(time.zone.at(value.local) * SECOND)
            return property_of(date, name) if name in _OF_DATE else property_of(time, name)
        case DaysTime(length):
            return _signed(_OF_DURATION, name, length)
        case Months(months):
            return _signed(_OF_MONTHS, name, months)
        case Range():
            return _OF_RANGE[name](value) if name in _OF_RANGE else None
        case _:
            return None


def _signed(table: dict[str, Callable[[int], int]], name: str, length: int) -> int | None:
    if name not in table:
        return None
    part = table[name](abs(length))
    return -part if length < 0 else part
