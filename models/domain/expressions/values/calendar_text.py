"""Dates, times, moments and durations as texts: ISO 8601, and `@Europe/Paris` for named zones, as FEEL has it."""

import functools
import re
import zoneinfo

from models.domain.expressions.values.calendar import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Date,
    DaysTime,
    Moment,
    Temporal,
    Time,
    YearsMonths,
    Zone,
)

_MAX_TEXT = 100
_DATE = r"(?P<year>-?(?:[1-9]\d{4,8}|\d{4}))-(?P<month>\d\d)-(?P<day>\d\d)"
_ZONE = r"(?P<zone>[Zz]|[+-]\d\d:\d\d(?::\d\d)?|@[A-Za-z][A-Za-z0-9_+\-/]*)?"
_TIME = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:\.(?P<fraction>\d{1,9})\d*)?" + _ZONE
_RELAXED_TIME = r"(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d{1,9}))?)?" + _ZONE
DATE = re.compile(_DATE, re.ASCII)
TIME = re.compile("T?" + _TIME, re.ASCII)
MOMENT = re.compile(f"{_DATE}T{_TIME}", re.ASCII)
RELAXED_MOMENT = re.compile(f"{_DATE}[Tt]{_RELAXED_TIME}", re.ASCII)
_MONTHS = re.compile(r"(-?)P(?:(\d{1,19})Y)?(?:(\d{1,19})M)?", re.ASCII)
_DAYS = re.compile(
    r"(-?)P(?:(\d{1,19})D)?(?:T(?:(\d{1,19})H)?(?:(\d{1,19})M)?(?:(\d{1,19})(?:\.(\d{0,9})\d*)?S)?)?", re.ASCII
)


@functools.lru_cache(maxsize=256)
def zone_of(text: str) -> Zone | None:
    """Return a zone written as `Z`, an offset, or a name. Raises ValueError for what is none."""
    if text in "Zz":
        return Zone(0)
    if text[0] in "+-":
        hours, minutes, *seconds = map(int, text[1:].split(":"))
        if hours > 18 or minutes > 59 or (seconds and seconds[0] > 59):
            raise ValueError("There is no such offset")
        offset = hours * 3_600 + minutes * 60 + (seconds[0] if seconds else 0)
        return Zone(-offset if text[0] == "-" else offset)
    name = text.lstrip("@")
    if ".." in name or name.startswith("/"):
        raise ValueError("There is no such time zone")
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, OSError):
        raise ValueError("There is no such time zone") from None
    return Zone(None, name)


def date_of(text: str) -> Date | None:
    """Return the date that a text is, None where it is none."""
    found = DATE.fullmatch(text) if len(text) <= _MAX_TEXT else None
    try:
        return _date(found) if found else None
    except ValueError:
        return None


def time_of(text: str) -> Time | None:
    """Return the time of day that a text is, None where it is none."""
    found = TIME.fullmatch(text) if len(text) <= _MAX_TEXT else None
    try:
        return _time(found) if found else None
    except ValueError:
        return None


def moment_of(text: str, *, relaxed: bool = False) -> Moment | None:
    """Return the moment that a text is, None where it is none. A date alone is its midnight.

    Relaxed, seconds may be missing and letters be small, as RFC 3339 allows.
    """
    if len(text) > _MAX_TEXT:
        return None
    found = (RELAXED_MOMENT if relaxed else MOMENT).fullmatch(text)
    try:
        if found:
            return Moment(_date(found), _time(found))
        midnight = DATE.fullmatch(text)
        return Moment(_date(midnight), Time(0, Zone(0) if relaxed else None)) if midnight else None
    except ValueError:
        return None


def duration_of(text: str) -> DaysTime | YearsMonths | None:
    """Return the duration that a text is, None where it is none: years and months, or days and time, never both."""
    if len(text) > _MAX_TEXT or text[-1:] in ("P", "T", ""):
        return None
    try:
        if found := _MONTHS.fullmatch(text):
            sign, years, months = found.groups()
            return YearsMonths((int(years or 0) * 12 + int(months or 0)) * (-1 if sign else 1))
        if found := _DAYS.fullmatch(text):
            sign, days, hours, minutes, seconds, fraction = found.groups()
            total = int(days or 0) * DAY + int(hours or 0) * HOUR + int(minutes or 0) * MINUTE
            total += int(seconds or 0) * SECOND + int((fraction or "").ljust(9, "0"))
            return DaysTime(-total if sign else total)
    except ValueError:
        return None
    return None


def temporal_of(text: str) -> Temporal | None:
    """Return what `@"…"` means."""
    return date_of(text) or time_of(text) or moment_of(text) or duration_of(text)


def _date(found: re.Match[str]) -> Date:
    return Date(int(found["year"]), int(found["month"]), int(found["day"]))


def _time(found: re.Match[str]) -> Time:
    hour, minute, second = int(found["hour"]), int(found["minute"]), int(found["second"] or 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError("There is no such time")
    fraction = int((found["fraction"] or "").ljust(9, "0"))
    zone = zone_of(found["zone"]) if found["zone"] else None
    return Time(hour * HOUR + minute * MINUTE + second * SECOND + fraction, zone)


def text_of(value: Temporal) -> str:
    """Return the one text by which FEEL writes a value."""
    match value:
        case Date(year, month, day):
            return f"{'-' * (year < 0)}{abs(year):04d}-{month:02d}-{day:02d}"
        case Time():
            return _time_text(value)
        case Moment(date, time):
            return f"{text_of(date)}T{_time_text(time)}"
        case YearsMonths(months):
            years, rest = divmod(abs(months), 12)
            parts = (f"{years}Y" if years else "") + (f"{rest}M" if rest else "")
            return ("-" if months < 0 else "") + "P" + (parts or "0M")
        case DaysTime(nanoseconds):
            return _days_text(nanoseconds)


def canonical(value: Moment) -> str:
    """Return a moment in UTC with milliseconds: the one form whose order as text is the order in time."""
    utc = value.utc
    milliseconds = utc.time.nanoseconds // 1_000_000
    return f"{text_of(utc.date)}T{_clock(utc.time.nanoseconds)}.{milliseconds % 1_000:03d}Z"


def zone_text(zone: Zone) -> str:
    """Return a zone as it is written behind a time; a name without its `@`."""
    if zone.offset is None:
        return zone.name or ""
    if zone.offset == 0:
        return "Z"
    hours, rest = divmod(abs(zone.offset), 3_600)
    minutes, seconds = divmod(rest, 60)
    return f"{'-' if zone.offset < 0 else '+'}{hours:02d}:{minutes:02d}" + (f":{seconds:02d}" if seconds else "")


def _time_text(time: Time) -> str:
    fraction = time.nanoseconds % SECOND
    behind = f".{fraction:09d}".rstrip("0") if fraction else ""
    zone = "" if time.zone is None else ("@" if time.zone.offset is None else "") + zone_text(time.zone)
    return _clock(time.nanoseconds) + behind + zone


def _clock(nanoseconds: int) -> str:
    seconds = nanoseconds // SECOND
    return f"{seconds // 3_600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _days_text(nanoseconds: int) -> str:
    days, rest = divmod(abs(nanoseconds), DAY)
    hours, rest = divmod(rest, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    seconds, fraction = divmod(rest, SECOND)
    second = f"{seconds}" + (f".{fraction:09d}".rstrip("0") if fraction else "")
    time = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "") + (f"{second}S" if second != "0" else "")
    text = (f"{days}D" if days else "") + (f"T{time}" if time else "")
    return ("-" if nanoseconds < 0 else "") + "P" + (text or "T0S")
