"""Demands on a pool, served within a turn: those who wait before newcomers of the same priority."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pymongo import DeleteOne, UpdateOne

from models import resources
from models.domain.pools.demand import Demand, Exhausted, Holder, Invalid, Reserved
from models.domain.pools.fitting import DemandWrong, Traits, need, shapes, traits_of
from models.domain.pools.space import Piece, Shape
from models.pools.asks import Take, demand_document, demand_stored
from models.pools.members import Claim, Got, made, member_of

if TYPE_CHECKING:
    from models.pools.turn import Turn

Document = dict[str, Any]

DEMAND = "poolDemand"
_LINE = 200


class Taking:
    """Serves demands in one turn."""

    def __init__(self, turn: "Turn") -> None:
        """Work in this turn."""
        self._turn = turn
        self._failed: set[str] = set()
        self._alike: dict[str, int] = {}
        self._served = 0

    async def run(self, takes: Sequence[Take]) -> int:
        """Serve what can be served, let the others wait; returns how many of those in line were served."""
        open_takes, lined = await self._unanswered(takes)
        for take in open_takes:
            self._alike[take.shape] = self._alike.get(take.shape, 0) + take.demand.count
        newcomers = sorted(open_takes, key=lambda take: (take.demand.priority, take.since or self._turn.now))
        if self._turn.grown:
            await self._serve_line(newcomers, {take.key for take in newcomers})
        for take in newcomers:
            await self._serve(take, lined)
        await self._line_up([take for take in open_takes if take.result is None], lined)
        answers = {take.key: take.result for take in open_takes}
        for take in takes:  # one key may be asked for twice in a turn
            take.result = take.result or answers[take.key]
        return self._served

    async def _unanswered(self, takes: Sequence[Take]) -> tuple[list[Take], dict[str, Document]]:
        """Those whose key has nothing yet, each key once, and what the line says of keys."""
        if not takes:
            return [], {}
        turn, keys = self._turn, list({take.key for take in takes})
        held: dict[str, list[Document]] = {}
        found = turn.store.collection(resources.COLLECTION).find({"claim": {"$in": keys}}, session=turn.session)
        async for one in found:
            held.setdefault(one["claim"], []).append(one)
        line = turn.store.collection(DEMAND).find({"_id": {"$in": keys}}, session=turn.session)
        lined = {one["_id"]: one async for one in line}
        first: dict[str, Take] = {}
        for take in takes:
            take.result = self._known(take, held.get(take.key, ()), lined.get(take.key))
            if take.result is None:
                first.setdefault(take.key, take)
        return list(first.values()), lined

    def _known(self, take: Take, held: Sequence[Document], lined: Document | None) -> Reserved | Invalid | None:
        if held:
            if held[0].get("asked") != take.shape:
                return Invalid("Something else was demanded under this key.", "keyReused")
            if lined is not None:  # who asks for it knows that it was served
                self._turn.writes[DEMAND].append(DeleteOne({"_id": take.key}))
            return reserved(held)
        if lined is None:
            return None
        if lined["state"] != "waiting":
            return Invalid(
                f"What was reserved under this key is gone: {lined.get('why', 'it has expired')}.", "released"
            )
        if lined["shape"] != take.shape:
            return Invalid("Something else was demanded under this key.", "keyReused")
        take.since = lined["since"]
        return None

    async def _serve_line(self, newcomers: Sequence[Take], known: set[str]) -> None:
        """Serve those in line, but let go first who is of a higher priority."""
        left = list(newcomers)
        async for stored in self._line(known):
            while left and left[0].demand.priority < stored["priority"]:
                await self._serve(left.pop(0), {})
            waiting = Take(
                stored["_id"],
                Holder(**stored["holder"], tenant=stored["tenant"]),
                demand_stored(stored["demand"]),
                tuple(stored["pools"]),
                stored["since"],
            )
            await self._serve(waiting, {})
            if isinstance(waiting.result, Reserved):
                self._served += 1
                change = {"$set": {"state": "served", "untold": self._turn.now, "updated": self._turn.now}}
                self._turn.writes[DEMAND].append(UpdateOne({"_id": waiting.key}, change))

    async def _line(self, known: set[str]) -> AsyncIterator[Document]:
        """Those who wait, by priority and age, as long as there is something and somebody who may want it."""
        turn, seen = self._turn, set(known)
        order = [("priority", 1), ("since", 1), ("_id", 1)]
        while not turn.usage.empty:
            query: Document = {"pools": turn.pool["_id"], "state": "waiting"}
            query |= {"_id": {"$nin": list(seen)}, "shape": {"$nin": list(self._failed)}}
            found = await turn.store.collection(DEMAND).find(query, session=turn.session).sort(order).to_list(_LINE)
            for stored in found:
                seen.add(stored["_id"])
                if stored["shape"] not in self._failed and not turn.usage.empty:
                    yield stored
            if len(found) < _LINE:
                return

    async def _serve(self, take: Take, lined: dict[str, Document]) -> None:
        """Give a demand all that it wants, if that is there."""
        turn = self._turn
        if take.result is not None or take.shape in self._failed or turn.usage.empty:
            return
        try:
            got = await self._got(take.demand)
        except DemandWrong as wrong:
            take.result = Invalid(str(wrong))
            return
        if got is None:
            if not take.demand.near:
                self._failed.add(take.shape)
            return
        seconds = take.demand.seconds if take.demand.seconds is not None else turn.policy.reservation
        until = None if seconds is None else turn.now + timedelta(seconds=seconds)
        claim = Claim(take.key, take.holder, take.shape, until, take.who)
        documents = []
        for number, one in enumerate(got):
            documents.append(made(turn.pool, claim, number, one, turn.now))
            turn.usage.move(one.sizes, None, "reserved")
        turn.made += documents
        take.result = reserved(documents)
        if take.key in lined:
            turn.writes[DEMAND].append(DeleteOne({"_id": take.key}))

    async def _got(self, demand: Demand) -> list[Got] | None:
        """All of it, or None and nothing is taken."""
        space, rooms = self._turn.pieces.space, self._turn.rooms.rooms
        marks = space.mark(), rooms.mark()
        got: list[Got] = []
        for _ in range(1 if demand.adjacent else demand.count):
            traits = await self._traits(demand, got)
            if traits is None:
                found = None
            elif self._turn.pool["body"]["kind"] == "capacity":
                found = await self._room(demand, traits)
            else:
                found = await self._pieces(demand, traits)
            if not found:
                space.back(marks[0])
                rooms.back(marks[1])
                return None
            got += found
        return got

    async def _pieces(self, demand: Demand, traits: Traits) -> list[Got] | None:
        turn = self._turn
        count = demand.count if demand.adjacent else 1
        for shape in shapes(demand, turn.pool.get("version"), traits):
            needed = turn.pieces.space.needed(shape, count)
            taken = turn.pieces.space.take(shape, count)
            while taken is None and await turn.pieces.more(needed, self._wanted(demand)):
                taken = turn.pieces.space.take(shape, count)
            if taken is not None:
                part = await turn.part(taken.part)
                return [Got(part, one) for one in _divided(taken, shape)]
        return None

    async def _room(self, demand: Demand, traits: Traits) -> list[Got] | None:
        turn = self._turn
        measures = turn.pool["measures"]
        wanted = need(demand, measures, traits)
        taken = turn.rooms.rooms.take(wanted)
        while taken is None and await turn.rooms.more(wanted, self._wanted(demand)):
            taken = turn.rooms.rooms.take(wanted)
        if taken is None:
            return None
        amounts = {one["name"]: amount for one, amount in zip(measures, wanted.amounts, strict=False) if amount}
        return [Got(await turn.part(taken.part), None, amounts)]

    def _wanted(self, demand: Demand) -> int:
        return max(self._alike.values(), default=demand.count)

    async def _traits(self, demand: Demand, got: Sequence[Got]) -> Traits | None:
        """What the part must be like; None where that is impossible at the moment."""
        among, without = list(traits_of(demand.where)), set[str]()
        for near in demand.near:
            theirs = await self._theirs(near.by, near.of)
            if near.apart:
                own = [trait for one in got for trait in one.part.traits if trait.startswith(f"{near.by}=")]
                without |= theirs | (set(own) if near.by == "capacity" or demand.count > 1 else set())
            elif theirs:
                among.append(frozenset(theirs))
        return tuple(among), frozenset(without)

    async def _theirs(self, by: str, of: Sequence[str]) -> set[str]:
        """The traits by this name of what services (or resources) have, in this turn too."""
        turn = self._turn
        query = {
            "tenant": turn.pool["tenant"],
            "use": {"$in": ["reserved", "used"]},
            "$or": [{"holder.service": {"$in": list(of)}}, {"_id": {"$in": list(of)}}],
        }
        found = turn.store.collection(resources.COLLECTION).find(query, {"traits": 1}, session=turn.session)
        having = [one.get("traits", ()) async for one in found if one["_id"] not in turn.left]
        having += [one["traits"] for one in turn.made if one["holder"].get("service") in of or one["_id"] in of]
        return {trait for traits in having for trait in traits if trait.startswith(f"{by}=")}

    async def _line_up(self, takes: Sequence[Take], lined: dict[str, Document]) -> None:
        """Let those wait who could not be served, behind those who wait already."""
        turn = self._turn
        before: dict[int, int] = {}
        for take in sorted(takes, key=lambda one: (one.demand.priority, one.since or turn.now)):
            priority = take.demand.priority
            if priority not in before:
                query = {"pools": turn.pool["_id"], "state": "waiting", "priority": {"$lte": priority}}
                count = turn.store.collection(DEMAND).count_documents
                before[priority] = await count(query, session=turn.session)
            reason = f"The pool {turn.pool['body']['name']} has nothing left of what is demanded."
            take.result = Exhausted(reason, take.pools, max(0, before[priority] - (take.key in lined)))
            if take.key in lined:
                continue
            before[priority] += 1
            document = {
                "_id": take.key,
                "tenant": turn.pool["tenant"],
                "state": "waiting",
                "holder": take.holder.named(),
                "pools": list(take.pools),
                "demand": demand_document(take.demand),
                "shape": take.shape,
                "priority": priority,
                "since": turn.now,
                "created": turn.now,
                "updated": turn.now,
            }
            turn.writes[DEMAND].append(UpdateOne({"_id": take.key}, {"$setOnInsert": document}, upsert=True))


def _divided(taken: Piece, shape: Shape) -> list[Piece]:
    """The members, or blocks, that a run is made of."""
    return [taken.between(start, start + shape.size - 1) for start in range(taken.start, taken.end + 1, shape.size)]


def reserved(documents: Sequence[Document]) -> Reserved:
    """What a key has, by its resource documents."""
    ordered = sorted(documents, key=lambda one: (one.get("position", ""), one["_id"]))
    untils = [one["until"] for one in ordered if "until" in one]
    committed = all(one.get("use") == "used" for one in ordered)
    return Reserved(tuple(member_of(one) for one in ordered), min(untils, default=None), committed)
