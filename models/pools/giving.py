"""Members of a pool that are put to use, or given back, within a turn."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pymongo import UpdateOne

from models import resources
from models.domain.pools.resizing import Amounts, succession
from models.domain.pools.usage import Use as InUse
from models.domain.resource_states import put
from models.pools.asks import Free, Use
from models.pools.keeping import HELD
from models.pools.members import STANDINGS, amounts_of, piece_of, sizes_of, stored_amounts
from models.resources import Cause, ResourceChange

if TYPE_CHECKING:
    from models.pools.turn import Turn

Document = dict[str, Any]

_NOT_OF_A_FREE_ONE = ("holder", "asked", "use", "part", "bits", "amounts", "traits", "leaving", "instead", "whole")


class Giving:
    """Does what uses and gives back members in one turn."""

    def __init__(self, turn: "Turn") -> None:
        """Work in this turn."""
        self._turn = turn
        self._members: dict[str, Document] = {}
        self._successors: dict[str, Document] = {}

    async def run(self, asks: Sequence[Use | Free]) -> None:
        """Do what is asked of members, each once."""
        wanted = list({key for ask in asks for key in ask.ids})
        if not wanted:
            for ask in asks:
                ask.result = [] if isinstance(ask, Use) else 0
            return
        turn = self._turn
        query = {"_id": {"$in": wanted}, "pool": turn.pool["_id"]}
        found = turn.store.collection(resources.COLLECTION).find(query, session=turn.session)
        self._members = {one["_id"]: one async for one in found}
        await self._load_successors([ask for ask in asks if isinstance(ask, Free)])
        for ask in asks:
            members = [self._members[key] for key in ask.ids if key in self._members]
            if isinstance(ask, Use):
                ask.result = [self._use(member, ask) for member in members if member.get("use") in {"reserved", "used"}]
            else:
                ask.result = await self._free_all(members, ask)

    async def _load_successors(self, asks: Sequence[Free]) -> None:
        """The shares that take the place of those that are given back: what these have goes to them first."""
        turn = self._turn
        going = [key for ask in asks for key in ask.ids if "amounts" in self._members.get(key, ())]
        if not going:
            return
        query = {"pool": turn.pool["_id"], "instead": {"$in": going}, "use": HELD}
        found = turn.store.collection(resources.COLLECTION).find(query, session=turn.session)
        async for one in found:  # one may be given back, too
            self._successors[one["instead"]] = self._members.get(one["_id"], one)

    def _hand_over(self, member: Document) -> None:
        """Let the share that takes the place of one have what it wants of it; the member keeps what is to be freed."""
        new = self._successors.pop(member["_id"], None)
        if new is None or new.get("use") not in {"reserved", "used"}:
            return
        measures = self._turn.pool["measures"]
        whole = amounts_of(new, measures, whole=True)
        taken, freed = succession(amounts_of(member, measures), amounts_of(new, measures), whole)
        self._count(new, taken)
        self._count(member, freed)
        if taken != whole and "instead" in member:  # what it still lacks is with the one before
            new["instead"] = member["instead"]
            self._successors[new["instead"]] = new
            self._write(new, {"$set": {"instead": new["instead"]}})
        else:
            new.pop("instead", None)
            new.pop("whole", None)
            self._write(new, {"$unset": {"instead": "", "whole": ""}})

    def _count(self, share: Document, amounts: Amounts) -> None:
        """Count a share of capacity with other amounts than before."""
        usage, before = self._turn.usage, sizes_of(share)
        named = zip(self._turn.pool["measures"], amounts, strict=True)
        share["amounts"] = stored_amounts({one["name"]: amount for one, amount in named})
        usage.move(before, share["use"], None)
        usage.move(sizes_of(share), None, share["use"])
        self._write(share, {"$set": {"amounts": share["amounts"]}})

    def _use(self, member: Document, ask: Use) -> Document:
        if member["use"] == "reserved":
            self._restand(member, "used", ResourceChange(unset=["until"], cause=Cause(ask.who, _order(member))))
        return member

    async def _free_all(self, members: Sequence[Document], ask: Free) -> int:
        freed = 0
        for member in members:
            due = "until" in member and member["until"] <= self._turn.now
            if member.get("use") is None or (not due if ask.expired else member["use"] == "quarantined"):
                continue
            if ask.expired and member["use"] == "used":
                continue
            await self._free(member, ask)
            freed += 1
        return freed

    async def _free(self, member: Document, ask: Free) -> None:
        turn = self._turn
        why = ask.why or ("quarantine has ended" if member["use"] == "quarantined" else "released")
        cause = Cause(ask.who, _order(member), why)
        if "claim" in member:
            self._note_release(member, why)
        turn.left.add(member["_id"])
        if "amounts" in member:
            self._hand_over(member)
        rests = timedelta(seconds=turn.policy.quarantine)
        if member["use"] != "quarantined" and rests and not ask.at_once:
            fields = {"until": turn.now + rests}
            self._restand(
                member, "quarantined", ResourceChange(fields=fields, unset=["holder", "claim", "leaving"], cause=cause)
            )
            return
        turn.usage.move(sizes_of(member), member["use"], None)
        gone = resources.removed(member, turn.now, cause)
        gone["$unset"] = {**gone.get("$unset", {}), **dict.fromkeys(_NOT_OF_A_FREE_ONE, "")}
        self._write(member, gone)
        await self._put_back(member)
        del self._members[member["_id"]]
        member["use"] = None

    async def _put_back(self, member: Document) -> None:
        turn = self._turn
        if "position" in member:
            turn.give_back(piece_of(member, turn.pool.get("version")))
            return
        turn.grown = True
        await turn.rooms.load([member["part"]])
        turn.rooms.rooms.give(member["part"], amounts_of(member, turn.pool["measures"]))

    def _restand(self, member: Document, use: InUse, wanted: ResourceChange) -> None:
        """Let a member stand otherwise; the document at hand follows, because a turn may touch it twice."""
        turn = self._turn
        body = put(STANDINGS[use], member["body"])
        change = resources.changed(
            member,
            ResourceChange(body, {**wanted.fields, "use": use}, wanted.unset, wanted.cause),
            turn.now,
        )
        self._write(member, change)
        turn.usage.move(sizes_of(member), member["use"], use)
        member.update(wanted.fields, use=use, rev=member["rev"] + 1)
        member["seq"] += len(change.get("$push", {}).get("outbox", {}).get("$each", ()))
        for name in wanted.unset:
            member.pop(name, None)
        member["body"] = {name: value for name, value in {**member["body"], **body}.items() if value is not None}

    def _write(self, member: Document, change: Document) -> None:
        self._turn.writes[resources.COLLECTION].append(UpdateOne({"_id": member["_id"]}, change))

    def _note_release(self, member: Document, why: str) -> None:
        """A call of this key that comes late is told so, instead of being given other members."""
        turn = self._turn
        note = {
            "tenant": turn.pool["tenant"],
            "state": "released",
            "why": why,
            "holder": member.get("holder", {}),
            "updated": turn.now,
        }
        change = {"$set": note, "$unset": {"pools": "", "untold": "", "demand": "", "kept": ""}}
        turn.writes["poolDemand"].append(UpdateOne({"_id": member["claim"]}, change, upsert=True))


def _order(member: Document) -> str | None:
    order: str | None = member.get("holder", {}).get("order")
    return order
