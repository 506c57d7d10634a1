"""Members of a pool side by side, and what is wanted of them; runs of numbers, and blocks of the buddy system."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Slot = tuple[str, int]
"""A position: what stands before the number (its axis), and the number."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Free members side by side.

    Attributes:
        axis: what stands before the number in every name; `=` and the name where members have no numbers.
        start: the first number.
        end: the last one.
        part: id of the part of the pool that it belongs to.
        traits: what can be said of it, each `name=value`.
    """

    axis: str
    start: int
    end: int
    part: str
    traits: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """How many members."""
        return self.end - self.start + 1

    @property
    def slot(self) -> Slot:
        """By its end it is known, which stays when it is cut from its front."""
        return self.axis, self.end

    def between(self, start: int, end: int) -> "Piece":
        """A piece of this one."""
        return Piece(self.axis, start, end, self.part, self.traits)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a piece must be like to be of use.

    Attributes:
        size: at least so many members.
        among: sets of traits; it must have one of each.
        without: traits that it must not have.
        at: the very position that is wanted; None where any will do.
    """

    size: int = 1
    among: tuple[frozenset[str], ...] = ()
    without: frozenset[str] = frozenset()
    at: Slot | None = None

    def fits(self, piece: Piece) -> bool:
        """Whether the piece is of use."""
        if piece.size < self.size or not suits(piece.traits, self.among, self.without):
            return False
        return self.at is None or (piece.axis == self.at[0] and piece.start <= self.at[1] <= piece.end)


def suits(traits: Iterable[str], among: Iterable[frozenset[str]], without: frozenset[str]) -> bool:
    """Whether something with these traits has one of each set and none of the forbidden ones."""
    has = frozenset(traits)
    return not has & without and all(has & wanted for wanted in among)


def buddy(piece: Piece) -> Slot:
    """Where the other half of a block of the buddy system ends."""
    return piece.axis, (piece.start ^ piece.size) + piece.size - 1


def blocks(start: int, end: int) -> list[tuple[int, int]]:
    """The fewest blocks of the buddy system that make up a run, as (start, end); none for an empty run."""
    found = []
    while start <= end:
        size = 1 << (end - start + 1).bit_length() - 1
        if start:
            size = min(size, start & -start)
        found.append((start, start + size - 1))
        start += size
    return found


def minus(spans: Iterable[tuple[int, int]], holes: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """What is left of runs (start, end) without others."""
    left = sorted(spans)
    for low, high in sorted(holes):
        cut: list[tuple[int, int]] = []
        for start, end in left:
            if high < start or end < low:
                cut.append((start, end))
                continue
            if start < low:
                cut.append((start, low - 1))
            if high < end:
                cut.append((high + 1, end))
        left = cut
    return left


def counted(spans: Mapping[str, list[tuple[int, int]]]) -> int:
    """How many members stand in runs by their axis."""
    return sum(end - start + 1 for runs in spans.values() for start, end in runs)
