"""How far a plan has come: the running state of its tasks, what is ready, and what state each item is in.

Everything is kept up as tasks move, so that a plan of a thousand items costs a thousand times one item.
"""

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.domain.lifecycles import TASK
from models.domain.plan import Plan, PlannedItem, PlannedTask
from models.domain.precedence import ENDED, Precedence
from models.domain.rollup import ItemView

SATISFIED = frozenset({"done", "skipped"})
OPEN = frozenset({"running", "accepted", "retrying"})
STUCK = ("held", "pending")
_TOLD = (*STUCK, "failed")
"""States in which a task does not go on by itself, the graver one first."""

_SHORT = {
    "state": "s",
    "attempts": "n",
    "due": "d",
    "deadline": "l",
    "fulfiller": "f",
    "revision": "r",
    "error": "e",
    "started": "b",
    "holds": "h",
    "ruled": "u",
}
_LONG = {short: name for name, short in _SHORT.items()}


@dataclass(slots=True)
class TaskRun:
    """The running state of one task.

    Attributes:
        state: see `lifecycles.TASK`.
        attempts: calls made since the task was last resumed.
        due: when to look at it next: the next attempt, the next poll.
        deadline: when an accepted task has taken too long.
        fulfiller: id of the fulfiller that was engaged.
        revision: of its input; a new one makes a new idempotency key.
        error: {code, reason, message} while it is held; {…, missing} while it is pending.
        touched: whether a fulfiller was ever called for it, so that it may have had an effect.
        started: when it was first given to a fulfiller since it was last resumed.
        holds: how often it was held so far.
        ruled: how often each fallout rule was applied to it, by the rule's id.
        directed: whether somebody has chosen its fulfiller or its input; its document says which.
    """

    state: str = "waiting"
    attempts: int = 0
    due: datetime | None = None
    deadline: datetime | None = None
    fulfiller: str | None = None
    revision: int = 0
    error: dict[str, Any] | None = None
    touched: bool = False
    started: datetime | None = None
    holds: int = 0
    ruled: dict[str, int] | None = None
    directed: bool = False

    def to_document(self) -> dict[str, Any]:
        """As stored: short names, and only what says something."""
        stored: dict[str, Any] = {"s": self.state}
        for name, short in _SHORT.items():
            value = getattr(self, name)
            if value is not None and value != 0:
                stored[short] = value
        if self.touched:
            stored["t"] = 1
        if self.directed:
            stored["x"] = 1
        return stored

    @classmethod
    def from_document(cls, stored: Mapping[str, Any]) -> "TaskRun":
        """Read what `to_document` wrote."""
        known = {_LONG[short]: value for short, value in stored.items() if short in _LONG}
        return cls(**known, touched="t" in stored, directed="x" in stored)


class Progress:
    """The tasks of a plan and where each of them stands.

    Attributes:
        wanted: the tasks that the order asks for, and the steps of its recipes, by key. Others stop or undo them.
        recipes: keys of the tasks that run recipes, or have a run undone.
        changed: keys of those that have moved since the plan was written.
    """

    def __init__(self, plan: Plan, run: Mapping[str, TaskRun] | None = None, added: Iterable[PlannedTask] = ()) -> None:
        """Take up a plan where it stands; without `run`, at its beginning."""
        self.plan = plan
        self.tasks: dict[str, PlannedTask] = {}
        self.run: dict[str, TaskRun] = dict(run or {})
        self.changed: set[str] = set()
        self.recipes: list[str] = []
        self.wanted: dict[str, PlannedTask] = {task.key: task for task in plan.tasks}
        self._unmet: dict[str, int] = {}
        self._dependents: dict[str, list[str]] = defaultdict(list)
        self._by_item: dict[str, list[str]] = defaultdict(list)
        self._by_service: dict[str, list[str]] = defaultdict(list)
        self._by_state: dict[str, dict[str, None]] = defaultdict(dict)
        self._lineages: dict[str, tuple[str, ...]] = {}
        self._counts: dict[str, Counter[str]] = defaultdict(Counter)
        self._ready: dict[str, None] = {}
        self._ready_of: Counter[str] = Counter()
        self._ready_in: Counter[str] = Counter()
        self._blocked: set[str] = set()
        self._precedence = Precedence()
        self.dirty_items: dict[str, None] = {item.path: None for item in plan.items}
        self.add([*plan.tasks, *added])

    def add(self, tasks: Iterable[PlannedTask]) -> None:
        """Take further tasks into the plan, such as compensations."""
        new = list(tasks)
        for task in new:
            if task.of in self.wanted and task.target is None and not task.undoing:
                self.wanted[task.key] = task
            if task.kind == "recipe":
                self.recipes.append(task.key)
            self.tasks[task.key] = task
            self.run.setdefault(task.key, TaskRun())
        self._precedence.add(new, {task.key: self.run[task.key].state for task in new})
        for task in new:
            state = self.run[task.key].state
            self._by_state[state][task.key] = None
            self._unmet[task.key] = sum(1 for key in task.needs if self.run[key].state not in SATISFIED)
            for key in task.needs:
                self._dependents[key].append(task.key)
            for path in self._lineage(task.item):
                self._by_item[path].append(task.key)
                self._counts[path][state] += 1
                self.dirty_items[path] = None
            self._by_service[task.service].append(task.key)
            self._mark_ready(task.key)

    def move(self, key: str, to: str, **changes: Any) -> TaskRun:
        """Move a task to another state and set attributes of its running state.

        Raises:
            IllegalTransition: the life cycle of a task does not draw this.
        """
        run = self.run[key]
        before = run.state
        if to != before:
            run.state = TASK.move(before, to)
            run.holds += to == "held"
            self._count(key, before, to)
        for name, value in changes.items():
            setattr(run, name, value)
        self.changed.add(key)
        for path in self._lineage(self.tasks[key].item):
            self.dirty_items[path] = None
        if to in SATISFIED and before not in SATISFIED:
            for dependent in self._dependents[key]:
                self._unmet[dependent] -= 1
                self._mark_ready(dependent)
        if to in ENDED and before not in ENDED:
            for freed in self._precedence.ended(self.tasks[key]):
                self._mark_ready(freed)
        self._mark_ready(key)
        return run

    def _count(self, key: str, before: str, to: str) -> None:
        del self._by_state[before][key]
        self._by_state[to][key] = None
        for path in self._lineage(self.tasks[key].item):
            self._counts[path][before] -= 1
            self._counts[path][to] += 1

    def _mark_ready(self, key: str) -> None:
        ready = (
            self.run[key].state == "waiting" and self._unmet[key] == 0 and not self._precedence.holds(self.tasks[key])
        )
        if ready == (key in self._ready):
            return
        item = self.tasks[key].item
        if ready:
            self._ready[key] = None
        else:
            del self._ready[key]
        self._count_ready(item, 1 if ready else -1)

    def _count_ready(self, item: str, by: int) -> None:
        self._ready_of[item] += by
        if item not in self._blocked:
            for path in self._lineage(item):
                self._ready_in[path] += by

    def block(self, item: str, *, blocked: bool) -> None:
        """Note whether an item waits for something outside the plan: then what is ready in it is no work yet."""
        if blocked == (item in self._blocked):
            return
        ready = self._ready_of[item]
        self._count_ready(item, -ready)
        if blocked:
            self._blocked.add(item)
        else:
            self._blocked.discard(item)
        self._count_ready(item, ready)
        for path in self._lineage(item):
            self.dirty_items[path] = None

    def ready(self) -> list[PlannedTask]:
        """The tasks that could start now."""
        return [self.tasks[key] for key in self._ready]

    def is_ready(self, key: str) -> bool:
        """Whether a task could start now."""
        return key in self._ready

    @property
    def allocates(self) -> bool:
        """Whether there are allocations that have their turn as the order is taken on."""
        return bool(self._precedence.first)

    def comes_first(self, key: str) -> bool:
        """Whether a task is an allocation that has its turn as the order is taken on."""
        return key in self._precedence.first

    def is_used(self, task: PlannedTask) -> bool:
        """Whether a fulfiller has been called for something else than an allocation in the item of a task.

        Nested items count, and those around it: they may use what is allocated here.
        """
        top = task.item.partition("/")[0]
        others = (key for key in self._by_item.get(top, ()) if self.tasks[key].kind != "allocate")
        return any(self.run[key].touched for key in others)

    def of_service(self, service: str) -> list[str]:
        """Keys of the tasks that work on a service."""
        return self._by_service.get(service, [])

    def in_state(self, *states: str) -> list[str]:
        """Keys of the tasks in one of these states."""
        return [key for state in states for key in self._by_state.get(state, ())]

    @property
    def finished(self) -> bool:
        """Whether every task has come to its end."""
        return sum(len(self._by_state.get(state, ())) for state in ENDED) == len(self.tasks)

    def next_due(self, besides: Container[str] = ()) -> datetime | None:
        """The earliest moment at which a timer of a task runs out.

        Args:
            besides: keys of tasks whose next look is under way already; what it finds decides.
        """
        moments: list[datetime] = []
        for key in self.in_state("accepted", "retrying", "pending"):
            if key not in besides:
                moments += (moment for moment in (self.run[key].due, self.run[key].deadline) if moment is not None)
        return min(moments, default=None)

    def item_view(self, item: PlannedItem) -> ItemView:
        """The state of an item, nested items included, as its tasks make it."""
        counts = self._counts[item.path]
        for waiting in STUCK:
            if counts[waiting]:
                return ItemView(waiting)
        if any(counts[state] for state in OPEN) or self._ready_in[item.path]:
            return ItemView("inProgress", working=True)
        satisfied = sum(counts[state] for state in SATISFIED)
        everything = len(self._by_item.get(item.path, ()))
        if satisfied == everything:
            return ItemView("completed")
        if counts["failed"] and satisfied + counts["cancelled"] + counts["failed"] == everything:
            return ItemView("failed")
        if satisfied + counts["cancelled"] == everything:
            return ItemView("cancelled")
        return ItemView("inProgress" if satisfied else "acknowledged")

    def stuck(self, item: PlannedItem) -> list[TaskRun]:
        """The tasks that hold an item, wait for information, or made it fail; nested items included."""
        if not any(self._counts[item.path][state] for state in _TOLD):
            return []
        stuck = (self.run[key] for key in self._by_item.get(item.path, ()))
        return [run for run in stuck if run.state in _TOLD and run.error]

    def _lineage(self, path: str) -> tuple[str, ...]:
        """An item's path and those of the items that it is nested in."""
        known = self._lineages.get(path)
        if known is None:
            parts = path.split("/")
            known = self._lineages[path] = tuple("/".join(parts[: length + 1]) for length in range(len(parts)))
        return known
