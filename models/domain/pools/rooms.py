"""The room that is left in the parts of a pool of capacity, such as hosts."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import zip_longest

from models.domain.pools.piece import suits


@dataclass(frozen=True, slots=True)
class Room:
    """What is free in one part.

    Attributes:
        part: its id.
        free: base units of each measure of the pool, in the pool's order of measures.
        traits: what conditions find it by.
    """

    part: str
    free: tuple[int, ...]
    traits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Need:
    """What a part must offer.

    Attributes:
        amounts: base units of each measure of the pool.
        among: sets of traits; it must have one of each.
        without: traits that it must not have.
        part: this very part.
    """

    amounts: tuple[int, ...]
    among: tuple[frozenset[str], ...] = ()
    without: frozenset[str] = frozenset()
    part: str | None = None

    def fits(self, room: Room) -> bool:
        """Whether the part is of use."""
        return (
            all(free >= wanted for free, wanted in zip_longest(room.free, self.amounts, fillvalue=0))
            and self.part in {None, room.part}
            and suits(room.traits, self.among, self.without)
        )


@dataclass(slots=True)
class Rooms:
    """The parts that a turn has at hand.

    Attributes:
        spread: whether to take the part with most room of the first measure, instead of the one with the least.
    """

    spread: bool = False
    _rooms: dict[str, Room] = field(default_factory=dict)
    _loaded: dict[str, Room] = field(default_factory=dict)
    _heaps: dict[Need, list[tuple[int, str]]] = field(default_factory=dict)
    _journal: list[Room] = field(default_factory=list)

    def load(self, rooms: Iterable[Room]) -> int:
        """Take note of parts as they are stored; returns how many were new."""
        new = 0
        for room in rooms:
            if room.part not in self._loaded:
                new += 1
                self._loaded[room.part] = room
                self._put(room)
        return new

    def room(self, part: str) -> Room | None:
        """A part, if it is at hand."""
        return self._rooms.get(part)

    def changes(self) -> list[Room]:
        """The parts that differ from what was loaded."""
        return [room for part, room in self._rooms.items() if self._loaded[part] != room]

    def take(self, need: Need) -> Room | None:
        """Take what is needed out of the best part that has it; None where none at hand has."""
        heap = self._heaps.get(need)
        if heap is None:
            heap = self._heaps[need] = [self._rank(room) for room in self._rooms.values() if need.fits(room)]
            heapq.heapify(heap)
        while heap:
            rank, part = heap[0]
            room = self._rooms[part]
            if self._rank(room) == (rank, part) and need.fits(room):
                self._change(room, tuple(-amount for amount in need.amounts))
                return room
            heapq.heappop(heap)
        return None

    def give(self, part: str, amounts: tuple[int, ...]) -> None:
        """Put back what was taken of a part that is at hand."""
        self._change(self._rooms[part], amounts)

    def mark(self) -> int:
        """A moment to which `back` can return."""
        return len(self._journal)

    def back(self, mark: int) -> None:
        """Undo what was done since the mark."""
        while len(self._journal) > mark:
            self._put(self._journal.pop())

    def _change(self, room: Room, by: tuple[int, ...]) -> None:
        self._journal.append(room)
        free = tuple(one + more for one, more in zip_longest(room.free, by, fillvalue=0))
        self._put(replace(room, free=free))

    def _put(self, room: Room) -> None:
        self._rooms[room.part] = room
        for need, heap in self._heaps.items():
            if need.fits(room):
                heapq.heappush(heap, self._rank(room))

    def _rank(self, room: Room) -> tuple[int, str]:
        first = room.free[0] if room.free else 0
        return (-first if self.spread else first), room.part
