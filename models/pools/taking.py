"""Demands on a pool, served within a turn: those who wait before newcomers of the same priority."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pymongo import DeleteOne, UpdateOne

from models import resources
from models.domain.pools.demand import Holder, Invalid, Reserved
from models.domain.pools.fitting import DemandWrong
from models.pools.asks import Take, demand_stored
from models.pools.choosing import Choosing
from models.pools.keeping import got_of, held_by, kept, shares
from models.pools.members import Claim, Got, made, member_of
from models.pools.saving import SavingUp
from models.pools.waiting import DEMAND, Waiting

if TYPE_CHECKING:
    from models.pools.turn import Turn

Document = dict[str, Any]


class Taking:
    """Serves demands in one turn."""

    def __init__(self, turn: "Turn") -> None:
        """Work in this turn."""
        self._turn = turn
        self._choosing = Choosing(turn)
        self._waiting = Waiting(turn)
        self._saving = SavingUp(turn)
        self._failed: set[str] = set()
        self._served = 0

    async def run(self, takes: Sequence[Take]) -> int:
        """Serve what can be served, let the others wait; returns how many of those in line were served."""
        open_takes, lined = await self._unanswered(takes)
        alike = self._choosing.alike
        for take in open_takes:
            alike[take.shape] = alike.get(take.shape, 0) + take.demand.count
        newcomers = sorted(open_takes, key=lambda take: (take.demand.priority, take.since or self._turn.now))
        if self._turn.grown:
            await self._saving.look()
            await self._serve_line(newcomers, {take.key for take in newcomers})
        for take in newcomers:
            await self._serve(take, lined)
        await self._waiting.append([take for take in open_takes if take.result is None], lined, self._saving)
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
        for key, noted in lined.items():
            if "kept" in noted:
                held.setdefault(key, []).extend(await self._members(noted["kept"]))
        first: dict[str, Take] = {}
        for take in takes:
            take.result = self._known(take, held.get(take.key, ()), lined.get(take.key))
            if take.result is None:
                first.setdefault(take.key, take)
        return list(first.values()), lined

    async def _members(self, ids: Sequence[str]) -> list[Document]:
        query = {"_id": {"$in": list(ids)}, "use": {"$in": ["reserved", "used"]}}
        return await self._turn.store.collection(resources.COLLECTION).find(query, session=self._turn.session).to_list()

    def _known(self, take: Take, held: Sequence[Document], lined: Document | None) -> Reserved | Invalid | None:
        if held:
            asked = lined["shape"] if lined is not None and "kept" in lined else held[0].get("asked")
            if asked != take.shape:
                return Invalid("Something else was demanded under this key.", "keyReused")
            if lined is not None:  # who asks for it knows that it was served
                self._turn.writes[DEMAND].append(_known_now(take.key, lined))
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
        async for stored in self._waiting.in_order(known, self._failed):
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
            if waiting.result is None and self._saving.hinders(waiting) and self._saving.stops_the_line:
                return
            if waiting.result is None and not self._saving.hinders(waiting):
                self._saving.passed(waiting)
            if isinstance(waiting.result, Reserved):
                self._served += 1
                change = {"$set": {"state": "served", "untold": self._turn.now, "updated": self._turn.now}}
                self._turn.writes[DEMAND].append(UpdateOne({"_id": waiting.key}, change))

    async def _serve(self, take: Take, lined: dict[str, Document]) -> None:
        """Give a demand all that it wants, if that is there."""
        turn = self._turn
        if take.result is not None or take.shape in self._failed:
            return
        if turn.usage.empty and not take.demand.revises:
            return
        try:
            keeps, got = await self._found(take)
        except DemandWrong as wrong:
            take.result = Invalid(str(wrong))
            return
        if got is None:
            if not (take.demand.near or take.demand.revises or self._saving.hinders(take)):
                self._failed.add(take.shape)
            return
        self._saving.served(take)
        documents = self._made(take, got)
        take.result = reserved([*keeps, *documents])
        if keeps:
            turn.writes[DEMAND].append(_kept_note(turn, take, keeps))
        elif take.key in lined:
            turn.writes[DEMAND].append(DeleteOne({"_id": take.key}))

    async def _found(self, take: Take) -> tuple[list[Document], list[Got] | None]:
        """What of the demand the holder has already, and what it gets; None where that is not there."""
        turn, demand = self._turn, take.demand
        hindered = self._saving.hinders(take)
        if not demand.revises:
            return [], None if hindered else await self._choosing.got(demand)
        held = await held_by(turn, take)
        keeps = await kept(turn, demand, held, self._choosing.traits)
        if hindered and len(keeps) < demand.count:
            return [], None
        have = [await got_of(turn, one) for one in keeps]
        parts = list(dict.fromkeys(one["part"] for one in held))
        return keeps, await self._choosing.got(demand, have, parts, shares(turn, held, keeps))

    def _made(self, take: Take, got: Sequence[Got]) -> list[Document]:
        turn = self._turn
        seconds = take.demand.seconds if take.demand.seconds is not None else turn.policy.reservation
        until = None if seconds is None else turn.now + timedelta(seconds=seconds)
        claim = Claim(take.key, take.holder, take.shape, until, take.who)
        documents = []
        for number, one in enumerate(got):
            documents.append(made(turn.pool, claim, number, one, turn.now))
            turn.usage.move(one.sizes, None, "reserved")
        turn.made += documents
        return documents


def _kept_note(turn: "Turn", take: Take, keeps: Sequence[Document]) -> UpdateOne:
    """So that a repeated call of this key gets the same, whatever has become of the parts of the pool since."""
    note = {
        "tenant": turn.pool["tenant"],
        "state": "kept",
        "kept": [one["_id"] for one in keeps],
        "shape": take.shape,
        "holder": take.holder.named(),
        "updated": turn.now,
    }
    return UpdateOne({"_id": take.key}, {"$set": note, "$unset": {"pools": "", "demand": ""}}, upsert=True)


def _known_now(key: str, lined: Document) -> UpdateOne | DeleteOne:
    if "kept" in lined:
        return UpdateOne({"_id": key}, {"$set": {"state": "kept"}, "$unset": {"untold": ""}})
    return DeleteOne({"_id": key})


def reserved(documents: Sequence[Document]) -> Reserved:
    """What a key has, by its resource documents."""
    ordered = sorted(documents, key=lambda one: (one.get("position", ""), one["_id"]))
    untils = [one["until"] for one in ordered if "until" in one]
    committed = all(one.get("use") == "used" for one in ordered)
    return Reserved(tuple(member_of(one) for one in ordered), min(untils, default=None), committed)
