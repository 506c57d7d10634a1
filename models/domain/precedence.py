"""What comes first and last in an order item: allocations before anything else, releases after everything else.

What an item needs is set aside before any fulfiller is called for it, so that nothing is half built when a pool turns
out to be empty; and nothing is given back while somebody may still use it. Between tasks of one service the plan's
needs say so already; here it holds for the whole item, without needs from every task to every other.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from models.domain.plan import PlannedTask

ENDED = frozenset({"done", "skipped", "cancelled", "failed"})
"""States that a task does not leave any more, but to be undone."""


def is_release(task: PlannedTask) -> bool:
    """Whether a task gives resources back."""
    return task.kind == "allocate" and (task.action == "delete" or task.operation == "compensate")


def first_allocations(tasks: Iterable[PlannedTask]) -> frozenset[str]:
    """Keys of the allocations that need nothing but allocations: they have their turn as the order is taken on."""
    waiting = [
        task for task in tasks if task.kind == "allocate" and task.operation == "fulfil" and not is_release(task)
    ]
    first: set[str] = set()
    grown = True
    while grown and waiting:
        found = [task for task in waiting if first.issuperset(task.needs)]
        first.update(task.key for task in found)
        waiting = [task for task in waiting if task.key not in first]
        grown = bool(found)
    return frozenset(first)


@dataclass(slots=True)
class Precedence:
    """Which tasks of a plan have to wait for an allocation of their item, or to be the last of it.

    Nested items count as part of the item at the top where something is allocated for it, and as themselves where
    something is given back.

    Attributes:
        first: keys of the allocations that come first.
    """

    first: set[str] = field(default_factory=set)
    _open: Counter[str] = field(default_factory=Counter)
    _behind: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _left: Counter[str] = field(default_factory=Counter)
    _last: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, tasks: Iterable[PlannedTask], states: Mapping[str, str]) -> None:
        """Take tasks in, with the states that they are in."""
        new = list(tasks)
        self.first |= first_allocations(new)
        for task in new:
            ended = states[task.key] in ENDED
            if is_release(task):
                self._last[task.item].append(task.key)
                continue
            self._left[task.item] += not ended
            if task.key in self.first:
                self._open[_top(task)] += not ended
            elif task.operation == "fulfil":
                self._behind[_top(task)].append(task.key)

    def holds(self, task: PlannedTask) -> bool:
        """Whether a task has to wait for others of its item."""
        if is_release(task):
            return self._left[task.item] > 0
        return task.operation == "fulfil" and task.key not in self.first and self._open[_top(task)] > 0

    def ended(self, task: PlannedTask) -> list[str]:
        """A task has come to its end: the keys of those that may have waited for it here."""
        if is_release(task):
            return []
        self._left[task.item] -= 1
        freed = self._last[task.item] if self._left[task.item] == 0 else []
        if task.key in self.first:
            self._open[_top(task)] -= 1
            if self._open[_top(task)] == 0:
                freed = [*freed, *self._behind[_top(task)]]
        return freed


def _top(task: PlannedTask) -> str:
    return task.item.partition("/")[0]
