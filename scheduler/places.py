"""Places for calls to a fulfiller: those of its limit over all processes, and a bound for each process."""

import asyncio
import heapq
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from itertools import count

from models.budgets import Budgets
from models.domain.errors import Unavailable
from models.domain.rate_limit import RateLimit
from models.slots import Slot, Slots

PER_PROCESS = 100
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.5


class _Queue:
    """Who calls next: the most important first, then who came first."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = count()

    async def enter(self, priority: int) -> None:
        if self._free > 0:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (priority, next(self._numbers), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()
            raise

    def leave(self) -> None:
        while self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


class Places:
    """Lets as many calls to each fulfiller go on as it allows."""

    def __init__(self, slots: Slots, budgets: Budgets) -> None:
        """Lease the places of limited fulfillers from these slots, and their calls from these budgets."""
        self._slots = slots
        self._budgets = budgets
        self._queues: dict[tuple[str, int], _Queue] = {}

    def __contains__(self, fulfiller: object) -> bool:
        """Whether a fulfiller is full: it had no place, or no call left, when somebody looked a moment ago."""
        return isinstance(fulfiller, str) and (self._slots.is_full(fulfiller) or self._budgets.is_empty(fulfiller))

    @asynccontextmanager
    async def place(
        self, fulfiller: str, limit: int | None, priority: int, rate: RateLimit | None = None
    ) -> AsyncIterator[None]:
        """Wait for a place, and hold it while the context is open.

        Args:
            fulfiller: its id.
            limit: calls under way at the same time over all processes; None is unlimited.
            priority: of the plan, 0 first.
            rate: calls in any stretch of time, over all processes; the call is to be made at once. None is unlimited.
        """
        size = min(limit or PER_PROCESS, PER_PROCESS)
        queue = self._queues.setdefault((fulfiller, size), _Queue(size))
        await queue.enter(priority)
        try:
            async with self._slot(fulfiller, limit) if limit is not None else nullcontext():
                if rate is not None:
                    await self._budgets.spend(fulfiller, rate)
                yield
        finally:
            queue.leave()

    async def take_back(self) -> None:
        """Free the places that a former life of this process still holds.

        Raises:
            Unavailable: the database cannot be reached.
        """
        await self._slots.take_back()

    async def _free_slot(self, fulfiller: str, limit: int) -> Slot | None:
        """A slot, or None while there is none; while the database is away there is none, and nobody has been called."""
        try:
            return await self._slots.acquire(fulfiller, limit)
        except Unavailable:
            return None

    @asynccontextmanager
    async def _slot(self, fulfiller: str, limit: int) -> AsyncIterator[None]:
        pause = FIRST_PAUSE
        while (slot := await self._free_slot(fulfiller, limit)) is None:
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        try:
            yield
        finally:
            await self._slots.release(slot)
