"""A share of capacity that gets another size takes only what it lacks, beside the one whose place it is to take.

For as long as an order runs, its service has the share of before, so that it can be had back, and the share of after.
Together they take as much as the larger of the two: the new one is counted with what it needs beyond the old one, and
gets the rest when the old one goes. If the new one goes instead, the old one is as it was.
"""

from collections.abc import Sequence
from typing import NamedTuple

Amounts = tuple[int, ...]
"""Base units of each measure of the pool, in its order."""


def lacking(wanted: Amounts, full: Amounts) -> Amounts:
    """What a share needs beyond the one that it is to take the place of, when that has all that it is to have."""
    return tuple(max(0, new - old) for new, old in zip(wanted, _padded(full, len(wanted)), strict=True))


class Succession(NamedTuple):
    """What becomes of two shares when the older one goes.

    Attributes:
        taken: what the newer one is counted with from then on.
        freed: what the older one gives back.
    """

    taken: Amounts
    freed: Amounts


def succession(old: Amounts, new: Amounts, wanted: Amounts) -> Succession:
    """Hand over what an older share has to the newer one, as far as that wants it.

    Args:
        old: what the older one is counted with.
        new: what the newer one is counted with so far.
        wanted: what the newer one is to have.
    """
    size = max(len(old), len(new), len(wanted))
    old, new, wanted = (_padded(one, size) for one in (old, new, wanted))
    taken = tuple(max(have, min(want, have + more)) for more, have, want in zip(old, new, wanted, strict=True))
    freed = tuple(more + have - kept for more, have, kept in zip(old, new, taken, strict=True))
    return Succession(taken, freed)


def _padded(amounts: Sequence[int], size: int) -> Amounts:
    return (*amounts, *(0 for _ in range(size - len(amounts))))
