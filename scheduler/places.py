"""Places for calls to a fulfiller: those of its limit over all processes, and a bound for each process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext

from models.budgets import Budgets
from models.domain.errors import Unavailable
from models.domain.rate_limit import RateLimit
from models.slots import Slot, Slots
from scheduler.capacity import Capacity
from scheduler.gates import Gates, Ticket

PER_PROCESS = 100
POLLS_PER_PROCESS = 25
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.5


class Places:
    """Lets as many calls to each fulfiller go on as it allows.

    Attributes:
        gates: where the calls of this process get in line; one gate for calls, and one for polls, of each fulfiller.
    """

    def __init__(self, slots: Slots, budgets: Budgets, free: Callable[[], int] | None = None) -> None:
        """Lease the places of limited fulfillers from these slots, and their calls from these budgets.

        Args:
            slots: places over all processes.
            budgets: calls over all processes.
            free: plans that this process could still take in hand.
        """
        self._slots = slots
        self._budgets = budgets
        self.gates = Gates(free or Capacity().free)

    def __contains__(self, fulfiller: object) -> bool:
        """Whether a fulfiller is full: it had no place, or no call left, when somebody looked a moment ago."""
        if not isinstance(fulfiller, str):
            return False
        return self._slots.is_full(fulfiller) or self._budgets.is_empty(fulfiller) or self.gates.is_crowded(fulfiller)

    def ask(self, fulfiller: str, limit: int | None, priority: int) -> Ticket | None:
        """Get in line for a call.

        Args:
            fulfiller: its id.
            limit: calls under way at the same time over all processes; None is unlimited.
            priority: of the plan, 0 first.

        Returns:
            None where too many wait already: the plan is to wait outside.
        """
        return self.gates.ask(fulfiller, min(limit or PER_PROCESS, PER_PROCESS), priority)

    def ask_to_poll(self, fulfiller: str, priority: int) -> Ticket | None:
        """Get in line for a poll, as for a call: who hangs shall not take up everything by polls either."""
        return self.gates.ask(gate_of_polls(fulfiller), POLLS_PER_PROCESS, priority)

    @asynccontextmanager
    async def place(
        self, ticket: Ticket, fulfiller: str, limit: int | None, rate: RateLimit | None = None
    ) -> AsyncIterator[None]:
        """Wait for a place, and hold it while the context is open.

        Args:
            ticket: what `ask` gave.
            fulfiller: its id.
            limit: calls under way at the same time over all processes; None is unlimited.
            rate: calls in any stretch of time, over all processes; the call is to be made at once. None is unlimited.

        Raises:
            Displaced: somebody more important has the place in line.
        """
        try:
            await ticket.turn()
            async with self._slot(fulfiller, limit) if limit is not None else nullcontext():
                if rate is not None:
                    await self._budgets.spend(fulfiller, rate)
                yield
        finally:
            ticket.close()

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


def gate_of_polls(fulfiller: str) -> str:
    """The name of the gate where polls of a fulfiller get in line."""
    return f"{fulfiller}?"
