"""Totals of lists, counted once for all who ask at the same time, and kept for a while where counting was dear."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field

KEPT_AT_MOST = 5.0
"""Seconds. So long at most may a total be older than the page that it stands beside."""
_TIMES_ITS_COST = 100
_FREE = 0.003
_SIZE = 1_000


@dataclass(slots=True)
class Counts:
    """A small cache of totals.

    A total that took 3 ms or less is not kept; any other is kept for a hundred times as long as it took, so that
    counting never costs more than a hundredth of the database's time for one list, and 5 seconds at most.

    Attributes:
        now: seconds on a clock that never goes back.
    """

    now: Callable[[], float] = time.monotonic
    _kept: dict[Hashable, tuple[float, int]] = field(default_factory=dict)
    _running: dict[Hashable, asyncio.Task[int]] = field(default_factory=dict)

    async def get(self, key: Hashable, count: Callable[[], Awaitable[int]]) -> int:
        """The total for a key, from the cache or from `count`, whose errors reach everybody who waits for it."""
        until, total = self._kept.get(key, (0.0, 0))
        if until > self.now():
            return total
        task = self._running.get(key)
        if task is None:
            task = asyncio.ensure_future(self._count(key, count))
            self._running[key] = task
            task.add_done_callback(lambda done: self._ended(key, done))
        # Shielded: one client that goes away must not take the count from the others.
        return await asyncio.shield(task)

    def _ended(self, key: Hashable, task: asyncio.Task[int]) -> None:
        self._running.pop(key, None)
        if not task.cancelled():
            task.exception()  # whoever still waits is told; where nobody does, it is no news

    async def _count(self, key: Hashable, count: Callable[[], Awaitable[int]]) -> int:
        begun = self.now()
        total = await count()
        ended = self.now()
        took = ended - begun
        self._kept.pop(key, None)
        if took > _FREE:
            if len(self._kept) >= _SIZE:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = (ended + min(KEPT_AT_MOST, took * _TIMES_ITS_COST), total)
        return total
