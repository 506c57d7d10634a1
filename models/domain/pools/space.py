"""The free space of a pool: pieces that are cut when something is taken, and joined when it comes back.

A turn (one change of a pool) loads the pieces that it may need, works on them here, and writes what has changed. A
piece of numbers is cut from its front. A piece of addresses is a block of the buddy system: as many addresses as a
power of two, at a multiple of its own size; it is halved until it fits, and joined with its other half when both are
free, as long as both stand in one part of the pool. So what is merged is exactly what was split.

Best fit: the smallest piece that is large enough, and of those the one with the lowest position.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from models.domain.pools.piece import Piece, Shape, Slot, blocks, buddy, minus


@dataclass(slots=True)
class Space:
    """The pieces that a turn has at hand.

    Attributes:
        buddies: whether pieces are blocks of the buddy system (addresses).
    """

    buddies: bool
    _pieces: dict[Slot, Piece] = field(default_factory=dict)
    _starts: dict[Slot, Piece] = field(default_factory=dict)
    _loaded: dict[Slot, Piece] = field(default_factory=dict)
    _heaps: dict[Shape, list[tuple[int, str, int, int]]] = field(default_factory=dict)
    _journal: list[tuple[Piece | None, Piece | None]] = field(default_factory=list)

    def load(self, pieces: Iterable[Piece]) -> int:
        """Take note of pieces as they are stored; returns how many were new. What is known already stays as it is."""
        new = 0
        for piece in pieces:
            if piece.slot not in self._loaded:
                new += 1
                self._loaded[piece.slot] = piece
                self._put(piece)
        return new

    def piece(self, slot: Slot) -> Piece | None:
        """The piece that ends here, if it is at hand."""
        return self._pieces.get(slot)

    def starting(self, slot: Slot) -> Piece | None:
        """The piece that starts here, if it is at hand."""
        return self._starts.get(slot)

    def free(self) -> list[Piece]:
        """The pieces at hand, by position."""
        return sorted(self._pieces.values(), key=lambda piece: (piece.axis, piece.start))

    def changes(self) -> tuple[list[Piece], list[Piece], list[Piece]]:
        """What is to be written: pieces that are new, those that differ from what was loaded, those that are gone."""
        new = [piece for slot, piece in self._pieces.items() if slot not in self._loaded]
        other = [piece for slot, piece in self._pieces.items() if self._loaded.get(slot, piece) != piece]
        gone = [piece for slot, piece in self._loaded.items() if slot not in self._pieces]
        return new, other, gone

    def take(self, shape: Shape, count: int = 1) -> Piece | None:
        """Cut members out of a piece that fits; None where none at hand does.

        Args:
            shape: what is wanted; `size` members together, for addresses a power of two.
            count: so many of that size side by side.
        """
        size = shape.size * count
        needed = self.needed(shape, count)
        found = self._best(needed)
        if found is None:
            return None
        if not self.buddies:
            return self._cut_number(found, shape, size)
        block = needed.size
        start = found.start if shape.at is None else shape.at[1]
        if start % block:
            return None
        self._remove(found)
        self._halve(found, start, block)
        taken = found.between(start, start + size - 1)
        if size < block:
            for rest in self.cut(found.between(start + size, start + block - 1)):
                self._add(rest)
        return taken

    def needed(self, shape: Shape, count: int = 1) -> Shape:
        """What one piece must be like so that so many of this shape can be cut out of it."""
        size = shape.size * count
        return replace(shape, size=1 << (size - 1).bit_length() if self.buddies else size)

    def give(self, piece: Piece) -> None:
        """Put members back, and join them with what lies beside them and is at hand."""
        if self.buddies:
            for block in self.cut(piece):
                self._give_block(block)
            return
        before = self._pieces.get((piece.axis, piece.start - 1))
        if before is not None and before.part == piece.part:
            self._remove(before)
            piece = piece.between(before.start, piece.end)
        after = self.starting((piece.axis, piece.end + 1))
        if after is not None and after.part == piece.part:
            self._remove(after)
            piece = piece.between(piece.start, after.end)
        self._add(piece)

    def cut_out(self, axis: str, start: int, end: int) -> bool:
        """Take a run out, whose free pieces are at hand; False, and nothing is changed, where some is not free."""
        met = [one for one in self._pieces.values() if one.axis == axis and one.start <= end and start <= one.end]
        free = sum(min(one.end, end) - max(one.start, start) + 1 for one in met)
        if free < end - start + 1:
            return False
        for one in met:
            self._remove(one)
            for low, high in minus([(one.start, one.end)], [(start, end)]):
                for rest in self.cut(one.between(low, high)):
                    self._add(rest)
        return True

    def cut(self, piece: Piece) -> list[Piece]:
        """A run as pieces that may stand in this space."""
        return [piece.between(*rest) for rest in blocks(piece.start, piece.end)] if self.buddies else [piece]

    def mark(self) -> int:
        """A moment to which `back` can return."""
        return len(self._journal)

    def back(self, mark: int) -> None:
        """Undo what was done since the mark: a demand gets everything or nothing."""
        while len(self._journal) > mark:
            added, removed = self._journal.pop()
            if added is not None:
                self._drop(added)
            if removed is not None:
                self._put(removed)

    def _cut_number(self, found: Piece, shape: Shape, size: int) -> Piece | None:
        start = found.start if shape.at is None else shape.at[1]
        if start + size - 1 > found.end:
            return None
        self._remove(found)
        if start > found.start:
            self._add(found.between(found.start, start - 1))
        if start + size <= found.end:
            self._add(found.between(start + size, found.end))
        return found.between(start, start + size - 1)

    def _halve(self, found: Piece, start: int, block: int) -> None:
        """Leave of a block everything but the one that is taken: halves, each as large as it can be."""
        low, size = found.start, found.size
        while size > block:
            size //= 2
            middle = low + size
            if start < middle:
                self._add(found.between(middle, middle + size - 1))
            else:
                self._add(found.between(low, middle - 1))
                low = middle

    def _give_block(self, piece: Piece) -> None:
        while (other := self._pieces.get(buddy(piece))) is not None and (other.part, other.size) == (
            piece.part,
            piece.size,
        ):
            self._remove(other)
            piece = piece.between(min(piece.start, other.start), max(piece.end, other.end))
        self._add(piece)

    def _best(self, shape: Shape) -> Piece | None:
        heap = self._heaps.get(shape)
        if heap is None:
            fitting = (one for one in self._pieces.values() if shape.fits(one))
            heap = self._heaps[shape] = [_rank(one) for one in fitting]
            heapq.heapify(heap)
        while heap:
            size, axis, start, end = heap[0]
            piece = self._pieces.get((axis, end))
            if piece is not None and piece.size == size and piece.start == start:
                return piece
            heapq.heappop(heap)
        return None

    def _add(self, piece: Piece) -> None:
        self._journal.append((piece, None))
        self._put(piece)

    def _put(self, piece: Piece) -> None:
        self._pieces[piece.slot] = piece
        self._starts[piece.axis, piece.start] = piece
        for shape, heap in self._heaps.items():
            if shape.fits(piece):
                heapq.heappush(heap, _rank(piece))

    def _remove(self, piece: Piece) -> None:
        self._drop(piece)
        self._journal.append((None, piece))

    def _drop(self, piece: Piece) -> None:
        del self._pieces[piece.slot]
        del self._starts[piece.axis, piece.start]


def _rank(piece: Piece) -> tuple[int, str, int, int]:
    return piece.size, piece.axis, piece.start, piece.end
