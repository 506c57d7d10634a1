"""Services that their clients delete or terminate, and what these hold in pools: given up for certain, and only then.

The wish is written down before the service goes. So a process that dies in between leaves either a service that has
not gone, and keeps what it holds, or one that has, and gives it up a little later.
"""

from datetime import timedelta
from typing import Any

from models.clock import Clock
from models.domain.pools.demand import Holder
from models.pools.pools import ResourcePoolStore
from models.reading import reading
from models.reservations_elsewhere import ReservationsElsewhere
from models.store import Store

Document = dict[str, Any]

COLLECTION = "serviceRelease"
SECONDS = 5.0
PORTION = 200
_GRACE = timedelta(minutes=2)
"""Until a service that is still there is taken not to go: no request lasts that long."""


class ServiceReleases:
    """Gives up what services hold that have gone.

    All methods raise `Unavailable` where the database cannot be reached, and may be repeated.
    """

    def __init__(self, store: Store, clock: Clock, pools: ResourcePoolStore) -> None:
        """Give back to these pools."""
        self._store = store
        self._collection = store.collection(COLLECTION)
        self._clock = clock
        self._pools = pools
        self._elsewhere = ReservationsElsewhere(store, clock)

    async def promise(self, tenant: str, service: str, why: str) -> None:
        """Say that a service is about to go."""
        wish = {"tenant": tenant, "why": why, "created": self._clock.now()}
        with reading():
            await self._collection.replace_one({"_id": service}, wish, upsert=True)

    async def fulfil(self, service: str) -> bool:
        """Give up what a service holds that was said to go, if it has gone; returns whether it had."""
        with reading():
            wish = await self._collection.find_one({"_id": service})
        return wish is not None and await self._look_at(wish)

    async def look(self) -> int:
        """Go on with what a process has left; returns how many services had gone."""
        with reading():
            wishes = await self._collection.find({}).sort("created", 1).to_list(PORTION)
        gone = 0
        for wish in wishes:
            gone += await self._look_at(wish)
        return gone

    async def _look_at(self, wish: Document) -> bool:
        key, tenant = wish["_id"], wish["tenant"]
        with reading():
            living = {"_id": key, "tenant": tenant, "body.state": {"$ne": "terminated"}}
            living_on = await self._store.collection("service").find_one(living, {"_id": 1}) is not None
        if not living_on:
            holder = Holder(service=key, tenant=tenant)
            await self._elsewhere.release(holder)
            await self._pools.release(holder, wish["why"])
        if not living_on or wish["created"] < self._clock.now() - _GRACE:
            with reading():
                await self._collection.delete_one({"_id": key, "created": wish["created"]})
        return not living_on
