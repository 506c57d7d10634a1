"""Figures beside their floors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Aim:
    """What a figure should reach.

    Attributes:
        limit: the number.
        least: whether it is the least that is wanted, or the most that is allowed.
        floor: the floor that the ratio is taken to; the figure itself where it is empty.
    """

    limit: float
    least: bool
    floor: str = ""

    def __str__(self) -> str:
        """For the report."""
        return f"{'≥' if self.least else '≤'} {self.limit:g}" + (" of the floor" if self.floor else "")


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that was measured.

    Attributes:
        part: the question it belongs to.
        name: what was measured.
        unit: of the samples.
        samples: one of each round.
        floors: by name, what the floors gave in the same rounds.
        aim: what it should reach, where something is asked for.
        note: what a reader has to know.
    """

    part: str
    name: str
    unit: str
    samples: Sequence[float]
    floors: Mapping[str, Sequence[float]] = field(default_factory=dict)
    aim: Aim | None = None
    note: str = ""

    @property
    def value(self) -> float:
        """The median."""
        return median(self.samples)

    @property
    def spread(self) -> float:
        """From the least to the most, in parts of the median."""
        return (max(self.samples) - min(self.samples)) / self.value if self.value else 0.0

    def ratio(self, floor: str) -> float:
        """The median of the rounds' ratios: what slows a round down slows the floor beside it."""
        return median(own / low for own, low in zip(self.samples, self.floors[floor], strict=True) if low)

    @property
    def reached(self) -> bool | None:
        """Whether the aim is reached; None where there is none."""
        if self.aim is None:
            return None
        reality = self.ratio(self.aim.floor) if self.aim.floor else self.value
        return reality >= self.aim.limit if self.aim.least else reality <= self.aim.limit

    def to_document(self) -> dict[str, Any]:
        """For `--json`."""
        floors = {
            name: {"value": median(samples), "samples": list(samples), "ratio": self.ratio(name)}
            for name, samples in self.floors.items()
            if any(samples)
        }
        aim = None if self.aim is None else {"text": str(self.aim), "floor": self.aim.floor, "reached": self.reached}
        return {
            "part": self.part,
            "name": self.name,
            "unit": self.unit,
            "value": self.value,
            "spread": self.spread,
            "samples": list(self.samples),
            "floors": floors,
            "aim": aim,
            "note": self.note,
        }
