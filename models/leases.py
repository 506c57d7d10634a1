"""Leases: the right to do what only one process may do at a time.

They stand in a collection of their own, so that their frequent renewal wakes nobody who follows the changes of what is
leased.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.clock import Clock
from models.domain.errors import AlreadyExists
from models.store import Store
from models.workers import former_lives

COLLECTION = "lease"


@dataclass(slots=True, eq=False)
class Lease:
    """A lease that this process holds, or has held.

    Attributes:
        name: what is leased.
        until: the moment up to which nobody else can take it.
    """

    name: str
    until: datetime


class Leases:
    """The leases of one process."""

    def __init__(self, store: Store, clock: Clock, by: str, seconds: float) -> None:
        """Take leases in the name of `by`, for so many seconds each; they live on as long as they are renewed.

        Nobody else may use the same name at the same time: a process that comes back under its former name, or as
        another life of the same node, has at once what it held before.
        """
        self._store = store
        self._clock = clock
        self._by = by
        self._length = timedelta(seconds=seconds)
        self._held: dict[str, Lease] = {}

    async def take(self, name: str) -> Lease | None:
        """The lease, or None while somebody else holds it.

        Raises:
            Unavailable: the database cannot be reached.
        """
        now = self._clock.now()
        free = {"_id": name, "$or": [{"by": self._by}, {"until": {"$lt": now}}, {"by": former_lives(self._by)}]}
        change = {"$set": {"by": self._by, "until": now + self._length}, "$inc": {"fence": 1}}
        try:
            await self._store.upsert(COLLECTION, free, change)
        except AlreadyExists:
            return None
        lease = self._held[name] = Lease(name, now + self._length)
        return lease

    def holds(self, lease: Lease, seconds: float = 0.0) -> bool:
        """Whether the lease is ours, and will be for so many seconds more even if it is not renewed."""
        return lease.until > self._clock.now() + timedelta(seconds=seconds)

    async def renew(self) -> None:
        """Prolong all leases held; those that were lost are ours no more.

        Raises:
            Unavailable: the database cannot be reached; what is held runs out if that lasts.
        """
        await asyncio.gather(*(self._renew(lease) for lease in list(self._held.values())))

    async def give_back(self, lease: Lease) -> None:
        """Let others take it at once.

        Raises:
            Unavailable: the database cannot be reached; the lease runs out by itself.
        """
        if self._held.get(lease.name) is lease:
            del self._held[lease.name]
        lease.until = self._clock.now()
        await self._store.delete(COLLECTION, {"_id": lease.name, "by": self._by})

    async def _renew(self, lease: Lease) -> None:
        now = self._clock.now()
        ours = {"_id": lease.name, "by": self._by}
        if await self._store.update(COLLECTION, ours, {"$set": {"until": now + self._length}}):
            lease.until = now + self._length
            return
        lease.until = now
        if self._held.get(lease.name) is lease:
            del self._held[lease.name]
