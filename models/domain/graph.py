"""Orders of work: what comes before what."""

from collections import deque
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T", bound=Hashable)
C = TypeVar("C", bound=Hashable)


class Cyclic(Exception):
    """Things wait for each other."""

    def __init__(self, members: Sequence[object]) -> None:
        """Carry the members of one cycle, each waiting for the next and the last for the first."""
        self.members = tuple(members)
        super().__init__(" → ".join(str(member) for member in (*self.members, self.members[0])))


def in_order(before: Mapping[T, Iterable[T]]) -> Iterator[T]:
    """Yield everything after all that comes before it, lazily, so that thousands can be taken in slices.

    Of several that could come next, the one that became ready first does: the order depends on nothing but the input.

    Raises:
        Cyclic: when nothing can come next although something is left.
    """
    missing = dict.fromkeys(before, 0)
    after: dict[T, list[T]] = {}
    for member, predecessors in before.items():
        for predecessor in set(predecessors):
            missing[member] += 1
            after.setdefault(predecessor, []).append(member)
    ready = deque(member for member, count in missing.items() if count == 0)
    done = 0
    while ready:
        member = ready.popleft()
        done += 1
        yield member
        for follower in after.get(member, ()):
            missing[follower] -= 1
            if missing[follower] == 0:
                ready.append(follower)
    if done < len(before):
        members = _cycle(before, {member for member, count in missing.items() if count > 0})
        raise Cyclic(members)


def _cycle(before: Mapping[C, Iterable[C]], left: set[C]) -> list[C]:
    """Return one cycle among what is left: every one of them waits for another of them."""
    member = next(candidate for candidate in before if candidate in left)
    place: dict[C, int] = {}
    while member not in place:
        place[member] = len(place)
        member = next(predecessor for predecessor in before[member] if predecessor in left)
    return list(place)[place[member]:]  # fmt: skip
