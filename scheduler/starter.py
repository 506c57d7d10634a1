"""Giving what is ready to fulfillers, as far as they have room for it."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.domain.capacity import SHARE
from models.domain.fulfilment import RUN_BY_US
from models.domain.plan import PlannedTask
from scheduler.calls import Calls
from scheduler.choosing import Later
from scheduler.engagement import Engagement, Engager, Held, Parts
from scheduler.fallout import Fallout
from scheduler.items import Items
from scheduler.places import gate_of_polls
from scheduler.plan_record import PlanRecord

BATCH = 200
GOOD_FOR = timedelta(seconds=5)
"""How long a call that found no room stays as it was prepared; then registry, health and services are read anew."""


@dataclass(frozen=True, slots=True)
class _CrowdedOut:
    """A task that found no room.

    Attributes:
        gate: that it waits for.
        engagement: what it was to be called with; None for a poll.
        good_until: when that has to be made anew.
    """

    gate: str
    engagement: Engagement | None
    good_until: datetime


class Starter:
    """Starts the calls and polls of one plan."""

    def __init__(  # noqa: PLR0913, PLR0917 - what giving tasks to fulfillers takes
        self,
        parts: Parts,
        record: PlanRecord,
        engager: Engager,
        calls: Calls,
        fallout: Fallout,
        items: Items,
        wake: Callable[[], None],
    ) -> None:
        """Work for this plan; `wake` is called when there is room for what was crowded out."""
        self._parts = parts
        self._gates = parts.slots.gates
        self._record = record
        self._progress = record.progress
        self._engager = engager
        self._calls = calls
        self._fallout = fallout
        self._items = items
        self._wake = wake
        self._crowded: dict[str, _CrowdedOut] = {}

    @property
    def crowded_out(self) -> frozenset[str]:
        """Keys of the tasks whose call or poll has its time, and found no room."""
        return frozenset(self._crowded)

    @property
    def gates(self) -> frozenset[str]:
        """What those wait for."""
        return frozenset(one.gate for one in self._crowded.values())

    def due_tasks(self) -> list[PlannedTask]:
        """The tasks that could be given to a fulfiller now."""
        if self._record.paused:
            return []
        now = self._parts.clock.now()
        retries = [
            self._progress.tasks[key]
            for key in self._progress.in_state("retrying")
            if (due := self._progress.run[key].due) is None or due <= now
        ]
        tasks = [*self._progress.ready(), *retries]
        if self._record.state == "cancelling":
            return [task for task in tasks if task.key not in self._record.ordered]
        return tasks

    def take_displaced(self) -> None:
        """Tasks whose calls have lost their place in line were not called: they are ready again."""
        displaced, self._calls.displaced = self._calls.displaced, []
        for key in displaced:
            if self._progress.run[key].state == "running":
                self._progress.move(key, "retrying", due=None)

    async def start(self) -> bool:
        """Give what is ready to fulfillers.

        Returns:
            Whether the plan changed by it, so that it must be written.
        """
        engaged = (task for task in self.due_tasks() if task.kind not in RUN_BY_US)
        tasks = self._in_turn([task for task in engaged if self._items.has(task.item)])
        former, self._crowded = self._crowded, {}
        held = False
        with self._gates.asking(self):
            anew = [task for task in tasks if not self._tried_again(task, former.get(task.key))]
            for start in range(0, len(anew), BATCH):
                held = await self._start_batch(anew[start : start + BATCH]) or held
            self._poll()
        for gate, calls in self.crowded_at().items():
            if calls > 0:  # else it looks again when its own calls have begun
                self._gates.tell(gate, self, self._record.priority, calls, self._wake)
        return held

    def _in_turn(self, tasks: list[PlannedTask]) -> list[PlannedTask]:
        """Those that have their turn: whatever is to be allocated for the order is tried before anything else."""
        if not self._progress.allocates:
            return tasks
        first = [task for task in tasks if self._progress.comes_first(task.key)]
        untried = any(self._progress.run[task.key].state == "waiting" for task in first)
        if untried or any(self._progress.comes_first(key) for key in self._calls.keys):
            return first
        return tasks

    def crowded_at(self) -> dict[str, int]:
        """The gates that tasks wait for, with how many calls the plan would make there if it could."""
        wanted = Counter(one.gate for one in self._crowded.values())
        return {gate: min(number, SHARE - self._calls.in_line(gate)) for gate, number in wanted.items()}

    def may_stay(self) -> bool:
        """Whether what was crowded out may wait for its turn with the plan in hand."""
        return bool(self._crowded) and all(self._gates.may_stay(gate) for gate in self.gates)

    def end(self) -> None:
        """Be told of no room any more."""
        self._gates.forget(self)

    def _tried_again(self, task: PlannedTask, former: _CrowdedOut | None) -> bool:
        """Whether a task that was crowded out has been dealt with, without making its call anew."""
        if former is None or former.engagement is None:
            return False
        if former.engagement.revision != self._progress.run[task.key].revision:
            return False
        if former.good_until > self._parts.clock.now():
            self._begin(former.engagement, former.good_until)
            return True
        if self._has_room(former.gate):
            return False
        self._crowded[task.key] = former
        return True

    async def _start_batch(self, tasks: Sequence[PlannedTask]) -> bool:
        prepared = await self._engager.prepare_all(tasks)
        held = False
        for task, made in zip(tasks, prepared, strict=True):
            if isinstance(made, Held):
                self._fallout.hold(task, made)
                held = True
            elif isinstance(made, Later):
                self._progress.move(task.key, "retrying", due=made.due, error=made.error)
                held = True
            else:
                self._begin(made, self._parts.clock.now() + GOOD_FOR)
        return held

    def _has_room(self, fulfiller: str) -> bool:
        return self._calls.in_line(fulfiller) < SHARE and not self._gates.is_crowded(fulfiller)

    def _begin(self, engagement: Engagement, good_until: datetime) -> None:
        key, definition = engagement.task.key, engagement.definition
        ticket = None
        if self._calls.in_line(definition.id) < SHARE:
            ticket = self._parts.slots.ask(definition.id, definition.max_concurrent, self._record.priority)
        if ticket is None:
            self._crowded[key] = _CrowdedOut(definition.id, engagement, good_until)
            return
        run = self._progress.move(key, "running", fulfiller=definition.id, due=None, error=None)

        def begun() -> None:
            started = run.started or self._parts.clock.now()
            self._progress.move(key, "running", touched=True, attempts=run.attempts + 1, started=started)
            self._record.queued_since = None
            if definition.id in self.gates and self._calls.in_line(definition.id) < SHARE // 2:
                self._wake()

        self._calls.engage(engagement, ticket, begun)

    def _poll(self) -> None:
        now, polled = self._parts.clock.now(), self._calls.keys
        for key in self._progress.in_state("accepted", "pending"):
            run = self._progress.run[key]
            if run.due is None or run.due > now or key in polled:
                continue
            fulfiller = run.fulfiller or ""
            ticket = self._parts.slots.ask_to_poll(fulfiller, self._record.priority)
            if ticket is None:
                self._crowded[key] = _CrowdedOut(gate_of_polls(fulfiller), None, now)
            else:
                self._calls.poll(self._progress.tasks[key], run, ticket)
