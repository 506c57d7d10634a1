"""What the database driver needs so that it survives cancelled operations.

Before Python 3.12, `asyncio.wait_for` runs what it waits for in a task of its own. pymongo waits so for a condition
(a server to select, a connection to come free) while it holds the condition's lock. Cancel an operation at the moment
at which such a wait times out, and the operation leaves without the lock, lets go of it in somebody else's name, and
the task that it left behind takes the lock for ever: from then on every operation of the client hangs, however well
the database is. Operations are cancelled all the time (a probe that waits 2 seconds, a request whose client has gone,
the calls of a plan that was lost), and while a database restarts most of them stand exactly there.
"""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

import pymongo.lock

T = TypeVar("T")


async def wait_here(waited: Coroutine[Any, Any, T], timeout: float | None) -> T:  # noqa: ASYNC109 - as the original
    """As `asyncio.wait_for` of Python 3.12: waits in the task of whoever calls, which has the lock when this returns.

    Raises:
        TimeoutError: it took longer.
    """
    async with asyncio.timeout(timeout):
        return await waited


def make_cancellable() -> None:
    """Let the driver wait in that way where Python itself does not yet."""
    if sys.version_info < (3, 12):
        pymongo.lock.wait_for = wait_here  # type: ignore[attr-defined,assignment]
