"""The check of a pool: everything is counted anew and held against what is stored, and mended where that is asked for.

It reads all that it compares in one snapshot, so that a pool at work is checked as it was at one moment, and nobody has
to wait. What is mended is looked at once more within a turn of the pool.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pymongo.asynchronous.client_session import AsyncClientSession

from models.clock import Clock
from models.domain.pools.audit import MAX_FINDINGS, Finding, runs
from models.domain.pools.parts import LISTED
from models.domain.pools.usage import Usage
from models.pools.asks import Define, Free
from models.pools.pieces import COLLECTION as PIECE
from models.pools.pieces import Pieces
from models.pools.recount import Recount, counted_anew
from models.pools.turn import DEMAND, POOL, Turn
from models.pools.turns import Turns
from models.reading import reading
from models.store import Store

Document = dict[str, Any]

_GRACE = timedelta(minutes=1)
_BATCH = 1_000
_ENDED_SERVICE = "terminated"


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
                holders: list[tuple[Document, Finding]] = []

                async def look(members: Sequence[Document]) -> None:
                    holders.extend(await self._without_holder(session, members))

                recount = await counted_anew(self._store, session, stored, look)
                wrong = _differences(stored, recount)
                wrong += await self._free_differs(session, stored, recount)
                wrong += _twice(recount)
        findings = wrong
        if repair and any(one.code in _MENDED_BY_RECOUNT for one in wrong):
            await self._turns.ask(pool, Define(_recounted))
            findings = [replace(one, repaired=one.code in _MENDED_BY_RECOUNT) for one in wrong]
        findings += await self._line(pool, repair=repair)  # first: what is released shall not go to those
        findings += await self._release(pool, holders, repair=repair, who=who)
        return recount.members, findings[:MAX_FINDINGS]

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
        chosen = [one for one in members if one["use"] != "quarantined"]
        gone = await self._gone(session, chosen)
        for member in chosen:
            until = member.get("until")
            if member["use"] == "reserved" and until is not None and until < now - _GRACE:
                message = f"{_name(member)} is still reserved, though that ended at {until:%Y-%m-%d %H:%M:%S}."
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


def _twice(recount: Recount) -> list[Finding]:
    told = "The resources {} and {} have the same member of the pool."
    return [Finding("givenTwice", told.format(one, other), other) for one, other in recount.twice]


def _name(member: Mapping[str, Any]) -> str:
    return str(member["body"].get("value", member["_id"]))
