"""How many calls of a fulfiller are under way over all processes: places in the database that are leased.

A fulfiller with a limit of n has the slots 0 to n-1. A process leases those that it needs, uses them again for the next
call without asking the database, and gives them back when they were idle for a moment. A process that gets none leaves
a note (`<fulfiller>:wanted`), upon which the others stand back for a moment, so that nobody starves. The slots of a
process that died are free when their lease ends.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from pymongo.errors import PyMongoError

from models.clock import Clock
from models.domain.errors import AlreadyExists, Unavailable
from models.store import Store
from models.workers import former_lives

COLLECTION = "slot"
_WANTED = "wanted"
_PATIENCE = timedelta(milliseconds=50)  # after finding all slots taken, before asking the database again
_TURN = timedelta(seconds=1)  # between two looks whether another process has no slot at all
_COURTESY = timedelta(milliseconds=250)  # for which slots are then left to it

_LINGER = 0.1  # seconds for which a released slot stays at hand
_log = structlog.get_logger(__name__)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True, eq=False)
class Slot:
    """One leased place.

    Attributes:
        id: `<fulfiller>:<number>`.
        number: from 0 to below the limit.
        until: when the lease ends, unless it is extended.
        idle_since: when it was last released, by the event loop's time.
    """

    id: str
    fulfiller: str
    number: int
    until: datetime
    idle_since: float = 0.0


@dataclass(slots=True)
class _Pool:
    """The slots of one fulfiller that this process has."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    idle: deque[Slot] = field(default_factory=deque)
    used: set[Slot] = field(default_factory=set)
    leaving: set[Slot] = field(default_factory=set)
    tidying: asyncio.Task[None] | None = None
    waiting: int = 0
    full_until: datetime = _LONG_AGO
    courteous_until: datetime = _LONG_AGO
    looked: datetime = _LONG_AGO
    noted: datetime = _LONG_AGO


class Slots:
    """The slots that one process holds."""

    def __init__(self, store: Store, clock: Clock, by: str, ttl: float = 60.0) -> None:
        """Lease in the name `by` for `ttl` seconds; `extend` has to be called more often than that."""
        self._store = store
        self._clock = clock
        self._by = by
        self._ttl = timedelta(seconds=ttl)
        self._pools: dict[str, _Pool] = {}

    async def take_back(self) -> int:
        """Free the slots that earlier lives of this node still hold; call it when this node is certain to live once.

        Raises:
            Unavailable: the database cannot be reached.
        """
        try:
            freed = await self._store.collection(COLLECTION).delete_many({"by": former_lives(self._by)})
        except PyMongoError as error:
            raise Unavailable from error
        return freed.deleted_count

    def is_full(self, fulfiller: str) -> bool:
        """Whether all slots were found taken a moment ago."""
        pool = self._pools.get(fulfiller)
        return pool is not None and self._is_full(pool)

    async def acquire(self, fulfiller: str, limit: int) -> Slot | None:
        """A slot of this fulfiller, or None when all are taken.

        Raises:
            Unavailable: the database cannot be reached.
        """
        pool = self._pools.setdefault(fulfiller, _Pool())
        slot = self._reused(pool, limit)
        if slot is not None or self._is_full(pool):
            return slot
        pool.waiting += 1
        try:
            async with pool.lock:
                slot = self._reused(pool, limit)
                if slot is None and not self._is_full(pool):
                    # Everybody who waits for the lock is served by this one round to the database.
                    await self._lease(pool, fulfiller, limit, pool.waiting)
                    slot = self._reused(pool, limit)
                return slot
        finally:
            pool.waiting -= 1

    async def release(self, slot: Slot) -> None:
        """Let go of what `acquire` gave. The slot stays at hand for a moment, then other processes may have it.

        Raises nothing: while the database is away the slot stays taken, at the longest until its lease ends.
        """
        pool = self._pools.get(slot.fulfiller)
        if pool is None or slot not in pool.used:
            return
        pool.full_until = _LONG_AGO
        starving = await self._others_starve(pool, slot.fulfiller)
        pool.used.discard(slot)
        if starving:
            await self._give_back(pool, slot)
            return
        slot.idle_since = asyncio.get_running_loop().time()
        pool.idle.append(slot)
        if pool.tidying is None:
            pool.tidying = asyncio.create_task(self._tidy(pool), name=f"idle slots of {slot.fulfiller}")

    async def extend(self) -> list[Slot]:
        """Prolong the leases of all slots that this process has.

        Returns:
            Slots that were lost: their lease had ended, and somebody else has them. What runs on them goes on; the
            fulfiller may for a moment have more calls than its limit.
        """
        until = self._clock.now() + self._ttl
        held = [(pool, slot) for pool in self._pools.values() for slot in (*pool.used, *pool.idle)]
        kept = await asyncio.gather(*(self._prolong(slot, until) for _, slot in held))
        for key in [
            key for key, pool in self._pools.items() if not (pool.used or pool.idle or pool.leaving or pool.waiting)
        ]:
            del self._pools[key]
        return [slot for (pool, slot), still in zip(held, kept, strict=True) if not still and slot in pool.used]

    async def aclose(self) -> None:
        """Give all slots back."""
        tidying = [pool.tidying for pool in self._pools.values() if pool.tidying]
        for task in tidying:
            task.cancel()
        await asyncio.gather(*tidying, return_exceptions=True)
        slots = [(pool, slot) for pool in self._pools.values() for slot in (*pool.idle, *pool.used)]
        self._pools.clear()
        await asyncio.gather(*(self._give_back(pool, slot) for pool, slot in slots))

    def _is_full(self, pool: _Pool) -> bool:
        return self._clock.now() < max(pool.full_until, pool.courteous_until)

    def _reused(self, pool: _Pool, limit: int) -> Slot | None:
        """An idle slot that this process has, unless its lease ends soon or the limit was lowered meanwhile."""
        soon = self._clock.now() + self._ttl / 3
        while pool.idle:
            slot = pool.idle.pop()
            if slot.number < limit and slot.until > soon:
                pool.used.add(slot)
                return slot
        return None

    async def _lease(self, pool: _Pool, fulfiller: str, limit: int, wanted: int) -> None:
        """Lease as many slots as are wanted and free, side by side."""
        now = self._clock.now()
        held = await self._held(fulfiller, limit)
        mine = {slot.number for slot in (*pool.used, *pool.idle, *pool.leaving)}
        free = [
            number
            for number in range(limit)
            if number not in mine and (number not in held or self._is_free(held[number], now))
        ]
        while free and wanted > len(pool.idle):
            tried, free = free[: wanted - len(pool.idle)], free[wanted - len(pool.idle) :]
            taken = await asyncio.gather(*(self._take(fulfiller, number, held.get(number), now) for number in tried))
            pool.idle.extend(slot for slot in taken if slot is not None)
        if pool.idle:
            return
        pool.full_until = now + _PATIENCE
        if not pool.used and now - pool.noted > _TURN / 2:
            pool.noted = now
            note = {"fulfiller": fulfiller, "by": self._by, "until": now + _TURN}
            await self._store.upsert(COLLECTION, {"_id": f"{fulfiller}:{_WANTED}"}, {"$set": note})

    async def _others_starve(self, pool: _Pool, fulfiller: str) -> bool:
        """Whether to stand back, because a process that has no slot at all has left a note."""
        now = self._clock.now()
        if now - pool.looked > _TURN:
            pool.looked = now
            note = await self._note(fulfiller)
            if note is not None and note["by"] != self._by and note["until"] > now:
                pool.courteous_until = now + _COURTESY
        return now < pool.courteous_until

    def _is_free(self, held: dict[str, Any], now: datetime) -> bool:
        """A lease that has ended, or one of ours that we let go of too near its end to use it again."""
        return bool(held["until"] <= now or held["by"] == self._by)

    async def _note(self, fulfiller: str) -> dict[str, Any] | None:
        try:
            return await self._store.get(COLLECTION, f"{fulfiller}:{_WANTED}")
        except Unavailable:
            return None  # nobody can take a slot now; the next look is soon

    async def _tidy(self, pool: _Pool) -> None:
        """Give back what was idle for a moment, until nothing is idle."""
        try:
            while pool.idle:
                await asyncio.sleep(_LINGER)
                before = asyncio.get_running_loop().time() - _LINGER
                while pool.idle and pool.idle[0].idle_since <= before:
                    await self._give_back(pool, pool.idle.popleft())
        finally:
            pool.tidying = None

    async def _held(self, fulfiller: str, limit: int) -> dict[int, dict[str, Any]]:
        cursor = self._store.collection(COLLECTION).find({"fulfiller": fulfiller}, {"by": 1, "until": 1})
        try:
            held = {entry["_id"].rpartition(":")[2]: entry async for entry in cursor}
            return {int(number): entry for number, entry in held.items() if number != _WANTED and int(number) < limit}
        except PyMongoError as error:
            raise Unavailable from error

    async def _take(self, fulfiller: str, number: int, held: dict[str, Any] | None, now: datetime) -> Slot | None:
        """One slot, if nobody else is quicker."""
        slot = Slot(f"{fulfiller}:{number}", fulfiller, number, now + self._ttl)
        lease = {"by": self._by, "until": slot.until}
        if held is not None:
            guard = {"_id": slot.id, "by": held["by"], "until": held["until"]}
            return slot if await self._store.update(COLLECTION, guard, {"$set": lease}) else None
        try:
            await self._store.insert(COLLECTION, {"_id": slot.id, "fulfiller": fulfiller, **lease})
        except AlreadyExists:
            return None
        return slot

    async def _prolong(self, slot: Slot, until: datetime) -> bool:
        kept = await self._store.update(COLLECTION, self._own(slot), {"$set": {"until": until}})
        if kept:
            slot.until = until
        return kept

    async def _give_back(self, pool: _Pool, slot: Slot) -> None:
        """Free the slot for other processes; until that is written, this process must not lease it anew either."""
        pool.leaving.add(slot)
        try:
            await self._store.delete(COLLECTION, self._own(slot))
        except Unavailable:
            _log.warning("slot stays taken until its lease ends", slot=slot.id)
        finally:
            pool.leaving.discard(slot)

    def _own(self, slot: Slot) -> dict[str, Any]:
        return {"_id": slot.id, "by": self._by}
