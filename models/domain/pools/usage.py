"""How full a pool is: exact counts, thresholds that are crossed, and when it will be empty at the present rate."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

Use = Literal["reserved", "used", "quarantined"]
USES: tuple[Use, ...] = ("reserved", "used", "quarantined")
MEMBERS = "members"
"""The measure of pools whose members are counted; pools of capacity have measures of their own."""

SAMPLES = 48
SAMPLE_EVERY = timedelta(minutes=15)
_FARTHEST = timedelta(days=3650)


@dataclass(slots=True)
class Counts:
    """Of one measure: how many members (addresses, base units) there are, and in which use.

    Whole numbers without a bound: an IPv6 prefix has more addresses than fit 64 bits.
    """

    total: int = 0
    reserved: int = 0
    used: int = 0
    quarantined: int = 0

    @property
    def taken(self) -> int:
        """All that is not free."""
        return self.reserved + self.used + self.quarantined

    @property
    def free(self) -> int:
        """What can be taken. Negative where a pool of capacity has been made smaller than what is in use."""
        return self.total - self.taken

    @property
    def share(self) -> float:
        """How much of it is taken, from 0 to 1."""
        return self.taken / self.total if self.total else 1.0


@dataclass(slots=True)
class Usage:
    """The counts of a pool, by measure."""

    counts: dict[str, Counts] = field(default_factory=dict)

    @classmethod
    def of(cls, stored: Iterable[Mapping[str, Any]]) -> "Usage":
        """As stored: [{measure, total, reserved, used, quarantined}], numbers as decimal texts."""
        return cls({one["measure"]: Counts(int(one["total"]), *(int(one[use]) for use in USES)) for one in stored})

    def stored(self) -> list[dict[str, str]]:
        """To be stored."""
        return [
            {"measure": name, "total": str(one.total), **{use: str(getattr(one, use)) for use in USES}}
            for name, one in self.counts.items()
        ]

    def of_measure(self, name: str) -> Counts:
        """The counts of a measure."""
        return self.counts.setdefault(name, Counts())

    def move(self, sizes: Mapping[str, int], before: Use | None, after: Use | None) -> None:
        """So much of each measure changes its use; None is free."""
        for name, size in sizes.items():
            counts = self.of_measure(name)
            if before is not None:
                setattr(counts, before, getattr(counts, before) - size)
            if after is not None:
                setattr(counts, after, getattr(counts, after) + size)

    @property
    def empty(self) -> bool:
        """Whether nothing at all can be taken."""
        return all(one.free <= 0 for one in self.counts.values())

    @property
    def share(self) -> float:
        """How much is taken of the measure that is fullest."""
        return max((one.share for one in self.counts.values()), default=1.0)


@dataclass(frozen=True, slots=True)
class Crossing:
    """A threshold that was reached, or left.

    Attributes:
        name: of the threshold.
        level: its share of the pool.
        reached: True where it was reached, False where it was left.
    """

    name: str
    level: float
    reached: bool


@dataclass(frozen=True, slots=True)
class Threshold:
    """A share of the pool that is told of.

    Attributes:
        name: of the threshold.
        level: it is reached at this share.
        hysteresis: it is left when the share is by more than this below the level, so that a pool which is at the level
            does not tell of every member that comes and goes. At most half of the level counts.
    """

    name: str
    level: float
    hysteresis: float = 0.05

    def is_reached(self, share: float, *, before: bool) -> bool:
        """Whether it counts as reached."""
        level = self.level - min(self.hysteresis, self.level / 2) if before else self.level
        return share >= level


def crossings(thresholds: Iterable[Threshold], above: Iterable[str], share: float) -> list[Crossing]:
    """The thresholds that are crossed now.

    Args:
        thresholds: those of the pool.
        above: names of those that were reached before.
        share: how much of the pool is taken.
    """
    before = set(above)
    reached = {one.name: one.is_reached(share, before=one.name in before) for one in thresholds}
    return [
        Crossing(one.name, one.level, reached[one.name])
        for one in thresholds
        if reached[one.name] is not (one.name in before)
    ]


Sample = tuple[datetime, float]
"""A moment, and the share of the pool that was taken then."""


def sampled(samples: Sequence[Sample], now: datetime, share: float) -> list[Sample] | None:
    """The samples with a new one; None where the last one is young enough."""
    if samples and now - samples[-1][0] < SAMPLE_EVERY:
        return None
    return [*samples, (now, share)][-SAMPLES:]


def exhaustion(samples: Sequence[Sample], now: datetime, share: float) -> datetime | None:
    """When the pool will be empty if it goes on like this; None where it does not fill, or too little is known.

    The rate is the slope of the straight line that fits the samples and the present best (least squares), so that one
    large order does not count for the whole day.
    """
    points = [((at - now).total_seconds(), taken) for at, taken in (*samples, (now, share))]
    if share >= 1:
        return now
    if len(points) < 3:
        return None
    middle = sum(at for at, _ in points) / len(points)
    mean = sum(taken for _, taken in points) / len(points)
    spread = sum((at - middle) ** 2 for at, _ in points)
    slope = sum((at - middle) * (taken - mean) for at, taken in points) / spread if spread else 0.0
    if slope <= 0 or (1 - share) / slope > _FARTHEST.total_seconds():
        return None
    return now + timedelta(seconds=(1 - share) / slope)
