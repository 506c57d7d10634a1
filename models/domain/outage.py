"""Downtime of ours, and what it excuses: who could not report to us is not late."""

from dataclasses import dataclass
from datetime import datetime, timedelta

SILENCE = timedelta(seconds=60)
"""Without a sign of life for so long, nobody took reports."""
SHORTEST_GRACE = timedelta(seconds=60)
LONGEST_GRACE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Outage:
    """A stretch of time in which no process took reports of fulfillers.

    Attributes:
        since: the last sign of life before it.
        until: the first after it; None while it lasts.
    """

    since: datetime
    until: datetime | None = None

    def excuses_until(self, now: datetime) -> datetime:
        """Until when nobody is late who had accepted work before its end.

        As long as it lasted, counted from its end, because whoever reports again and again waits ever longer between
        two tries: at least a minute, at most an hour.
        """
        end = self.until or now
        return end + min(max(end - self.since, SHORTEST_GRACE), LONGEST_GRACE)


def judged_at(deadline: datetime, accepted: datetime | None, outage: Outage | None, now: datetime) -> datetime:
    """When work that was accepted is late.

    Args:
        deadline: that it was given.
        accepted: when it was given to its fulfiller; None where that is not known any more.
        outage: the last one, if any.
        now: the present moment.
    """
    if outage is None or (accepted is not None and outage.until is not None and accepted >= outage.until):
        return deadline
    return max(deadline, outage.excuses_until(now))
