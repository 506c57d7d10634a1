"""Long computations beside everything else that the event loop does."""

import asyncio
import time
from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")

SECONDS = 0.005


async def in_slices(steps: Generator[None, None, T]) -> T:
    """Run a generator to its end, and let others run whenever it has computed for a while.

    Returns:
        What the generator returns.
    """
    started = time.perf_counter()
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result
        if time.perf_counter() - started > SECONDS:
            await asyncio.sleep(0)
            started = time.perf_counter()
