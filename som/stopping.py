"""Ending within the half minute that orchestrators leave, whatever hangs."""

import asyncio
import os
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import structlog

STOP_SECONDS = 29.0
"""From the signal to the end of the process, one second before it would be killed."""
PARTS_SECONDS = 21.0
"""Of those for the parts: requests, deliveries and calls under way."""
CLOSE_SECONDS = 1.0
"""For each thing that is closed afterwards; what is not is found by whoever comes next."""
LEAST_FOR_DATABASE = 3.0

log = structlog.get_logger(__name__)


class StopClock:
    """Runs from the moment at which the server is told to stop, and ends the process when its time is up."""

    def __init__(self, seconds: float = STOP_SECONDS) -> None:
        """Not told yet."""
        self._seconds = seconds
        self._ends: float | None = None

    def begin(self) -> None:
        """The server was told to stop. Safe to repeat."""
        if self._ends is None:
            self._ends = time.monotonic() + self._seconds
            # A thread, for what hangs may be the event loop, or a thread of a fulfiller's kind that Python waits for.
            last = threading.Timer(self._seconds, _end_at_once)
            last.daemon = True
            last.start()

    def left(self) -> float:
        """Seconds for the database to stop."""
        if self._ends is None:
            return self._seconds
        return max(LEAST_FOR_DATABASE, self._ends - time.monotonic() - 1.0)


def _end_at_once() -> None:
    """The last resort. It loses nothing: what was under way is taken back as after a crash."""
    log.error("did not stop in time, ending at once")
    os._exit(1)


def close_at_end(stack: AsyncExitStack, name: str, close: Callable[[], Awaitable[object]]) -> None:
    """Close something at the end, but wait no longer for it than a moment: the database may be away."""

    async def closed() -> None:
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await close()
        except TimeoutError:
            log.warning("not closed in time", what=name)

    stack.push_async_callback(closed)


async def unless_told(work: asyncio.Task[None], told: asyncio.Event, begun: Callable[[], bool]) -> None:
    """Wait for a server's whole life; where it is told to stop before it has begun to serve, break off its start.

    Raises:
        Exception: what the work raised.
    """
    waiting = asyncio.create_task(told.wait(), name="stop")
    await asyncio.wait([work, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not work.done() and not begun():
        log.info("told to stop while starting")
        while not work.done():
            work.cancel()
            # Not more often: what is cancelled amid its tidying up leaves something behind. The driver forgets some.
            await asyncio.wait([work], timeout=10.0)
        if work.cancelled():
            return
    await work
