"""When to try again: a value that the engine obeys."""

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

DEFAULT_DELAYS = (1.0, 5.0, 30.0, 120.0, 600.0)
MAX_RETRY_AFTER = 86_400.0
_SPREAD = 0.1


@dataclass(frozen=True, slots=True)
class RetrySchedule:
    """Seconds to wait after the first failed attempt, the second, and so on; after the last it is over."""

    delays: tuple[float, ...] = DEFAULT_DELAYS

    def next_delay(self, attempt: int, retry_after: float | None = None, key: str = "") -> float | None:
        """Seconds to wait before the next attempt, or None when the schedule is exhausted.

        The wait is spread by a tenth to either side, so that calls which failed together do not return together; the
        spread follows from the key and the attempt, so that every process reckons the same. A wish of the other side
        (Retry-After) lengthens the wait, at most to a day, and is never undercut.

        Args:
            attempt: attempts made so far, from 1.
            retry_after: seconds that the other side asks for.
            key: what is tried, such as the task's id.
        """
        if not 1 <= attempt <= len(self.delays):
            return None
        share = _share(key, attempt)
        delay = self.delays[attempt - 1] * (1 + _SPREAD * (2 * share - 1))
        if retry_after is None or not math.isfinite(retry_after) or retry_after <= delay:
            return delay
        return min(retry_after, MAX_RETRY_AFTER) * (1 + _SPREAD * share)


@dataclass(frozen=True, slots=True)
class RetryAdvice:
    """What policies have said of trying again.

    Attributes:
        stop: why not; None where nobody is against it.
        after: seconds to wait instead of what the schedule says.
        at_most: attempts in all, instead of as many as the schedule has.
    """

    stop: str | None = None
    after: float | None = None
    at_most: int | None = None

    def next_delay(
        self, schedule: RetrySchedule, attempt: int, retry_after: float | None = None, key: str = ""
    ) -> float | None:
        """The seconds to wait, or None where it is over; the arguments are those of `RetrySchedule.next_delay`."""
        if self.stop is not None or (self.at_most is not None and attempt >= self.at_most):
            return None
        planned = schedule.next_delay(attempt, retry_after, key)
        if planned is None and self.at_most is None:
            return None
        if self.after is None and planned is not None:
            return planned
        after = self.after if self.after is not None else (schedule.delays or DEFAULT_DELAYS)[-1]
        return RetrySchedule((after,)).next_delay(1, retry_after, f"{key}\x1f{attempt}")

    def wished_delay(self, schedule: RetrySchedule, attempt: int, key: str = "") -> float | None:
        """The seconds to wait where nothing is tried again unless policies say so; None where they do not."""
        return self.next_delay(schedule, attempt, key=key) if self.after is not None or self.at_most else None


def advice_of(decisions: Iterable[tuple[str, Mapping[str, Any]]]) -> RetryAdvice:
    """What recorded decisions (policy, result) of the point `retry` mean together: whoever is more careful wins."""
    stop, after, most = None, list[float](), list[int]()
    for policy, result in decisions:
        if not result.get("allow", True):
            stop = stop or f"{result.get('reason') or 'It is not tried again.'} (policy {policy})"
        after += [result["after"]] if "after" in result else []
        most += [result["atMost"]] if "atMost" in result else []
    return RetryAdvice(stop, max(after, default=None), min(most, default=None))


def _share(key: str, attempt: int) -> float:
    """A number from 0 to below 1 that only key and attempt decide."""
    return int.from_bytes(hashlib.sha256(f"{key}\x1f{attempt}".encode()).digest()[:6]) / 2**48


FIRST_FAULT_PAUSE = 10.0
LONGEST_FAULT_PAUSE = 3600.0
FAULTS_UNTIL_TOLD = 5


def fault_pause(count: int, key: str = "") -> float:
    """Seconds to wait with work that raised so many times in a row: ten, and twice as long each time, up to an hour.

    It goes on for ever, for a new release may mend the fault; and so slowly, that ten thousand of them cost next to
    nothing. The longest is spread, so that what failed together does not come back together.
    """
    pause = min(FIRST_FAULT_PAUSE * 2.0 ** min(count - 1, 20), LONGEST_FAULT_PAUSE)
    return pause * (1 + _SPREAD * (2 * _share(key, count) - 1))


def recheck_pause(waited: float) -> float:
    """Seconds until the next look at what is waited for in vain, after so many seconds of waiting.

    Whoever ends the wait tells of it; the look is for the case that this was lost. So it may be ever more seldom: as
    long as it has lasted so far, at least half a minute and at most an hour.
    """
    return min(max(waited, 30.0), 3600.0)
