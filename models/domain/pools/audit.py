"""A pool held against itself: every member is either free or somebody's, once."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from models.domain.pools.piece import Piece

MAX_FINDINGS = 1_000


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a pool that is not as it must be.

    Attributes:
        code: a stable word: countsDiffer, freeSpaceDiffers, givenTwice, holderGone, reservationExpired, waitsForNobody.
        message: what is wrong, for people.
        resource: id of the resource that it is about.
        repaired: whether it was mended.
    """

    code: str
    message: str
    resource: str | None = None
    repaired: bool = False


def taken_twice(taken: Iterable[tuple[Piece, str]]) -> Iterator[tuple[str, str]]:
    """The pairs of resources (ids) that share a member of the pool.

    Args:
        taken: what each resource takes, with its id; sorted by axis and start.
    """
    before: tuple[Piece, str] | None = None
    for piece, key in taken:
        if before is not None and before[0].axis == piece.axis and piece.start <= before[0].end:
            yield before[1], key
        if before is None or before[0].axis != piece.axis or piece.end > before[0].end:
            before = piece, key


def free_space(whole: Iterable[Piece], taken: Iterable[Piece]) -> list[Piece]:
    """What must be free: the parts of a pool without what is taken. Both are of one axis or many."""
    holes: dict[str, list[tuple[int, int]]] = {}
    for piece in taken:
        holes.setdefault(piece.axis, []).append((piece.start, piece.end))
    for found in holes.values():
        found.sort()
    left = []
    for piece in whole:
        start, known = piece.start, holes.get(piece.axis, [])
        for low, high in known[max(0, bisect_left(known, (piece.start,)) - 1) :]:
            if low > piece.end:
                break
            if low > start:
                left.append(piece.between(start, low - 1))
            start = max(start, high + 1)
        if start <= piece.end:
            left.append(piece.between(start, piece.end))
    return left
