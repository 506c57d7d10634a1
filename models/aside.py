"""Computations beside the event loop, in a thread: for what takes long and is not made of small steps.

One thread for all of them. Python computes in one thread at a time and lets the event loop have its turn after some
milliseconds; a second thread would make nothing quicker, and would take turns of its own.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

BIG_BYTES = 64_000
"""JSON from here on is worked on aside: what costs most of its kind takes some ten milliseconds below."""

_THREAD = ThreadPoolExecutor(1, "aside")


async def aside(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do the work in the thread, and answer or raise what it does. It must share nothing that others change."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_THREAD, lambda: work(*args, **kwargs))


async def aside_if_big(size: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do work on JSON of so many bytes: at once where that is little, else in the thread."""
    return await aside(work, *args, **kwargs) if size >= BIG_BYTES else work(*args, **kwargs)
