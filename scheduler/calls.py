"""The calls to fulfillers that one plan has under way."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from models.domain.plan import PlannedTask
from models.domain.progress import TaskRun
from scheduler.engagement import Answer, Engagement, Engager
from scheduler.gates import Displaced, Ticket


class Calls:
    """Calls and polls of one plan.

    A call waits for its fulfiller's place first; until it has one it has not begun, and can be withdrawn.

    Attributes:
        answers: what has come back, to be taken out by the plan's run.
        displaced: keys of tasks whose calls have lost their place in line, to be taken out likewise.
    """

    def __init__(self, engager: Engager, wake: Callable[[], None]) -> None:
        """Make calls with this engager; `wake` is called whenever one has ended."""
        self._engager = engager
        self._wake = wake
        self._under_way: dict[asyncio.Task[None], str] = {}
        self._queued: dict[str, tuple[asyncio.Task[None], str]] = {}
        self._once_only: set[asyncio.Task[None]] = set()
        self._failure: Exception | None = None
        self.answers: deque[Answer] = deque()
        self.displaced: list[str] = []

    def __bool__(self) -> bool:
        """Whether any call is under way."""
        return bool(self._under_way)

    @property
    def keys(self) -> frozenset[str]:
        """Of the tasks that calls or polls are under way for."""
        return frozenset(self._under_way.values())

    @property
    def can_be_repeated(self) -> bool:
        """Whether whatever is under way may be broken off: made again with its key, it takes effect once."""
        return not self._once_only

    def in_line(self, fulfiller: str) -> int:
        """How many calls to a fulfiller have not begun."""
        return sum(1 for _, where in self._queued.values() if where == fulfiller)

    def engage(self, engagement: Engagement, ticket: Ticket, begun: Callable[[], None]) -> None:
        """Call a fulfiller as soon as it has a place; `begun` is told when the call counts as made."""
        key = engagement.task.key

        def has_place() -> None:
            self._queued.pop(key, None)
            begun()

        def ended(call: asyncio.Task[None]) -> None:
            if self._queued.get(key, (None, ""))[0] is call:
                del self._queued[key]

        call = self._start(key, ticket, lambda: self._engager.perform(engagement, ticket, has_place))
        self._queued[key] = (call, engagement.definition.id)
        if not engagement.definition.honours_idempotency_key:
            self._once_only.add(call)
        call.add_done_callback(ended)

    def poll(self, task: PlannedTask, run: TaskRun, ticket: Ticket) -> None:
        """Ask a fulfiller how accepted work is."""
        self._start(task.key, ticket, lambda: self._engager.poll(task, run, ticket))

    def withdraw(self, wanted: Callable[[str], bool]) -> list[str]:
        """Take back the calls that have not begun, of the tasks that are wanted; returns their keys."""
        keys = [key for key in self._queued if wanted(key)]
        for key in keys:
            call, _ = self._queued.pop(key)
            self._under_way.pop(call, None)
            call.cancel()
        return keys

    def check(self) -> None:
        """Raise what kept a call from being made or its answer from being taken: the lease was lost, say."""
        if self._failure is not None:
            raise self._failure

    def fail(self, failure: Exception) -> None:
        """Let the plan's run end with this."""
        self._failure = failure
        self._wake()

    def end(self) -> None:
        """Wait for no answer any more."""
        for call in self._under_way:
            call.cancel()

    def _start(self, key: str, ticket: Ticket, work: Callable[[], Awaitable[Answer]]) -> asyncio.Task[None]:
        async def answer() -> None:
            try:
                self.answers.append(await work())
            except Displaced:
                self.displaced.append(key)
            except Exception as failure:  # noqa: BLE001 - whatever it is, the plan's run raises it
                self._failure = failure

        call = asyncio.create_task(answer(), name=f"call of task {key}")
        self._under_way[call] = key
        call.add_done_callback(lambda _: ticket.close())  # also where it was cancelled before it had begun
        call.add_done_callback(self._ended)
        return call

    def _ended(self, call: asyncio.Task[None]) -> None:
        """Look at the plan again, and not before the call counts as ended: nothing else would wake it after that."""
        self._under_way.pop(call, None)
        self._once_only.discard(call)
        self._wake()
