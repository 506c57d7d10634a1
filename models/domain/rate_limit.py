"""Rate limits: so many calls in any period, over all processes.

Processes lease calls ahead and must make them within a tenth of the period. What is leased counts from the last moment
at which it may be used, and for a whole period: so no stretch of that length ever sees more calls than allowed, whoever
makes them, and whatever is not used is lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

_VALID_SHARE = 0.1
_LEASED_AHEAD = 20


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many calls in any `period` seconds."""

    calls: int
    period: float

    @classmethod
    def of(cls, entry: Mapping[str, Any] | None) -> "RateLimit | None":
        """Read the entry of a registration; None where there is none."""
        return None if entry is None else cls(entry["calls"], float(entry["period"]))

    @property
    def valid(self) -> timedelta:
        """How long a leased call may be made."""
        return timedelta(seconds=self.period * _VALID_SHARE)

    def ahead(self, waiting: int) -> int:
        """How many calls to lease when so many wait: some more, so that busy processes ask seldom."""
        return max(waiting, self.calls // _LEASED_AHEAD, 1)


@dataclass(frozen=True, slots=True)
class Spent:
    """Calls that were leased together; they count until that moment."""

    calls: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Leased:
    """What a wish for calls came to.

    Attributes:
        calls: how many may be made, 0 for none.
        spent: what counts from now on.
        free_at: when the next calls become free, where there were none.
    """

    calls: int
    spent: tuple[Spent, ...]
    free_at: datetime | None = None


def lease(limit: RateLimit, spent: Sequence[Spent], wanted: int, now: datetime) -> Leased:
    """Lease up to `wanted` calls, to be made before `now + limit.valid`."""
    counting = tuple(one for one in spent if one.until > now)
    free = limit.calls - sum(one.calls for one in counting)
    if free <= 0:
        return Leased(0, counting, min(one.until for one in counting))
    calls = min(wanted, free)
    return Leased(calls, (*counting, Spent(calls, now + limit.valid + timedelta(seconds=limit.period))))
