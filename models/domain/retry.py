"""When to try again: a value that the engine obeys."""

import hashlib
import math
from dataclasses import dataclass

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
