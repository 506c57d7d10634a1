"""When timers are due: ISO 8601 dates, durations and repeating intervals, as BPMN writes them."""

import calendar
import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from models.domain.dates import to_text
from models.domain.errors import SomError

_DURATION = re.compile(
    r"(?P<sign>-?)P(?=[\dT])(?:(?P<years>\d{1,4})Y)?(?:(?P<months>\d{1,5})M)?(?:(?P<weeks>\d{1,5})W)?(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,8})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,10}(?:\.\d{1,9})?)S)?)?"
)
_CYCLE = re.compile(r"R(?P<times>\d{0,9})/(?:(?P<start>[^/P][^/]*)/)?(?P<every>P[^/]+)")

_LAST = datetime(9999, 12, 31, tzinfo=UTC)

SHORTEST_SECONDS = 1.0
"""Between the times of a repetition that goes on for long."""
MOST_IN_HASTE = 1_000
"""Times that a repetition may have which is quicker."""
MADE_UP = 10
"""Of the times of a repetition that were missed, so many are made up for."""


class InvalidTime(SomError):
    """This is no moment, duration or repetition that a timer can have."""

    code = "invalidTime"


@dataclass(frozen=True, slots=True)
class Due:
    """When a timer is due first; `every` seconds until it is again, `left` times more (-1: without end)."""

    moment: str
    every: float = 0.0
    left: int = 0


def due(kind: str, value: object, now: datetime) -> Due:
    """Return when a timer is due.

    Raises:
        InvalidTime: the value is none for this kind of timer.
    """
    if not isinstance(value, str) or not value.strip():
        raise InvalidTime(f"A timer needs a text as its {kind}; it is {value!r}.")
    text = value.strip()
    match kind:
        case "date":
            return Due(to_text(moment(text)))
        case "duration":
            return Due(to_text(later(now, text)))
        case _:
            return _cycle(text, now)


def _cycle(text: str, now: datetime) -> Due:
    match = _CYCLE.fullmatch(text)
    if match is None:
        raise InvalidTime(f"{text[:60]!r} is no repeating interval such as `R3/PT1H` (cron is not run here).")
    times = int(match["times"]) if match["times"] else -1
    if times == 0:
        raise InvalidTime(f"{text[:60]!r} repeats no time.")
    every = (later(now, match["every"]) - now).total_seconds()
    if every <= 0:
        raise InvalidTime(f"{text[:60]!r} repeats without any time between.")
    if every < SHORTEST_SECONDS and not 0 < times <= MOST_IN_HASTE:
        raise InvalidTime(
            f"{text[:60]!r} repeats more often than once a second, and not {MOST_IN_HASTE} times at most."
        )
    left = times - 1 if times > 0 else -1
    if match["start"] is None:
        return Due(to_text(now + timedelta(seconds=every)), every, left)
    first = Due(to_text(moment(match["start"])), every, left)
    return skipped(first, _past(first, now))


def again(last: Due, now: datetime) -> Due:
    """Return when a repeating timer that has some time left is due next.

    Of the times that have passed already, as while no process ran, the last MADE_UP are made up for.
    """
    following = skipped(last, 1)
    return skipped(following, _past(following, now) - MADE_UP)


def skipped(one: Due, times: int) -> Due:
    """Return a repetition without its next times, but never without its last."""
    left = times if one.left < 0 else min(times, one.left)
    if left <= 0:
        return one
    try:
        following = moment(one.moment) + timedelta(seconds=one.every * left)
    except OverflowError:  # beyond the year 9999, to which repeating once leads, but not twice
        return Due(to_text(_LAST), one.every, 0)
    return Due(to_text(following), one.every, one.left if one.left < 0 else one.left - left)


def _past(one: Due, now: datetime) -> int:
    """How many times of a repetition lie before now."""
    passed = max(0, math.ceil((now - moment(one.moment)).total_seconds() / one.every))
    return passed if one.left < 0 else min(passed, one.left + 1)


def moment(text: str) -> datetime:
    """Return the moment of an ISO 8601 date or date and time; without an offset, UTC is meant.

    Raises:
        InvalidTime: it is none.
    """
    try:
        if len(text) == len("2026-01-31"):
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
        found = datetime.fromisoformat(text.partition("[")[0])
    except ValueError:
        raise InvalidTime(f"{text[:60]!r} is no ISO 8601 moment, as `2026-01-31T12:00:00Z` is.") from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def later(now: datetime, text: str) -> datetime:
    """Return the moment that a duration leads to; months and years are those of the calendar.

    Raises:
        InvalidTime: it is no ISO 8601 duration, or leads beyond the year 9999.
    """
    match = _DURATION.fullmatch(text)
    parts = {
        name: float(part) for name, part in (match.groupdict() if match else {}).items() if part and name != "sign"
    }
    if match is None or not parts:
        raise InvalidTime(f"{text[:60]!r} is no ISO 8601 duration, as `PT30M` and `P1D` are.")
    if match["sign"]:
        return now  # what is due in the past is due now
    months = int(12 * parts.pop("years", 0) + parts.pop("months", 0))
    try:
        return _months_later(now, months) + timedelta(**parts)
    except (OverflowError, ValueError):
        raise InvalidTime(f"{text[:60]!r} leads beyond the year 9999.") from None


def _months_later(now: datetime, months: int) -> datetime:
    if not months:
        return now
    year, month = divmod(now.month - 1 + months, 12)
    year, month = now.year + year, month + 1
    return now.replace(year=year, month=month, day=min(now.day, calendar.monthrange(year, month)[1]))
