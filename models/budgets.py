"""The calls that a process may make under the rate limits of fulfillers: leased ahead from budgets in the database."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from models.clock import Clock
from models.domain.errors import AlreadyExists, Unavailable
from models.domain.rate_limit import Leased, RateLimit, Spent, lease
from models.store import Store

Document = dict[str, Any]

COLLECTION = "budget"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_LONGEST_SLEEP = 5.0
_PAUSE = 0.2  # while the database is away


@dataclass(slots=True)
class _Purse:
    """What this process may still call."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    calls: int = 0
    until: datetime = _LONG_AGO
    empty_until: datetime = _LONG_AGO
    waiting: int = 0


class Budgets:
    """The leased calls of one process."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Lease from this store."""
        self._store = store
        self._clock = clock
        self._purses: dict[str, _Purse] = {}

    def is_empty(self, fulfiller: str) -> bool:
        """Whether there was no call left a moment ago, and none will become free before a later one."""
        purse = self._purses.get(fulfiller)
        return purse is not None and self._clock.now() < purse.empty_until

    async def spend(self, fulfiller: str, limit: RateLimit) -> None:
        """Wait until a call may be made, and count it. It is to be made at once."""
        purse = self._purses.setdefault(fulfiller, _Purse())
        purse.waiting += 1
        try:
            async with purse.lock:
                while not (purse.calls > 0 and self._clock.now() < purse.until):
                    await self._fill(purse, fulfiller, limit)
                purse.calls -= 1
        finally:
            purse.waiting -= 1

    async def _fill(self, purse: _Purse, fulfiller: str, limit: RateLimit) -> None:
        now = self._clock.now()
        try:
            leased = await self._lease(fulfiller, limit, limit.ahead(purse.waiting), now)
        except Unavailable:
            await asyncio.sleep(_PAUSE)
            return
        if leased is None:
            return  # somebody else was quicker: look again
        if leased.calls:
            purse.calls, purse.until = leased.calls, now + limit.valid
            return
        purse.empty_until = leased.free_at or now
        seconds = (purse.empty_until - self._clock.now()).total_seconds()
        await asyncio.sleep(min(max(seconds, 0.001), _LONGEST_SLEEP))

    async def _lease(self, fulfiller: str, limit: RateLimit, wanted: int, now: datetime) -> Leased | None:
        """Lease calls; None where another process wrote at the same time."""
        stored: Mapping[str, Any] | None = await self._store.get(COLLECTION, fulfiller)
        spent = [Spent(entry["calls"], entry["until"]) for entry in stored["spent"]] if stored else []
        leased = lease(limit, spent, wanted, now)
        if not leased.calls:
            return leased
        kept = [{"calls": one.calls, "until": one.until} for one in leased.spent]
        if stored is None:
            try:
                await self._store.insert(COLLECTION, {"_id": fulfiller, "rev": 1, "spent": kept})
            except AlreadyExists:
                return None
            return leased
        guard = {"_id": fulfiller, "rev": stored["rev"]}
        written = await self._store.update(COLLECTION, guard, {"$set": {"spent": kept}, "$inc": {"rev": 1}})
        return leased if written else None
