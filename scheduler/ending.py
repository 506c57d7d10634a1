"""Ending tasks for certain."""

import asyncio
from collections.abc import Iterable
from typing import Any

REPEAT_SECONDS = 0.2


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks, and wait until they have ended, whatever comes of them.

    Before Python 3.12 `asyncio.wait_for`, through which pymongo sends, forgets a cancellation that arrives together
    with the end of what it waits for (python/cpython issue 86296). So one `cancel` is no promise: it is repeated.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        done, pending = await asyncio.wait(pending, timeout=REPEAT_SECONDS)
        for task in done:
            if not task.cancelled():
                task.exception()  # taken note of, so that asyncio does not complain that nobody did
