"""Dates, times, moments and durations. Years go from -999,999,999 to 999,999,999, so `datetime` does not do.

Days are counted from 1970-01-01 in the proleptic Gregorian calendar; time is counted in nanoseconds.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

MAX_YEAR = 999_999_999
SECOND = 1_000_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3_600 * SECOND, 86_400 * SECOND
MAX_NANOSECONDS = 2**63 * SECOND
MAX_MONTHS = 2**63
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_in(year: int, month: int) -> int:
    return 28 + leap(year) if month == 2 else 30 if month in (4, 6, 9, 11) else 31


@dataclass(frozen=True, slots=True)
class Date:
    year: int
    month: int
    day: int

    def __post_init__(self) -> None:
        if not (-MAX_YEAR <= self.year <= MAX_YEAR and 1 <= self.month <= 12):
            raise ValueError("There is no such year or month")
        if not 1 <= self.day <= days_in(self.year, self.month):
            raise ValueError("There is no such day")

    @property
    def ordinal(self) -> int:
        """Days since 1970-01-01 (Hinnant, "chrono-compatible low-level date algorithms", days_from_civil)."""
        year = self.year - (self.month <= 2)
        era, of_era = divmod(year, 400)
        of_year = (153 * ((self.month + 9) % 12) + 2) // 5 + self.day - 1
        return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468

    @staticmethod
    def of(ordinal: int) -> "Date":
        """Return the date of an ordinal (civil_from_days). Raises ValueError beyond the years there are."""
        era, of_era = divmod(ordinal + 719_468, 146_097)
        year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
        of_year = of_era - (365 * year + year // 4 - year // 100)
        month = (5 * of_year + 2) // 153
        day = of_year - (153 * month + 2) // 5 + 1
        month = month + 3 if month < 10 else month - 9
        return Date(year + era * 400 + (month <= 2), month, day)

    @property
    def weekday(self) -> int:
        """1 is Monday, 7 is Sunday."""
        return (self.ordinal + 3) % 7 + 1

    @property
    def day_of_year(self) -> int:
        return self.ordinal - Date(self.year, 1, 1).ordinal + 1

    @property
    def week(self) -> int:
        """The week of the year, as ISO 8601 counts."""
        thursday = Date.of(self.ordinal + 4 - self.weekday)
        return (thursday.day_of_year - 1) // 7 + 1

    def plus_months(self, months: int) -> "Date":
        """Return the same day some months later, or the last of that month where there is no such day."""
        year, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        if abs(year) > MAX_YEAR:
            raise ValueError("There is no such year")
        return Date(year, month + 1, min(self.day, days_in(year, month + 1)))


@dataclass(frozen=True, slots=True)
class Zone:
    """An offset from UTC in seconds, or the name of a time zone, whose offset depends on the moment."""

    offset: int | None
    name: str | None = None

    def at(self, local: int) -> int:
        """Return the offset at a local time in nanoseconds since 1970-01-01T00:00:00, in seconds."""
        if self.offset is not None or self.name is None:
            return self.offset or 0
        seconds = min(max(local // SECOND, -62_000_000_000), 253_000_000_000)
        there = (_EPOCH + timedelta(seconds=seconds)).replace(tzinfo=ZoneInfo(self.name))
        return int((there.utcoffset() or timedelta()).total_seconds())


@dataclass(frozen=True, slots=True)
class Time:
    """A time of day: nanoseconds since midnight."""

    nanoseconds: int
    zone: Zone | None = None

    @property
    def instant(self) -> int:
        """Nanoseconds since midnight UTC."""
        return self.nanoseconds - (self.zone.at(self.nanoseconds) * SECOND if self.zone else 0)


@dataclass(frozen=True, slots=True)
class Moment:
    """A date and a time of day."""

    date: Date
    time: Time

    @property
    def local(self) -> int:
        return self.date.ordinal * DAY + self.time.nanoseconds

    @property
    def instant(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00Z; without a zone, UTC is meant."""
        zone = self.time.zone
        return self.local - (zone.at(self.local) * SECOND if zone else 0)

    @staticmethod
    def of(local: int, zone: Zone | None) -> "Moment":
        days, nanoseconds = divmod(local, DAY)
        return Moment(Date.of(days), Time(nanoseconds, zone))

    @property
    def utc(self) -> "Moment":
        return Moment.of(self.instant, Zone(0))


@dataclass(frozen=True, slots=True)
class DaysTime:
    """A days and time duration."""

    nanoseconds: int

    def __post_init__(self) -> None:
        if abs(self.nanoseconds) > MAX_NANOSECONDS:
            raise ValueError("The duration is too long")


@dataclass(frozen=True, slots=True)
class YearsMonths:
    """A years and months duration."""

    months: int

    def __post_init__(self) -> None:
        if abs(self.months) > MAX_MONTHS:
            raise ValueError("The duration is too long")


Temporal = Date | Time | Moment | DaysTime | YearsMonths
TEMPORAL = (Date, Time, Moment, DaysTime, YearsMonths)
