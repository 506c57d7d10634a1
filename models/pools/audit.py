"""The check of a pool: everything is counted anew and held against what is stored, and mended where that is asked for.

It reads all that it compares in one snapshot, so that a pool at work is checked as it was at one moment, and nobody has
to wait. What is mended is looked at once more within a turn of the pool.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from pymongo.asynchronous.client_session import AsyncClientSession

from models import resources
from models.clock import Clock
from models.domain.pools.audit import MAX_FINDINGS, Finding, free_space, runs, taken_twice
from models.domain.pools.parts import LISTED, Part, part_of
from models.domain.pools.space import Piece
from models.domain.pools.usage import Usage
from models.pools.asks import Define, Free
from models.pools.members import piece_of, sizes_of
from models.pools.pieces import COLLECTION as PIECE
from models.pools.pieces import Pieces
from models.pools.turn import DEMAND, PART, POOL, Turn
from models.pools.turns import Turns
from models.reading import reading
from models.store import Store

Document = dict[str, Any]

_GRACE = timedelta(minutes=1)
_BATCH = 1_000
_TAKEN = ("pool", "position", "bits", "amounts", "use", "part", "traits", "holder", "until", "claim")
_ENDED_SERVICE = "terminated"


@dataclass(slots=True)
class Recount:
    """A pool as its members, its parts and its free space say that it is.

    Attributes:
        usage: counted anew.
        free: its free pieces, of ranges and prefixes.
        room: of capacity: what is free of each part by measure.
        members: the resources that are taken, in the order of their positions, with their ids.
    """

    usage: Usage = field(default_factory=Usage)
    free: list[Piece] = field(default_factory=list)
    room: dict[str, list[int]] = field(default_factory=dict)
    members: list[Document] = field(default_factory=list)


class Audit:
    """Checks the pools of one database."""

    def __init__(self, store: Store, clock: Clock, turns: Turns) -> None:
        """Check what is in this store; repairs go among the turns of this process."""
        self._store = store
        self._clock = clock
        self._turns = turns

    async def check(self, pool: str, *, repair: bool, who: str) -> tuple[int, list[Finding]]:
        """Check a pool that is there.

        Args:
            pool: its id.
            repair: whether to mend what can be mended.
            who: for the history of what is released.

        Returns:
            How many members were looked at, and what is wrong, at most `MAX_FINDINGS` of it.

        Raises:
            Unavailable: the database cannot be reached.
        """
        with reading():
            async with self._store.client.start_session(snapshot=True) as session:
                stored = await self._store.collection(POOL).find_one({"_id": pool}, session=session) or {}
                recount = await counted_anew(self._store, session, stored)
                wrong = _differences(stored, recount)
                wrong += await self._free_differs(session, stored, recount)
                wrong += _twice(stored, recount.members)
                holders = await self._without_holder(session, recount.members)
        findings = wrong
        if repair and any(one.code in _MENDED_BY_RECOUNT for one in wrong):
            await self._turns.ask(pool, Define(_recounted))
            findings = [replace(one, repaired=one.code in _MENDED_BY_RECOUNT) for one in wrong]
        findings += await self._line(pool, repair=repair)  # first: what is released shall not go to those
        findings += await self._release(pool, holders, repair=repair, who=who)
        return len(recount.members), findings[:MAX_FINDINGS]

    async def _free_differs(self, session: AsyncClientSession, pool: Document, recount: Recount) -> list[Finding]:
        found = self._store.collection(PIECE).find(
            {"pool": pool["_id"], "axis": {"$not": {"$regex": "^="}}}, session=session
        )
        stored = [one async for one in found]
        if pool["body"]["kind"] == "capacity":
            return _rooms_differ(stored, recount.room)
        pieces = Pieces(self._store, session, pool)
        as_stored, as_counted = runs(pieces.piece(one) for one in stored), runs(recount.free)
        return [] if as_stored == as_counted else [_space_finding(set(as_counted), set(as_stored))]

    async def _without_holder(
        self, session: AsyncClientSession, members: Sequence[Document]
    ) -> list[tuple[Document, Finding]]:
        """Reservations that have expired, and members whose holder is gone."""
        now, found = self._clock.now(), []
        for start in range(0, len(members), _BATCH):
            chunk = [one for one in members[start : start + _BATCH] if one["use"] != "quarantined"]
            gone = await self._gone(session, chunk)
            for member in chunk:
                until = member.get("until")
                if member["use"] == "reserved" and until is not None and until < now - _GRACE:
                    message = (
                        f"{_name(member)} is still reserved, though its reservation ended at {until:%Y-%m-%d %H:%M:%S}."
                    )
                    found.append((member, Finding("reservationExpired", message, member["_id"])))
                elif member["_id"] in gone:
                    message = f"{_name(member)} is {member['use']} for {gone[member['_id']]}."
                    found.append((member, Finding("holderGone", message, member["_id"])))
        return found

    async def _gone(self, session: AsyncClientSession, members: Sequence[Document]) -> dict[str, str]:
        """For each member whose holder is gone, by id, who that was."""
        services = await self._states(session, "service", members, "service", "body.state")
        plans = await self._states(session, "plan", members, "plan", "state")
        gone: dict[str, str] = {}
        for member in members:
            holder = member.get("holder", {})
            service, plan = holder.get("service"), holder.get("plan")
            if service is not None and services.get(service) == _ENDED_SERVICE:
                gone[member["_id"]] = f"the service {service}, which is terminated"
            elif service is not None and service not in services and plans.get(plan) in {None, "done"}:
                gone[member["_id"]] = f"the service {service}, which is not there"
            elif service is None and plan is not None and plans.get(plan) in {None, "done"}:
                gone[member["_id"]] = f"the plan {plan}, which has ended"
        return gone

    async def _states(
        self, session: AsyncClientSession, collection: str, members: Sequence[Document], name: str, path: str
    ) -> dict[Any, Any]:
        wanted = {one["holder"][name] for one in members if one.get("holder", {}).get(name)}
        if not wanted:
            return {}
        found = self._store.collection(collection).find({"_id": {"$in": list(wanted)}}, {path: 1}, session=session)
        outer, _, inner = path.partition(".")
        return {one["_id"]: one.get(outer, {}).get(inner) if inner else one.get(outer) async for one in found}

    async def _release(
        self, pool: str, found: Sequence[tuple[Document, Finding]], *, repair: bool, who: str
    ) -> list[Finding]:
        if not repair:
            return [finding for _, finding in found]
        made = []
        for member, finding in found:
            why = "found by som check: " + ("expired" if finding.code == "reservationExpired" else "its holder is gone")
            freed = await self._turns.ask(pool, Free([member["_id"]], why, who=who))
            made.append(replace(finding, repaired=freed == 1))
        return made

    async def _line(self, pool: str, *, repair: bool) -> list[Finding]:
        """Those who wait for members though their plan has ended."""
        waiting = {"pools": pool, "state": "waiting", "holder.plan": {"$exists": True}}
        ended: list[Document] = [
            {"$match": waiting},
            {"$lookup": {"from": "plan", "localField": "holder.plan", "foreignField": "_id", "as": "plans"}},
            {"$match": {"$or": [{"plans": []}, {"plans.state": "done"}]}},
            {"$project": {"holder": 1}},
            {"$limit": MAX_FINDINGS},
        ]
        with reading():
            cursor = await self._store.collection(DEMAND).aggregate(ended)
            found = await cursor.to_list()
            if repair and found:
                gone = {"$set": {"state": "released", "why": "its plan has ended", "updated": self._clock.now()}}
                query = {"_id": {"$in": [one["_id"] for one in found]}, "state": "waiting"}
                await self._store.collection(DEMAND).update_many(query, {**gone, "$unset": {"pools": ""}})
        told = "A demand waits for the plan {}, which has ended."
        return [Finding("waitsForNobody", told.format(one["holder"]["plan"]), None, repair) for one in found]


_MENDED_BY_RECOUNT = frozenset({"countsDiffer", "freeSpaceDiffers"})


async def counted_anew(store: Store, session: AsyncClientSession, pool: Mapping[str, Any]) -> Recount:
    """Count a pool from its parts and its members."""
    recount = Recount()
    parts = {one["part"]: part_of(pool["body"]["kind"], one["body"]) async for one in _of(store, session, PART, pool)}
    query = {"tenant": pool["tenant"], "pool": pool["_id"]}
    fields = dict.fromkeys((*_TAKEN, "body.value"), 1)
    cursor = store.collection(resources.COLLECTION).find(query, fields, session=session).sort("position", 1)
    recount.members = [one async for one in cursor if one.get("use") is not None]
    for member in recount.members:
        recount.usage.move(sizes_of(member), None, member["use"])
    if pool["body"]["kind"] == "capacity":
        _count_rooms(pool, parts, recount)
        return recount
    taken = [piece_of(one, pool.get("version")) for one in recount.members]
    whole = [piece for part in parts.values() for piece in part.pieces(part.spans)]
    recount.free = free_space(whole, taken)
    listed = await store.collection(PIECE).count_documents(
        {"pool": pool["_id"], "axis": {"$regex": f"^{LISTED}"}}, session=session
    )
    taken_names = sum(1 for piece in taken if piece.axis.startswith(LISTED))
    total = sum(piece.size for piece in whole) + listed + taken_names
    if total or recount.usage.counts:
        recount.usage.of_measure("members").total = total
    return recount


def _count_rooms(pool: Mapping[str, Any], parts: Mapping[str, Part], recount: Recount) -> None:
    names = [one["name"] for one in pool["measures"]]
    for part in parts.values():
        recount.room[part.id] = [part.amounts.get(name, 0) for name in names]
        for name, amount in part.amounts.items():
            recount.usage.of_measure(name).total += amount
    for member in recount.members:
        room = recount.room.setdefault(member["part"], [0] * len(names))
        for name, amount in sizes_of(member).items():
            room[names.index(name)] -= amount


def _of(store: Store, session: AsyncClientSession, collection: str, pool: Mapping[str, Any]) -> Any:
    return store.collection(collection).find({"pool": pool["_id"]}, session=session)


async def _recounted(turn: Turn) -> None:
    """Let counts and free space be what members and parts say, within a turn, which nobody else's comes between."""
    recount = await counted_anew(turn.store, turn.session, turn.pool)
    turn.usage = recount.usage
    pieces = turn.store.collection(PIECE)
    mine: Document = {"pool": turn.pool["_id"]}
    if turn.pool["body"]["kind"] == "capacity":
        for part, free in recount.room.items():
            room = {"$set": {"free": free, "size": free[0] if free else 0}}
            await pieces.update_one({**mine, "part": part}, room, session=turn.session)
    else:
        await pieces.delete_many({**mine, "axis": {"$not": {"$regex": f"^{LISTED}"}}}, session=turn.session)
        cut = [piece for whole in recount.free for piece in turn.pieces.space.cut(whole)]
        for start in range(0, len(cut), _BATCH):
            made = [turn.pieces.document(piece) for piece in cut[start : start + _BATCH]]
            await pieces.insert_many(made, session=turn.session)
    turn.grown = True


def _differences(pool: Mapping[str, Any], recount: Recount) -> list[Finding]:
    stored, found = Usage.of(pool["usage"]), []
    for name in {**stored.counts, **recount.usage.counts}:
        for what in ("total", "reserved", "used", "quarantined"):
            kept, counted = (getattr(one.of_measure(name), what) for one in (stored, recount.usage))
            if kept != counted:
                message = f"{what} {name} of the pool {pool['body']['name']}: stored are {kept}, counted {counted}."
                found.append(Finding("countsDiffer", message))
    return found


def _rooms_differ(stored: Sequence[Document], rooms: Mapping[str, Sequence[int]]) -> list[Finding]:
    kept = {one["part"]: one["free"] for one in stored}
    wrong = [part for part in {**kept, **rooms} if _trimmed(kept.get(part, ())) != _trimmed(rooms.get(part, ()))]
    told = "Of the part {} the free room is stored as {}, counted it is {}."
    return [Finding("freeSpaceDiffers", told.format(part, kept.get(part), list(rooms.get(part, ())))) for part in wrong]


def _trimmed(amounts: Sequence[int]) -> list[int]:
    made = list(amounts)
    while made and made[-1] == 0:
        made.pop()
    return made


def _space_finding(counted: set[tuple[str, int, int]], stored: set[tuple[str, int, int]]) -> Finding:
    lost, made_up = sorted(counted - stored)[:1], sorted(stored - counted)[:1]
    told = "; ".join(
        f"{what} from {runs_[0][0]}{runs_[0][1]} to {runs_[0][2]}"
        for what, runs_ in (("free by count", lost), ("free as stored", made_up))
        if runs_
    )
    return Finding("freeSpaceDiffers", f"The free space is not what parts and members leave: {told}.")


def _twice(pool: Mapping[str, Any], members: Sequence[Document]) -> list[Finding]:
    taken = [(piece_of(one, pool.get("version")), one["_id"]) for one in members if "position" in one]
    taken.sort(key=lambda one: (one[0].axis, one[0].start))
    told = "The resources {} and {} have the same member of the pool."
    return [Finding("givenTwice", told.format(one, other), other) for one, other in taken_twice(taken)]


def _name(member: Mapping[str, Any]) -> str:
    return str(member["body"].get("value", member["_id"]))
