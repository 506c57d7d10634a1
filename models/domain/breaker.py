"""Circuit breakers: after so many calls in a row without an answer a fulfiller is left alone for a while.

Closed: calls go through. Open: none does, until a moment. Half open: that moment has passed, and one call may try; its
answer closes the breaker, its failure opens it for twice as long.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

BreakerState = Literal["closed", "open", "halfOpen"]


@dataclass(frozen=True, slots=True)
class BreakerRules:
    """When a breaker opens, and for how long.

    Attributes:
        failures: calls in a row without an answer that open it; 0: it never opens.
        open_seconds: for which it stays open at first.
        longest_seconds: for which it stays open at most, however often it opens again without an answer in between.
    """

    failures: int = 5
    open_seconds: float = 30.0
    longest_seconds: float = 600.0

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> "BreakerRules":
        """Read the entry of a registration."""
        usual = cls()
        return cls(
            entry.get("failures", usual.failures),
            float(entry.get("openSeconds", usual.open_seconds)),
            float(entry.get("longestSeconds", usual.longest_seconds)),
        )


@dataclass(frozen=True, slots=True)
class Breaker:
    """A breaker that is not closed.

    Attributes:
        until: it lets no call through before.
        times: how often it has opened without an answer in between, from 1.
        reason: what the last call came to.
        opened: since when it is not closed.
        trial_until: somebody tries, and nobody else shall before this moment.
    """

    until: datetime
    times: int
    reason: str
    opened: datetime
    trial_until: datetime | None = None

    def state(self, now: datetime) -> BreakerState:
        """Where it stands."""
        return "open" if now < self.until else "halfOpen"

    def trying(self, now: datetime) -> bool:
        """Whether it is half open, and being tried."""
        return now >= self.until and self.trial_until is not None and now < self.trial_until

    def to_document(self) -> dict[str, Any]:
        """As stored."""
        return {"until": self.until, "times": self.times, "reason": self.reason, "opened": self.opened}

    @classmethod
    def from_document(cls, stored: Mapping[str, Any]) -> "Breaker":
        """Read what `to_document` wrote, with the trial that was added since."""
        trial = stored.get("trial") or {}
        return cls(stored["until"], stored["times"], stored["reason"], stored["opened"], trial.get("until"))


def after_failure(
    rules: BreakerRules, breaker: Breaker | None, failures: int, reason: str, now: datetime
) -> Breaker | None:
    """The breaker as it has to be after one more call without an answer; None where nothing changes.

    Args:
        rules: of the fulfiller.
        breaker: as it is; None while it is closed.
        failures: calls in a row without an answer, this one included.
        reason: what the call came to.
        now: the present moment.
    """
    if not rules.failures or (breaker is not None and now < breaker.until):
        return None
    if breaker is None and failures < rules.failures:
        return None
    times = breaker.times + 1 if breaker is not None else 1
    seconds = min(rules.open_seconds * 2.0 ** min(times - 1, 30), max(rules.longest_seconds, rules.open_seconds))
    opened = breaker.opened if breaker is not None else now
    return Breaker(now + timedelta(seconds=seconds), times, reason[:300], opened)
