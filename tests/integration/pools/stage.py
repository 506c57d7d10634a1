"""Pools on a real database, as several processes would use them."""

import itertools
from datetime import datetime, timedelta
from typing import Any

from models.clock import Clock
from models.domain.caller import DEFAULT_TENANT
from models.domain.pools.demand import Allotment, Demand, Exhausted, Holder, Reserved
from models.pools import jobs
from models.pools.administration import PoolAdministration
from models.pools.pools import ResourcePoolStore
from models.store import Store

Document = dict[str, Any]


class LaterClock(Clock):
    """The clock of a process that is some time ahead, so that nobody has to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


class PoolStage:
    """One database, and a process on it; `another` makes further ones."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = LaterClock()
        self.pools = ResourcePoolStore(store, self.clock)
        self.administration = PoolAdministration(store, self.clock, self.pools.turns)
        self._keys = itertools.count(1)

    def another(self) -> ResourcePoolStore:
        return ResourcePoolStore(self.store, self.clock)

    async def make(self, key: str, kind: str, *capacity: Document, **policy: Any) -> Document:
        body = {"id": key, "name": key, "kind": kind, **policy}
        return await self.administration.create(DEFAULT_TENANT, body, capacity, "anna")

    async def vlans(self, first: int = 100, last: int = 199, **policy: Any) -> Document:
        return await self.make("vlans", "discrete", numbers(first, last), **policy)

    async def ask(self, key: str | None = None, service: str = "s-1", **demand: Any) -> Allotment:
        key = key or f"key-{next(self._keys)}"
        return await self.pools.reserve(key, Holder(service=service), Demand(**demand))

    async def get(self, key: str | None = None, **demand: Any) -> list[str]:
        """Values of what was reserved."""
        answer = await self.ask(key, **demand)
        assert isinstance(answer, Reserved), answer
        return [member.value for member in answer.members]

    async def waits(self, key: str, **demand: Any) -> Exhausted:
        answer = await self.ask(key, **demand)
        assert isinstance(answer, Exhausted), answer
        return answer

    async def later(self, seconds: float) -> int:
        """That much time passes; returns how many reservations and quarantines ended."""
        self.clock.ahead += timedelta(seconds=seconds)
        return await jobs.end_what_is_due(self.store, self.clock, self.pools.turns)

    async def counts(self, pool: str = "vlans") -> Document:
        stored = await self.administration.stored(DEFAULT_TENANT, pool)
        return {one.pop("measure"): {name: int(count) for name, count in one.items()} for one in stored["usage"]}

    async def members(self) -> list[Document]:
        return await self.store.collection("resource").find({"pool": {"$exists": True}}).sort("position", 1).to_list()

    async def pieces(self, pool: str = "vlans") -> list[tuple[str, int]]:
        found = self.store.collection("poolPiece").find({"pool": pool}).sort("start", 1)
        return [(one["start"].lstrip("0"), one["size"]) async for one in found]


def numbers(first: int | str, last: int | str, key: str | None = None, **more: Any) -> Document:
    """A part of a pool: a range."""
    amount = {"capacityAmountFrom": str(first), "capacityAmountTo": str(last)}
    return {"capacityAmount": amount, **({"id": key} if key else {}), **more}
