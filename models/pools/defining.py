"""Pools as they are made, changed, filled up, emptied and removed."""

from collections.abc import Collection, Sequence
from typing import Any

from pymongo import DeleteOne, UpdateMany, UpdateOne

from models import outbox, resources
from models.domain.errors import Conflict, InvalidRequest
from models.domain.pools.definition import difference, parts_of, policy_faults
from models.domain.pools.parts import LISTED, Part, Spans
from models.domain.pools.piece import counted
from models.domain.pools.rooms import Room
from models.domain.pools.usage import MEMBERS
from models.domain.resource_specification import ResourceSpecification, check_parts
from models.domain.violations import Violation
from models.pools import rooms
from models.pools.pieces import COLLECTION as PIECE
from models.pools.turn import DEMAND, PART, Turn

Document = dict[str, Any]
Entry = dict[str, Any]

MAX_PARTS = 10_000
MAX_SHOWN = 5
_UNTOLD = frozenset({"id"})


class Defining:
    """Changes what a pool is, within a turn of its own."""

    def __init__(self, turn: Turn, who: str, specification: ResourceSpecification | None = None) -> None:
        """Work in this turn for this subject; members shall be as the specification says, where one is known."""
        self._specification = specification
        self._turn = turn
        self._who = who
        self._pool: str = turn.pool["_id"]
        self._changed: list[str] = []

    async def entries(self) -> list[Entry]:
        """The parts of the pool as they are stored."""
        found = self._turn.store.collection(PART).find({"pool": self._pool}, session=self._turn.session)
        return [one["body"] async for one in found.sort([("created", 1), ("_id", 1)])]

    async def make(self, entries: Sequence[Entry]) -> None:
        """Fill a pool that is made in this turn."""
        await self._redefine([], entries)
        self._turn.fields.setdefault("usage", self._turn.usage.stored())
        await self._invite()

    async def change(self, body: Document, entries: Sequence[Entry] | None) -> None:
        """Let the pool be what a body says, and have these parts; None leaves them alone."""
        old = self._turn.pool["body"]
        if body["kind"] != old["kind"]:
            raise Conflict("The kind of a pool cannot be changed.")
        named = [name for name in {**old, **body} if name not in _UNTOLD and old.get(name) != body.get(name)]
        before, after = ({name: one.get(name) for name in named} for one in (old, body))
        former = await self.entries()
        if "resourceSpecification" in named:
            self._refuse_otherwise(former if entries is None else entries)
        if entries is not None:
            await self._redefine(former, entries)
        self._tell(body, before, after)
        if "resourceSpecification" in named:
            await self._invite()

    async def push(self, entries: Sequence[Entry]) -> None:
        """Add parts, or names to parts that are lists."""
        old = await self.entries()
        new = {one["id"]: one for one in old}
        for entry in entries:
            known = new.get(entry["id"])
            if known is not None and ("value" not in entry or "capacityAmount" in entry):
                raise Conflict(f"The pool has a part {entry['id']!r} already; change it by PATCH.")
            new[entry["id"]] = entry if known is None else {**known, "value": entry["value"]}
        await self._redefine(old, list(new.values()))
        self._tell(self._turn.pool["body"], {}, {})

    async def extract(self, entries: Sequence[Entry]) -> None:
        """Take out free names of lists, or whole parts where no names are given."""
        old = {one["id"]: one for one in await self.entries()}
        left = dict(old)
        for place, entry in enumerate(entries):
            if entry["id"] not in old:
                wrong = Violation(f"/capacity/{place}/id", "unknownCapacity", f"The pool has no part {entry['id']!r}.")
                raise InvalidRequest([wrong])
            if "value" in entry:
                runs = {LISTED + name: [(0, 0)] for name in entry["value"]}
                await self._take_out(entry["id"], runs)
                self._changed.append(entry["id"])
            else:
                left.pop(entry["id"], None)
        await self._redefine(list(old.values()), list(left.values()))
        self._tell(self._turn.pool["body"], {}, {})

    async def remove(self) -> None:
        """Remove a pool of which nothing is taken, and for which nobody waits."""
        turn = self._turn
        taken = sum(counts.taken for counts in turn.usage.counts.values())
        if taken:
            raise Conflict("Members of this pool are reserved, in use or in quarantine; it cannot be removed.")
        waiting = {"pools": self._pool, "state": "waiting"}
        if await turn.store.collection(DEMAND).find_one(waiting, session=turn.session) is not None:
            raise Conflict("Demands wait for this pool; it cannot be removed.")
        for name in (PART, PIECE):
            await turn.store.collection(name).delete_many({"pool": self._pool}, session=turn.session)
        turn.stubs.append(outbox.stub("ResourcePoolDeleteEvent", who=self._who))
        turn.fields["tenant"] = f"~{turn.pool['tenant']}"

    async def _redefine(self, old: Sequence[Entry], new: Sequence[Entry]) -> None:
        """Let the pool have these parts instead of those; nothing that is taken may go."""
        if len(new) > MAX_PARTS:
            message = f"A pool has at most {MAX_PARTS} parts; a range, a list or a prefix is one."
            raise InvalidRequest([Violation("/capacity", "tooMany", message)])
        lists = {one["id"] for one in old if one.get("listed")}
        new = [{**one, "listed": True} if one["id"] in lists else one for one in new]
        before, _ = parts_of(self._turn.pool["body"], old)
        after, faults = parts_of(self._turn.pool["body"], new)
        if faults:
            raise InvalidRequest(faults)
        self._refuse_otherwise(new, [one["id"] for one in old if one in new])
        self._settle_kind(list(after.values()))
        entries, former = {one["id"]: one for one in new}, {one["id"]: one for one in old}
        for key in {**before, **after}:
            if key not in after:
                await self._drop(before[key])
            elif former.get(key) != entries[key]:
                await self._rework(before.get(key), after[key], entries[key])

    def _refuse_otherwise(self, entries: Sequence[Entry], besides: Collection[str] = ()) -> None:
        """Refuse parts whose members would be otherwise than their specification says."""
        wrong = check_parts(self._specification, entries, besides) if self._specification is not None else []
        if wrong:
            raise InvalidRequest(wrong)

    def _settle_kind(self, parts: Sequence[Part]) -> None:
        """What follows from the parts for the whole pool: its IP version, its measures."""
        pool, fields = self._turn.pool, self._turn.fields
        versions = {part.network.version for part in parts if part.network is not None}
        if versions and pool.get("version") is None:
            pool["version"] = fields["version"] = versions.pop()
            self._turn.pieces = type(self._turn.pieces)(self._turn.store, self._turn.session, pool)
        elif versions - {pool.get("version")}:
            raise Conflict("A pool keeps its IP version; make another pool.")
        known = {one["name"]: one for one in pool["measures"]}
        for part in parts:
            for name, dimension in part.dimensions.items():
                if known.setdefault(name, {"name": name, "dimension": dimension})["dimension"] != dimension:
                    raise Conflict(f"The measure {name!r} of this pool is counted in {known[name]['dimension']}.")
        if len(known) > len(pool["measures"]):
            pool["measures"] = fields["measures"] = list(known.values())

    async def _rework(self, old: Part | None, new: Part, entry: Entry) -> None:
        self._changed.append(new.id)
        if old is not None and old.traits != new.traits:
            await self._rename(new)
        if self._turn.pool["body"]["kind"] == "capacity":
            await self._resize(old, new)
        else:
            added, gone = difference({} if old is None else old.spans, new.spans)
            gone = {axis: runs for axis, runs in gone.items() if not axis.startswith(LISTED)}
            await self._take_out(new.id, gone)
            await self._put_in(new, await self._not_there(added))
        self._keep(new.id, entry)

    async def _drop(self, old: Part) -> None:
        self._changed.append(old.id)
        turn = self._turn
        if turn.pool["body"]["kind"] == "capacity":
            await self._resize(old, Part(old.id, ()))
            turn.writes[PART].append(DeleteOne({"_id": f"{self._pool}:{old.id}"}))
            pieces = turn.store.collection(PIECE)
            await pieces.delete_one({"_id": f"{self._pool}:{old.id}"}, session=turn.session)
            return
        await self._take_out(old.id, old.spans)
        listed = {"pool": self._pool, "part": old.id, "axis": {"$regex": f"^{LISTED}"}}
        held = {"tenant": turn.pool["tenant"], "pool": self._pool, "part": old.id}
        holding = await turn.store.collection(resources.COLLECTION).find_one(held, session=turn.session)
        if holding is not None:
            raise Conflict(f"{holding['body'].get('value')} of the part {old.id!r} is not free.")
        gone = await turn.store.collection(PIECE).delete_many(listed, session=turn.session)
        turn.usage.of_measure(MEMBERS).total -= gone.deleted_count
        turn.writes[PART].append(DeleteOne({"_id": f"{self._pool}:{old.id}"}))

    async def _put_in(self, part: Part, spans: Spans) -> None:
        turn = self._turn
        pieces = part.pieces(spans)
        if not pieces:
            return
        turn.usage.of_measure(MEMBERS).total += counted(spans)
        await turn.pieces.neighbours(pieces)
        for piece in pieces:
            turn.pieces.space.give(piece)
        turn.grown = True

    async def _not_there(self, spans: Spans) -> Spans:
        """Without the names that the pool has already, free or not."""
        names = [axis for axis in spans if axis.startswith(LISTED)]
        if not names:
            return spans
        turn = self._turn
        free = {"_id": {"$in": [f"{self._pool}:{name}" for name in names]}}
        taken = {"tenant": turn.pool["tenant"], "pool": self._pool, "position": {"$in": names}}
        pieces, members = turn.store.collection(PIECE), turn.store.collection(resources.COLLECTION)
        known = {one["axis"] async for one in pieces.find(free, {"axis": 1}, session=turn.session)}
        known |= {one["position"] async for one in members.find(taken, {"position": 1}, session=turn.session)}
        return {axis: runs for axis, runs in spans.items() if axis not in known}

    async def _take_out(self, part: str, spans: Spans) -> None:
        turn = self._turn
        for axis, runs in spans.items():
            for start, end in runs:
                if not await turn.pieces.cut_out(axis, start, end):
                    raise Conflict(await self._in_the_way(part))
        turn.usage.of_measure(MEMBERS).total -= counted(spans)

    async def _in_the_way(self, part: str) -> str:
        turn = self._turn
        query = {"tenant": turn.pool["tenant"], "pool": self._pool, "part": part}
        found = turn.store.collection(resources.COLLECTION).find(query, session=turn.session).limit(MAX_SHOWN)
        names = [f"{one['body'].get('value')} ({one['use']})" async for one in found]
        held = f" Taken are, among others: {', '.join(names)}." if names else ""
        return f"What is to be taken out of the part {part!r} is not all free.{held}"

    async def _resize(self, old: Part | None, new: Part) -> None:
        turn = self._turn
        more = {
            name: new.amounts.get(name, 0) - (0 if old is None else old.amounts.get(name, 0))
            for name in {**new.amounts, **({} if old is None else old.amounts)}
        }
        by = tuple(more.get(one["name"], 0) for one in turn.pool["measures"])
        for name, amount in more.items():
            turn.usage.of_measure(name).total += amount
        turn.grown = True
        if old is None:
            made = rooms.document(turn.pool, Room(new.id, by, new.traits))
            await turn.store.collection(PIECE).insert_one(made, session=turn.session)
            return
        await turn.rooms.load([old.id])
        turn.rooms.rooms.give(old.id, by)
        room = turn.rooms.rooms.room(old.id)
        if room is not None and min(room.free, default=0) < 0:
            raise Conflict(f"More of the part {old.id!r} is taken than would be left.")

    async def _rename(self, new: Part) -> None:
        """The traits of a part have changed: its free space, and what is taken of it, is found by the new ones."""
        turn = self._turn
        traits = {"$set": {"traits": list(new.traits)}}
        await turn.store.collection(PIECE).update_many(
            {"pool": self._pool, "part": new.id}, traits, session=turn.session
        )
        taken = {"tenant": turn.pool["tenant"], "pool": self._pool, "part": new.id}
        turn.writes[resources.COLLECTION].append(UpdateMany(taken, traits))
        turn.grown = True

    def _keep(self, key: str, entry: Entry) -> None:
        body = {name: value for name, value in entry.items() if name != "value"}
        if "value" in entry:
            body["listed"] = True
        document = {"pool": self._pool, "part": key, "tenant": self._turn.pool["tenant"], "body": body}
        where = {"_id": f"{self._pool}:{key}"}
        change = {"$set": {**document, "updated": self._turn.now}, "$setOnInsert": {"created": self._turn.now}}
        self._turn.writes[PART].append(UpdateOne(where, change, upsert=True))

    def _tell(self, body: Document, before: Document, after: Document) -> None:
        if self._changed:
            after = {**after, "capacity": self._changed[:MAX_SHOWN], "capacityChanged": len(self._changed)}
        if not after:
            return
        turn = self._turn
        turn.fields |= {"body": body, "named": body["name"]}
        turn.stubs.append(
            outbox.stub("ResourcePoolAttributeValueChangeEvent", who=self._who, before=before, after=after)
        )

    async def _invite(self) -> None:
        """Those who wait for a pool of this specification may have this one, too."""
        turn = self._turn
        body: Document = turn.fields.get("body") or turn.pool["body"]
        specification: Document = body.get("resourceSpecification") or {}
        names = [name for name in (specification.get("id"), specification.get("name")) if name]
        waiting = {"tenant": turn.pool["tenant"], "state": "waiting", "demand.pool": None}
        waiting["demand.specification"] = {"$in": names}
        if names:
            added = {"$addToSet": {"pools": self._pool}}
            await turn.store.collection(DEMAND).update_many(waiting, added, session=turn.session)
            turn.grown = True


def new_pool(key: str, tenant: str, body: Document) -> Document:
    """The document of a pool without members, to be completed by `outbox.first`."""
    faults = policy_faults(body)
    if faults:
        raise InvalidRequest(faults)
    counts: list[Any] = []
    empty: Document = {"turn": 0, "usage": counts, "above": [], "trend": [], "measures": []}
    return {"_id": key, "tenant": tenant, "named": body["name"], "body": body, **empty}
