"""When a fulfiller is in maintenance: weekly windows in a time zone of their own, and single periods.

In a window the fulfiller gets no new work; what it has it finishes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from models.domain.dates import canonical_date
from models.domain.violations import Violation

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MAX_CHAINED = 64


class Window(Protocol):
    """A time of maintenance."""

    @property
    def name(self) -> str:
        """What it is for; empty where nobody said."""

    def end(self, now: datetime) -> datetime | None:
        """When the window that is open at this moment ends; None while none is."""


@dataclass(frozen=True, slots=True)
class WeeklyWindow:
    """Opens on some days of each week.

    Attributes:
        days: on which it opens, 0 for Monday.
        start: the local time at which it opens.
        finish: the local time at which it ends; not after `start`, it is that of the next day.
        zone: name of the time zone (IANA) that both are meant in, summer time included.
    """

    days: frozenset[int]
    start: time
    finish: time
    zone: str
    name: str = ""

    def end(self, now: datetime) -> datetime | None:
        """When the window that is open at this moment ends; None while none is."""
        zone = _zone(self.zone)
        today = now.astimezone(zone).date()
        for day in (today - timedelta(days=1), today):
            if day.weekday() not in self.days:
                continue
            last = day if self.finish > self.start else day + timedelta(days=1)
            begins = datetime.combine(day, self.start, zone).astimezone(UTC)
            ends = datetime.combine(last, self.finish, zone).astimezone(UTC)
            if begins <= now < ends:
                return ends
        return None


@dataclass(frozen=True, slots=True)
class SingleWindow:
    """Opens once, from a moment up to a moment."""

    begins: datetime
    ends: datetime
    name: str = ""

    def end(self, now: datetime) -> datetime | None:
        """When it ends, while it is open."""
        return self.ends if self.begins <= now < self.ends else None


@dataclass(frozen=True, slots=True)
class InMaintenance:
    """A fulfiller is in maintenance, until then; `name` is that of the window that ends last."""

    until: datetime
    name: str


def maintenance(windows: Sequence[Window], now: datetime) -> InMaintenance | None:
    """Return what keeps a fulfiller from new work at this moment, through windows that follow upon each other."""
    found: InMaintenance | None = None
    moment = now
    for _ in range(_MAX_CHAINED):
        ending = [(end, window.name) for window in windows if (end := window.end(moment)) is not None]
        if not ending:
            break
        moment, name = max(ending)
        found = InMaintenance(moment, name)
    return found


def windows_of(entries: Iterable[Mapping[str, Any]]) -> tuple[Window, ...]:
    """Read the windows of a registration that was checked."""
    return tuple(_window(entry) for entry in entries)


def _window(entry: Mapping[str, Any]) -> Window:
    name = entry.get("name") or ""
    if entry.get("startDateTime"):
        return SingleWindow(_moment(entry["startDateTime"]), _moment(entry["endDateTime"]), name)
    days = frozenset(DAYS.index(day) for day in entry.get("day") or DAYS)
    times = time.fromisoformat(entry["startTime"]), time.fromisoformat(entry["endTime"])
    return WeeklyWindow(days, *times, entry.get("timeZone") or "UTC", name)


def wrong_windows(entries: Iterable[Mapping[str, Any]]) -> Iterator[Violation]:
    """Yield what is wrong with windows whose types fit the schema."""
    for index, entry in enumerate(entries):
        at = f"/maintenanceWindow/{index}"
        single = {"startDateTime", "endDateTime"} & entry.keys()
        weekly = {"day", "startTime", "endTime", "timeZone"} & entry.keys()
        if single and weekly:
            yield Violation(at, "ambiguous", "A window is either a single period or comes back every week, not both.")
        elif single:
            yield from _wrong_period(at, entry)
        else:
            yield from _wrong_week(at, entry)


def _wrong_period(at: str, entry: Mapping[str, Any]) -> Iterator[Violation]:
    for name in ("startDateTime", "endDateTime"):
        if canonical_date(str(entry.get(name, ""))) is None:
            yield Violation(f"{at}/{name}", "invalidDate", f"A period needs {name}, a date-time of RFC 3339.")
            return
    if _moment(entry["endDateTime"]) <= _moment(entry["startDateTime"]):
        yield Violation(f"{at}/endDateTime", "invalidPeriod", "The period has to end after it begins.")


def _wrong_week(at: str, entry: Mapping[str, Any]) -> Iterator[Violation]:
    for name in ("startTime", "endTime"):
        if not entry.get(name):
            yield Violation(f"{at}/{name}", "missing", f"A weekly window needs {name}, such as 22:00.")
    if not _is_zone(entry.get("timeZone") or "UTC"):
        message = f"{str(entry['timeZone'])[:60]!r} is no time zone, such as Europe/Berlin or UTC."
        yield Violation(f"{at}/timeZone", "unknownTimeZone", message)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(canonical_date(text) or text).astimezone(UTC)


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _is_zone(name: str) -> bool:
    try:
        _zone(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # whatever a text can do to the lookup of a file
        return False
    return True
