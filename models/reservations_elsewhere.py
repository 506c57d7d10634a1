"""What services hold in the pools of other systems, and what has to be done about it there.

An order reserves and gives back by its tasks. The rest is owed here, in the database, and carried out again and again
until it is so: a reservation is turned into use when its service is provisioned, extended before it ends by itself,
and given back where no order is there to do it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pymongo import UpdateOne

from models.clock import Clock, parse
from models.domain.pools.demand import Holder
from models.reading import reading
from models.store import Store

Document = dict[str, Any]

COLLECTION = "foreignReservation"
MOST_PATIENCE = timedelta(minutes=10)
LOOKED_AT_AGAIN = timedelta(seconds=30)
"""Until a service is told again of what it has lost, while an order works on it."""
SHORTEST = 60
"""Seconds that a reservation is extended by at least."""


class ReservationsElsewhere:
    """The reservations of services with other systems.

    All methods raise `Unavailable` where the database cannot be reached; every change may be repeated.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        """Keep them in this store."""
        self._collection = store.collection(COLLECTION)
        self._clock = clock

    async def note(self, holder: Holder, resources: Iterable[Mapping[str, Any]], ends: str | None) -> None:
        """Take note of reservations that an allocation got.

        Args:
            holder: whose task it was, with service, order, plan and task.
            resources: what it got, each {id, reservation: {id, fulfiller}}; others are left out.
            ends: when the reservation ends by itself, as date-time; None for never.
        """
        now, found = self._clock.now(), dict[tuple[str, str], list[str]]()
        for one in resources:
            reservation = one.get("reservation")
            if isinstance(reservation, Mapping) and reservation.get("fulfiller") and reservation.get("id"):
                key = str(reservation["fulfiller"]), str(reservation["id"])
                found.setdefault(key, []).append(str(one["id"]))
        if not found:
            return
        fixed = {**holder.named(), "tenant": holder.tenant, "wanted": "reserved", "attempts": 0, "created": now}
        time = {} if ends is None else _time_left(now, parse(ends))
        writes = [
            UpdateOne(
                {"_id": f"{fulfiller}:{key}"},
                {"$setOnInsert": {**fixed, **time, "fulfiller": fulfiller, "reservation": key, "resources": ids,
                                  "updated": now}},
                upsert=True,
            )
            for (fulfiller, key), ids in found.items()
        ]  # fmt: skip
        with reading():
            await self._collection.bulk_write(writes, ordered=False)

    async def held(self, holder: Holder) -> list[Document]:
        """What a service has by an allocation and is not about to lose."""
        query = {**_of(holder), "wanted": {"$ne": "released"}, "leaving": {"$exists": False}}
        with reading():
            return await self._collection.find(query).sort("_id", 1).to_list()

    async def use(self, holder: Holder) -> None:
        """The reservations of a holder are in use from now on."""
        await self._want({**_of(holder), "wanted": "reserved"}, "used")

    async def part_with(self, ids: Sequence[str], *, leaving: bool) -> None:
        """Note that their service does without these from now on, or has them after all."""
        change = {"$set": {"leaving": True}} if leaving else {"$unset": {"leaving": ""}}
        with reading():
            await self._collection.update_many({"_id": {"$in": list(ids)}}, change)

    async def release(self, of: Holder | Sequence[str]) -> None:
        """Give back the reservations of a holder, or these (ids here)."""
        query = _of(of) if isinstance(of, Holder) else {"_id": {"$in": list(of)}}
        await self._want({**query, "wanted": {"$ne": "released"}}, "released")

    async def _want(self, query: Document, wanted: str) -> None:
        now = self._clock.now()
        with reading():
            change = {"$set": {"wanted": wanted, "due": now, "attempts": 0, "updated": now}}
            await self._collection.update_many(query, change)

    async def due(self, limit: int) -> list[Document]:
        """Those for which something has to be done now, the longest due first."""
        with reading():
            found = self._collection.find({"due": {"$lte": self._clock.now()}})
            return await found.sort("due", 1).to_list(limit)

    async def gone(self, document: Document) -> None:
        """It is given back: nothing is to be known of it any more."""
        with reading():
            await self._collection.delete_one({"_id": document["_id"], "wanted": "released"})

    async def settled(self, document: Document, ends: str | None) -> None:
        """It is as it was wanted; it has to be looked at again before it ends."""
        now = self._clock.now()
        time = {} if ends is None else _time_left(now, parse(ends), document.get("lasts"))
        none = {"until": "", "lasts": "", "due": ""} if ends is None else {}
        change = {"$set": {"attempts": 0, "updated": now, **time}, "$unset": {"problem": "", **none}}
        await self._if_still(document, change)

    async def later(self, document: Document, problem: str, patience: float | None = None) -> None:
        """It could not be done; it is tried again, at ever longer intervals.

        Args:
            document: as it was read.
            problem: why, for people.
            patience: seconds that the other system wants us to wait.
        """
        attempts = document.get("attempts", 0) + 1
        wait = min(timedelta(seconds=2.0 ** min(attempts, 10)), MOST_PATIENCE)
        if patience is not None:
            wait = max(wait, timedelta(seconds=patience))
        now = self._clock.now()
        change = {"$set": {"due": now + wait, "attempts": attempts, "problem": problem[:500], "updated": now}}
        await self._if_still(document, change)

    async def lost(self, document: Document, problem: str, *, told: bool) -> None:
        """The other system has it no more, though a service rests on it.

        Args:
            document: as it was read.
            problem: why, for people.
            told: the service says so; else it is looked at again, until it does.
        """
        now = self._clock.now()
        noted = {"problem": problem[:500], "updated": now, "lost": document.get("lost", now)}
        if told:
            await self._if_still(document, {"$set": noted, "$unset": {"due": "", "until": ""}})
        else:
            await self._if_still(document, {"$set": {**noted, "due": now + LOOKED_AT_AGAIN}, "$unset": {"until": ""}})

    async def _if_still(self, document: Document, change: Document) -> None:
        """Write what came of it, unless something else is wanted by now."""
        with reading():
            await self._collection.update_one({"_id": document["_id"], "wanted": document["wanted"]}, change)


def _of(holder: Holder) -> Document:
    named = holder.named()
    if not named:
        raise ValueError("A holder without a name holds nothing.")
    return {"tenant": holder.tenant, **named}


def _time_left(now: datetime, until: datetime, lasts: int | None = None) -> Document:
    """When a reservation ends, for how long it is extended, and when: at half of the time that is left."""
    left = max(0.0, (until - now).total_seconds())
    return {
        "until": until,
        "lasts": lasts or max(SHORTEST, round(left)),
        "due": now + timedelta(seconds=left / 2),
    }
