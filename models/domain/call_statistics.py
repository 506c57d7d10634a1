"""What calls to a fulfiller came to, in figures that can be added up: counts, and latencies in classes."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

OUTCOMES = ("done", "accepted", "refused", "unreachable")
SECONDS = 600
"""Length of the slices of time that figures are kept for."""
_PER_DOUBLING = 2
_HIGHEST = 44  # some 70 minutes


@dataclass(slots=True)
class CallStatistics:
    """Figures of some time.

    Attributes:
        outcomes: calls by what came of them.
        milliseconds: of all calls together.
        classes: calls by the class of their latency; class k is up to 2^(k/2) ms.
    """

    outcomes: dict[str, int] = field(default_factory=dict)
    milliseconds: int = 0
    classes: dict[int, int] = field(default_factory=dict)

    def add(self, outcome: str, milliseconds: float) -> None:
        """Count a call."""
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        self.milliseconds += round(milliseconds)
        found = latency_class(milliseconds)
        self.classes[found] = self.classes.get(found, 0) + 1

    @property
    def calls(self) -> int:
        """How many there were."""
        return sum(self.outcomes.values())

    @property
    def success_rate(self) -> float | None:
        """Share of calls that were answered with anything but a refusal, 0 to 1; None without calls."""
        return None if not self.calls else round((self._of("done") + self._of("accepted")) / self.calls, 4)

    def percentile(self, share: float) -> float | None:
        """The latency in ms that this share of calls does not exceed, to about a fifth; None without calls."""
        wanted, seen = share * self.calls, 0
        for found in sorted(self.classes):
            seen += self.classes[found]
            if seen >= wanted:
                return round(2 ** ((found - 0.5) / _PER_DOUBLING), 1)
        return None

    def _of(self, outcome: str) -> int:
        return self.outcomes.get(outcome, 0)

    def increments(self) -> dict[str, int]:
        """As added to a stored document."""
        made = {f"outcomes.{name}": count for name, count in self.outcomes.items()}
        made |= {f"classes.{found}": count for found, count in self.classes.items()}
        return {**made, "milliseconds": self.milliseconds}


def latency_class(milliseconds: float) -> int:
    """The class of a latency."""
    return 0 if milliseconds <= 1 else min(math.ceil(_PER_DOUBLING * math.log2(milliseconds)), _HIGHEST)


def together(stored: Iterable[Mapping[str, Any]]) -> CallStatistics:
    """Add up stored figures."""
    total = CallStatistics()
    for document in stored:
        for name, count in document.get("outcomes", {}).items():
            total.outcomes[name] = total.outcomes.get(name, 0) + count
        for found, count in document.get("classes", {}).items():
            total.classes[int(found)] = total.classes.get(int(found), 0) + count
        total.milliseconds += document.get("milliseconds", 0)
    return total
