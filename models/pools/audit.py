"""The check of a pool: everything is counted anew and held against what is stored, and mended where that is asked for.

It reads all that it compares in one snapshot, some at a time, so that a pool at work is checked as it was at one moment
and nobody has to wait. It is mended in small turns of the pool (`mending`), also where it has hundreds of thousands of
members.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import zip_longest
from typing import Any

from pymongo.asynchronous.client_session import AsyncClientSession

from models import resources
from models.clock import Clock
from models.domain.pools.audit import MAX_FINDINGS, Finding
from models.domain.pools.parts import LISTED
from models.domain.pools.piece import Piece
from models.domain.pools.usage import Usage
from models.pools.asks import Free
from models.pools.mending import Difference, Mending, of_counts, of_space
from models.pools.pieces import COLLECTION as PIECE
from models.pools.pieces import Pieces
from models.pools.recount import Recount, counted_anew
from models.pools.turn import DEMAND, POOL
from models.pools.turns import Turns
from models.reading import reading
from models.store import Store

Document = dict[str, Any]

_GRACE = timedelta(minutes=1)
_PORTION = 500
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
                wrong, difference = await self._differences(session, stored, recount)
        mended = repair and bool(difference) and await Mending(self._turns, stored).mend(difference)
        findings = [replace(one, repaired=mended) for one in wrong] + _twice(recount)
        findings += await self._line(pool, repair=repair)  # first: what is released shall not go to those
        findings += await self._release(pool, holders, repair=repair, who=who)
        return recount.members, findings[:MAX_FINDINGS]

    async def _differences(
        self, session: AsyncClientSession, pool: Document, recount: Recount
    ) -> tuple[list[Finding], Difference]:
        """What differs of counts and free space, for people and to be mended."""
        usage = Usage.of(pool["usage"])
        wrong, counts = _differences(pool, usage, recount.usage), of_counts(usage, recount.usage)
        query = {"pool": pool["_id"], "axis": {"$not": {"$regex": f"^{LISTED}"}}}
        stored = [one async for one in self._store.collection(PIECE).find(query, session=session)]
        if pool["body"]["kind"] == "capacity":
            rooms = _rooms_apart(stored, recount.room)
            return wrong + _rooms_differ(stored, recount.room, rooms), Difference(counts, rooms=rooms)
        pieces = Pieces(self._store, session, pool)
        lost, made_up = of_space([pieces.piece(one) for one in stored], recount.free)
        if lost or made_up:
            wrong.append(_space_finding(lost, made_up))
        return wrong, Difference(counts, lost, made_up)

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
        made: list[Finding] = []
        for start in range(0, len(found), _PORTION):
            made += await self._released(pool, found[start : start + _PORTION], who)
        return made

    async def _released(self, pool: str, found: Sequence[tuple[Document, Finding]], who: str) -> list[Finding]:
        """Release some members in a turn for each reason."""
        for code, reason in (("reservationExpired", "expired"), ("holderGone", "its holder is gone")):
            ids = [member["_id"] for member, finding in found if finding.code == code]
            if ids:
                await self._turns.ask(pool, Free(ids, f"found by som check: {reason}", who=who))
        ids = [member["_id"] for member, _ in found]
        with reading():
            kept = {"_id": {"$in": ids}, "use": {"$in": ["reserved", "used"]}}
            left = set(await self._store.collection(resources.COLLECTION).distinct("_id", kept))
        return [replace(finding, repaired=member["_id"] not in left) for member, finding in found]

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


def _differences(pool: Mapping[str, Any], stored: Usage, recounted: Usage) -> list[Finding]:
    found = []
    for name, what in of_counts(stored, recounted):
        kept, counted = (getattr(one.of_measure(name), what) for one in (stored, recounted))
        message = f"{what} {name} of the pool {pool['body']['name']}: stored are {kept}, counted {counted}."
        found.append(Finding("countsDiffer", message))
    return found


def _rooms_apart(stored: Sequence[Document], rooms: Mapping[str, Sequence[int]]) -> dict[str, tuple[int, ...]]:
    """By part, what has to be added of each measure; parts that are as they must be are left out."""
    kept = {one["part"]: one["free"] for one in stored}
    apart = {
        part: tuple(counted - had for counted, had in zip_longest(rooms.get(part, ()), kept.get(part, ()), fillvalue=0))
        for part in {**kept, **rooms}
    }
    return {part: more for part, more in apart.items() if any(more)}


def _rooms_differ(
    stored: Sequence[Document], rooms: Mapping[str, Sequence[int]], apart: Iterable[str]
) -> list[Finding]:
    kept = {one["part"]: one["free"] for one in stored}
    told = "Of the part {} the free room is stored as {}, counted it is {}."
    return [Finding("freeSpaceDiffers", told.format(part, kept.get(part), list(rooms.get(part, ())))) for part in apart]


def _space_finding(lost: Sequence[Piece], made_up: Sequence[Piece]) -> Finding:
    told = "; ".join(
        f"{what} from {runs[0].axis}{runs[0].start} to {runs[0].axis}{runs[0].end}"
        for what, runs in (("free by count", lost), ("free as stored", made_up))
        if runs
    )
    return Finding("freeSpaceDiffers", f"The free space is not what parts and members leave: {told}.")


def _twice(recount: Recount) -> list[Finding]:
    told = "The resources {} and {} have the same member of the pool."
    return [Finding("givenTwice", told.format(one, other), other) for one, other in recount.twice]


def _name(member: Mapping[str, Any]) -> str:
    return str(member["body"].get("value", member["_id"]))
