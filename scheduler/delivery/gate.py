"""How many calls to one subscriber are under way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from scheduler.delivery.settings import DeliverySettings


class Gate:
    """Lets so many calls through at a time; to a subscriber that fails at everything one, after a growing pause.

    A dead subscriber with a backlog of any size so costs one call a minute, and what waits for it keeps its attempts.
    """

    def __init__(self, settings: DeliverySettings) -> None:
        """Begin open."""
        self._settings = settings
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._probe = asyncio.Lock()
        self._failures = 0

    @property
    def broken(self) -> bool:
        """Whether the subscriber is only probed at the moment."""
        return self._failures >= self._settings.circuit_after

    @property
    def pause(self) -> float:
        """Seconds to wait before the next probe."""
        probes = max(0, self._failures - self._settings.circuit_after)
        return min(self._settings.circuit_pause * 2.0 ** min(probes, 30), self._settings.circuit_longest_pause)

    @asynccontextmanager
    async def passage(self) -> AsyncIterator[None]:
        """Wait for one's turn, and hold it."""
        async with self._slots, AsyncExitStack() as held:
            if self.broken:
                await held.enter_async_context(self._probe)
                await self._wait_as_probe(held)
            yield

    async def _wait_as_probe(self, held: AsyncExitStack) -> None:
        if self.broken:
            await asyncio.sleep(self.pause)
        else:  # whoever probed before us has found it alive: let all the others pass, too
            await held.aclose()

    def learn(self, *, alive: bool) -> None:
        """Take in how the subscriber answered."""
        self._failures = 0 if alive else self._failures + 1
