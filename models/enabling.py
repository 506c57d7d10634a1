"""Enabling services: which order builds one that several rely on, so that it is built once however many ask.

A service that others share is built by the first order whose plan finds none. Before the plan is written, the order
claims what it is going to build, by the wish that leads to it (`Wish.key`); `_id` is the unique key. Who comes second
waits, unplanned, and is woken when the claim is given up: the service is in use then, or its builder has ended without
it and the next one takes over. Nobody claims anything while it waits, so that no two orders wait for each other.

What wakes a waiting order may be lost in a crash; it looks again by itself as well (`RECHECK_SECONDS`), and takes over
a claim whose order has ended.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from models.clock import Clock
from models.domain.errors import AlreadyExists
from models.domain.ids import derived_id
from models.domain.lifecycles import SERVICE_ORDER
from models.domain.plan import Awaited
from models.domain.snapshot import Builder
from models.reading import reading
from models.store import Store

Document = dict[str, Any]

COLLECTION = "enablingService"
RECHECK_SECONDS = 30.0


def claim_id(tenant: str, key: str) -> str:
    """The id of the claim on a wish."""
    return derived_id(tenant, "enablingService", key)


class BuiltByOthers(Exception):
    """An order needs services that other orders are building."""

    def __init__(self, awaits: Sequence[Awaited]) -> None:
        """Carry what it needs."""
        super().__init__(", ".join(one.service for one in awaits))
        self.awaits = tuple(awaits)


async def builders_of(store: Store, tenant: str, keys: Iterable[str]) -> dict[str, Builder]:
    """Who has claimed to build what and may still do so, by the wish.

    Raises:
        Unavailable: the database cannot be reached.
    """
    ids = [claim_id(tenant, key) for key in keys]
    if not ids:
        return {}
    with reading():
        claims = await store.collection(COLLECTION).find({"_id": {"$in": ids}}).to_list()
        if not claims:
            return {}
        holders = {claim["order"] for claim in claims}
        open_orders = {"_id": {"$in": sorted(holders)}, "body.state": {"$nin": sorted(SERVICE_ORDER.final)}}
        alive = {found["_id"] async for found in store.collection("serviceOrder").find(open_orders, {"_id": 1})}
    return {claim["key"]: Builder(claim["order"], claim["service"]) for claim in claims if claim["order"] in alive}


class EnablingServices:
    """Claims on services that are to be built for whoever needs them, and the orders that wait for them."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Keep them in this store."""
        self._store = store
        self._clock = clock

    async def claim(self, tenant: str, order: str, services: Mapping[str, str]) -> list[Awaited]:
        """Claim for an order to build what it wishes for (service id by `Wish.key`): all of it, or nothing.

        Returns:
            What others are building: then nothing is claimed. Empty where everything is the order's now, or was.

        Raises:
            Unavailable: the database cannot be reached; safe to repeat.
        """
        for key in sorted(services):  # in one order everywhere: of two that want the same, one gets all of it
            other = await self._claim_one(tenant, order, key, services[key])
            if other is not None:
                await self.release(tenant, order, services)
                return [Awaited(key, other.service, other.order)]
        return []

    async def _claim_one(self, tenant: str, order: str, key: str, service: str) -> Builder | None:
        claim, now = claim_id(tenant, key), self._clock.now()
        change = {
            "$set": {"service": service, "updated": now},
            "$setOnInsert": {"tenant": tenant, "key": key, "created": now},
        }
        while True:
            try:
                await self._store.upsert(COLLECTION, {"_id": claim, "order": order}, change)
            except AlreadyExists:
                held = (await builders_of(self._store, tenant, [key])).get(key)
                if held is not None:
                    return held
                await self._take_from_the_dead(tenant, claim)
            else:
                return None

    async def _take_from_the_dead(self, tenant: str, claim: str) -> None:
        """Give up a claim whose order has ended, and could not say so because its server died."""
        stale = await self._store.get(COLLECTION, claim)
        if stale is not None and not await builders_of(self._store, tenant, [stale["key"]]):
            await self.release(tenant, stale["order"], [stale["key"]])

    async def release(self, tenant: str, order: str, keys: Iterable[str]) -> None:
        """Give up an order's claims, and wake the orders that wait for what it claimed; safe to repeat.

        Raises:
            Unavailable: the database cannot be reached.
        """
        for key in keys:
            guard = {"_id": claim_id(tenant, key), "order": order}
            with reading():
                await self._store.collection(COLLECTION).delete_one(guard)
            await self._wake({"tenant": tenant, "awaits.key": key})

    async def release_all(self, tenant: str, order: str, besides: Iterable[str] = ()) -> None:
        """Give up what an order has claimed and does not want any more.

        Raises:
            Unavailable: the database cannot be reached.
        """
        wanted = {"tenant": tenant, "order": order, "key": {"$nin": list(besides)}}
        with reading():
            claims = await self._store.collection(COLLECTION).find(wanted, {"key": 1}).to_list()
        await self.release(tenant, order, [claim["key"] for claim in claims])

    async def _wake(self, waiting: Document) -> None:
        """Have the waiting orders planned now, those that have waited longest first."""
        now = self._clock.now()
        with reading():
            orders = self._store.collection("serviceOrder").find(waiting, {"awaits": 1})
            found = await orders.hint("awaiting").to_list()
        for order in found:
            await wake(self._store, order["_id"], min(order["awaits"][0]["since"], now), self._clock)

    async def wait(self, order: Document, awaits: Sequence[Awaited], worker: str) -> bool:
        """Let a claimed order, which has no plan, wait for what others are building.

        It is looked at again at once where that has come to its end meanwhile.

        Returns:
            False where the order is not this worker's any more.

        Raises:
            Unavailable: the database cannot be reached; the lease runs out by itself.
        """
        now = self._clock.now()
        since = {known["key"]: known["since"] for known in order.get("awaits", ())}
        entries = [
            {"key": one.key, "service": one.service, "order": one.order, "since": since.get(one.key, now)}
            for one in awaits
        ]
        due = now + timedelta(seconds=RECHECK_SECONDS)
        guard = {"_id": order["_id"], "rev": order["rev"], "lease.by": worker}
        change = {"$set": {"awaits": entries, "due": due}, "$unset": {"lease": "", "fault": ""}}
        if not await self._store.update("serviceOrder", guard, change):
            return False
        if not await self._still_built(order["tenant"], order["_id"], awaits):
            await wake(self._store, order["_id"], now, self._clock)
        return True

    async def _still_built(self, tenant: str, order: str, awaits: Sequence[Awaited]) -> bool:
        """Whether what an order has just begun to wait for is not ended already: else nobody would wake it."""
        builders = await builders_of(self._store, tenant, [one.key for one in awaits])
        for one in awaits:
            claimed = builders.get(one.key)
            if claimed is not None and claimed.order == one.order:
                continue
            owned = {"_id": one.service, "owner.order": one.order, "body.state": {"$ne": "active"}}
            if not await self._store.update("service", owned, {"$addToSet": {"waiting": order}}):
                return False
        return True


async def wake(store: Store, order: str, due: Any, clock: Clock) -> None:
    """Have an order that waits for another's service planned now; one that has a plan, or does not wait, is left alone.

    Raises:
        Unavailable: the database cannot be reached.
    """
    guard = {"_id": order, "awaits.key": {"$exists": True}, "plan": {"$exists": False}, "lease": {"$exists": False}}
    await store.update("serviceOrder", guard, {"$set": {"due": due, "poke": clock.now()}})
