"""The port `ResourcePools` on the database."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from models import resources
from models.clock import Clock
from models.domain.errors import NotFound, Unavailable
from models.domain.pools.demand import Allotment, Demand, Exhausted, Holder, Invalid, Member, Reserved, Served
from models.domain.pools.usage import Usage
from models.pools.asks import Free, Take, Use
from models.pools.keeping import HELD
from models.pools.members import member_of
from models.pools.taking import reserved
from models.pools.turn import POOL
from models.pools.turns import Turns
from models.pools.waiting import DEMAND
from models.reading import reading
from models.store import Store

Document = dict[str, Any]
Asked = tuple[str, str | None, str | None]
"""A tenant, and the pool or else the specification that a demand names."""

_KNOWN_SECONDS = 2.0
_MOST_KNOWN = 1_000
_ROUNDS = 5
_PORTION = 500


class ResourcePoolStore:
    """Pools on the database; `adapters.ports.ResourcePools` is the contract."""

    def __init__(self, store: Store, clock: Clock, who: str = "som", turns: Turns | None = None) -> None:
        """Use this store, and go among these turns where some are given; `who` is named in the history."""
        self._store = store
        self._clock = clock
        self._who = who
        self._known: dict[Asked, tuple[float, tuple[str, ...]]] = {}
        self._looking: dict[Asked, asyncio.Future[tuple[str, ...]]] = {}
        self.turns = turns or Turns(store, clock)

    async def reserve(self, key: str, holder: Holder, demand: Demand) -> Allotment:
        """Reserve what is demanded, all or nothing, or stand in line for it."""
        pools = await self._candidates(holder.tenant, demand)
        if not pools:
            wanted = demand.pool or demand.specification
            return Invalid(f"There is no resource pool {wanted!r}." if wanted else "No pool is named.", "unknownPool")
        if demand.revises and len(pools) > 1:
            pools = await self._where_held(pools, holder)
        answers: list[Allotment] = []
        for pool in pools:
            try:
                answer = await self.turns.ask(pool, Take(key, holder, demand, pools, who=self._who))
            except NotFound:
                self._known.clear()
                continue
            if isinstance(answer, Reserved) or (isinstance(answer, Invalid) and answer.code != "invalidDemand"):
                return answer
            answers.append(answer)
        waiting = [answer for answer in answers if isinstance(answer, Exhausted)]
        return (waiting or answers or [Invalid("The resource pool is gone.", "unknownPool")])[-1]

    async def look(self, key: str) -> Reserved | Exhausted | None:
        """What the key has, or waits for."""
        with reading():
            held = await self._store.collection(resources.COLLECTION).find({"claim": key}).to_list()
            stored = await self._store.collection(DEMAND).find_one({"_id": key, "state": {"$ne": "released"}})
            if stored is not None and "kept" in stored:
                keeps = {"_id": {"$in": stored["kept"]}, "use": HELD}
                held += await self._store.collection(resources.COLLECTION).find(keeps).to_list()
            if held:
                return reserved(held)
            if stored is None or stored["state"] != "waiting":
                return None
            before = {"pools": {"$in": stored["pools"]}, "state": "waiting", "priority": {"$lte": stored["priority"]}}
            before |= {"since": {"$lt": stored["since"]}}
            ahead = await self._store.collection(DEMAND).count_documents(before, limit=1_000)
        return Exhausted("It waits for its pool to have what is demanded.", tuple(stored["pools"]), ahead)

    async def keys(self, tenant: str, prefix: str) -> list[str]:
        """The keys with this prefix that have something or wait for it, in their order."""
        begins = {"$gte": prefix, "$lt": f"{prefix}\uffff"}
        with reading():
            resources_held = self._store.collection(resources.COLLECTION)
            held = await resources_held.distinct("claim", {"tenant": tenant, "claim": begins, "use": HELD})
            waiting = {"_id": begins, "tenant": tenant, "state": "waiting"}
            line = await self._store.collection(DEMAND).distinct("_id", waiting)
        return sorted({*held, *line})

    async def extend(self, key: str, until: datetime) -> None:
        """Let what a key has reserved end then; what is in use has no end."""
        mine = {"claim": key, "use": "reserved"}
        with reading():
            await self._store.collection(resources.COLLECTION).update_many(mine, {"$set": {"until": until}})

    async def commit(self, of: Holder | str) -> tuple[Member, ...]:
        """The members of a key, or of a holder, are in use now."""
        found: list[Document] = []
        for pool, ids in _portions(await self._held(of)):
            found += await self.turns.ask(pool, Use(ids, self._who))
        return tuple(member_of(one) for one in sorted(found, key=lambda one: (one["pool"], one.get("position", ""))))

    async def release(self, of: Holder | str, why: str | None = None, *, at_once: bool = False) -> int:
        """Give up what a key, or a holder, has or waits for."""
        released = 0
        for _ in range(_ROUNDS):
            await self._leave_line(of, why)  # first: what is in line may be served while we look at what is held
            held = await self._held(of)
            if not held:
                return released
            for pool, ids in _portions(held):
                released += await self.turns.ask(pool, Free(ids, why, at_once=at_once, who=self._who))
        raise Unavailable("What is released is given again all the time; please repeat.")

    async def held(self, of: Holder) -> tuple[str, ...]:
        """The ids of the members that a holder has, and is not about to lose."""
        query = {**_holder_query(of), "use": HELD, "leaving": {"$exists": False}}
        with reading():
            found = self._store.collection(resources.COLLECTION).find(query, {"_id": 1})
            return tuple([one["_id"] async for one in found])

    async def part_with(self, ids: Sequence[str], *, leaving: bool) -> None:
        """Note that the holder of these members does without them from now on, or has them after all."""
        change = {"$set": {"leaving": True}} if leaving else {"$unset": {"leaving": ""}}
        with reading():
            await self._store.collection(resources.COLLECTION).update_many(
                {"_id": {"$in": list(ids)}, "use": HELD}, change
            )

    async def give_up(self, ids: Sequence[str], why: str | None = None) -> int:
        """Release these members, whoever has them; returns how many were released now."""
        query = {"_id": {"$in": list(ids)}, "use": HELD}
        with reading():
            held = await self._store.collection(resources.COLLECTION).find(query, {"pool": 1}).to_list()
        released = 0
        for pool, portion in _portions(held):
            released += await self.turns.ask(pool, Free(portion, why, who=self._who))
        return released

    async def served(self, limit: int = 100) -> tuple[Served, ...]:
        """Those whose waiting has ended, and who have not been told."""
        with reading():
            cursor = self._store.collection(DEMAND).find({"untold": {"$exists": True}})
            found = await cursor.sort([("untold", 1), ("priority", 1), ("since", 1), ("_id", 1)]).to_list(limit)
        return tuple(Served(one["_id"], Holder(**one["holder"], tenant=one["tenant"])) for one in found)

    async def told(self, keys: Iterable[str]) -> None:
        """These need not be named any more."""
        with reading():
            served, line = {"_id": {"$in": list(keys)}, "state": "served"}, self._store.collection(DEMAND)
            noted = {"$set": {"state": "kept"}, "$unset": {"untold": ""}}
            await line.update_many({**served, "kept": {"$exists": True}}, noted)
            await line.delete_many(served)

    async def _where_held(self, pools: Sequence[str], holder: Holder) -> tuple[str, ...]:
        """The same pools, those first in which the holder's task has something."""
        of = Holder(service=holder.service, task=holder.task, tenant=holder.tenant)
        with reading():
            having = await self._store.collection(resources.COLLECTION).distinct(
                "pool", {**_holder_query(of), "use": HELD}
            )
        return tuple(sorted(pools, key=lambda pool: pool not in having))

    async def _candidates(self, tenant: str, demand: Demand) -> tuple[str, ...]:
        """The ids of the pools that may serve a demand, those that have something first."""
        asked = (tenant, demand.pool, demand.specification if demand.pool is None else None)
        at, known = self._known.get(asked, (0.0, ()))
        if known and time.monotonic() - at < _KNOWN_SECONDS:
            return known
        looking = self._looking.get(asked)
        if looking is None:  # those who ask for the same at the same time look once
            looking = self._looking[asked] = asyncio.ensure_future(self._look_for(asked))
            looking.add_done_callback(lambda _: self._looking.pop(asked, None))
        return await asyncio.shield(looking)

    async def _look_for(self, asked: Asked) -> tuple[str, ...]:
        query = candidates_query(*asked)
        if query is None:
            return ()
        with reading():
            found = await self._store.collection(POOL).find(query, {"usage": 1, "named": 1}).to_list()
        ordered = sorted(found, key=lambda one: (Usage.of(one["usage"]).empty, one["named"]))
        pools = tuple(one["_id"] for one in ordered)
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[asked] = (time.monotonic(), pools)
        return pools

    async def _held(self, of: Holder | str) -> list[Document]:
        query: Document = {"claim": of} if isinstance(of, str) else _holder_query(of)
        with reading():
            fields = {"pool": 1, "position": 1}
            return await self._store.collection(resources.COLLECTION).find({**query, "use": HELD}, fields).to_list()

    async def _leave_line(self, of: Holder | str, why: str | None) -> None:
        now = self._clock.now()
        gone = {"state": "released", "why": why or "released", "updated": now}
        change: Document = {"$set": gone, "$unset": {"pools": "", "untold": "", "kept": ""}}
        line = self._store.collection(DEMAND)
        with reading():
            if not isinstance(of, str):
                await line.update_many({**_holder_query(of), "state": "waiting"}, change)
                return
            await line.update_one({"_id": of, "state": {"$ne": "released"}}, change)
            noted = {"$setOnInsert": {**gone, "tenant": Holder().tenant, "created": now}}
            await line.update_one({"_id": of}, noted, upsert=True)


def candidates_query(tenant: str, pool: str | None, specification: str | None) -> Document | None:
    """The query for the pools that a demand may mean; None where it names nothing."""
    if pool is not None:
        return {"tenant": tenant, "$or": [{"_id": pool}, {"named": pool}]}
    if specification is None:
        return None
    paths = ("body.resourceSpecification.id", "body.resourceSpecification.name")
    return {"tenant": tenant, "$or": [{path: specification} for path in paths]}


def _holder_query(holder: Holder) -> Document:
    named = holder.named()
    if not named:
        raise ValueError("A holder without a name holds nothing.")
    return {"tenant": holder.tenant, **{f"holder.{name}": value for name, value in named.items()}}


def _portions(found: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """Members by pool, as ids, not too many for one turn."""
    made: dict[str, list[str]] = {}
    for one in found:
        made.setdefault(one["pool"], []).append(one["_id"])
    return [
        (pool, ids[start : start + _PORTION]) for pool, ids in made.items() for start in range(0, len(ids), _PORTION)
    ]
