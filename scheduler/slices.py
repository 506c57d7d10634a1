"""Long computations in slices, so that the event loop never waits long."""

import asyncio
from collections.abc import Generator
from typing import TypeVar

SLICE_SECONDS = 0.005

T = TypeVar("T")


async def in_slices(steps: Generator[None, None, T]) -> T:
    """Run a computation that yields often, giving way to others whenever a slice of time is used up.

    Returns:
        What the computation returns.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    while True:
        try:
            next(steps)
        except StopIteration as end:
            made: T = end.value
            return made
        if loop.time() - began > SLICE_SECONDS:
            await asyncio.sleep(0)
            began = loop.time()
