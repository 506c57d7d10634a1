"""Claims: the right to work on a document for a while.

A claim is a lease with a fence. The lease says who works on it and until when; the fence, one higher with every claim,
guards each write, so that a worker that lost its lease without noticing changes nothing. `due` is the moment at which
somebody should look at a document; a claimed document is due when its lease ends, so that one index finds all there is
to do, crashed workers' remains included.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from pymongo import ASCENDING
from pymongo.errors import PyMongoError

from models.clock import Clock
from models.domain.errors import SomError, Unavailable
from models.ids import new_id
from models.reading import reading
from models.store import Store
from models.workers import former_lives

Document = dict[str, Any]

CLAIMED = ("serviceOrder", "cancelServiceOrder", "processFlow", "plan")
PORTION = 200
"""Leases extended with one command: so that the database answers others in between."""


class LeaseLost(SomError):
    """Another worker has taken this over."""


class Claims:
    """Claims of one worker.

    A worker is one life of one process: `node/incarnation`. A node lives once at a time, so that what an earlier life
    of it still holds can be taken back at once.
    """

    def __init__(self, store: Store, clock: Clock, worker: str, lease_seconds: float) -> None:
        """Claim in the name of this worker for so many seconds at a time."""
        self._store = store
        self._clock = clock
        self.worker = worker
        self.lease_seconds = lease_seconds

    def lease(self, token: str = "") -> Document:
        """A lease of this worker, as stored, from now on."""
        return {"by": self.worker, "until": self._clock.after(self.lease_seconds), "claim": token}

    async def due(self, collection: str, limit: int) -> list[Document]:
        """Claim up to `limit` documents that are due, the most important and longest waiting first.

        Three round trips for the whole batch: find ids, mark them, read those that are marked. Workers that meet on the
        same ids share them out, each gets what it marked first.
        """
        return await self._claim(collection, {"due": {"$lte": self._clock.now()}}, ("priority", "due"), limit, "due")

    async def waiting_for(self, gate: str, limit: int, room: int) -> list[Document]:
        """Claim plans that were let go because a gate was crowded, in the same order.

        Args:
            gate: that they wait for.
            limit: plans, at the most.
            room: calls that the gate has room for: as many plans as would make so many.
        """
        wanted = {"queued.at": gate}
        return await self._claim("plan", wanted, ("priority", "queued.since"), limit, "queued", room=room)

    async def crowded(self) -> list[str]:
        """The gates that any plan has been let go for.

        Raises:
            Unavailable: the database cannot be reached.
        """
        with reading():
            return await self._store.collection("plan").distinct("queued.at", {"queued.since": {"$exists": True}})

    async def _claim(  # noqa: PLR0913 - what is claimed, in which order, and how much of it
        self,
        collection: str,
        wanted: Document,
        order: tuple[str, str],
        limit: int,
        index: str,
        *,
        room: int | None = None,
    ) -> list[Document]:
        now = self._clock.now()
        free = {**wanted, "$or": [{"lease": {"$exists": False}}, {"lease.until": {"$lte": now}}]}
        try:
            found = self._store.collection(collection).find(free, {"_id": 1, "queued.calls": 1})
            first = found.sort([(field, ASCENDING) for field in order]).limit(limit).hint(index)
            ids = _that_fit([document async for document in first], room)
            return await self._mark(collection, ids, free) if ids else []
        except PyMongoError as error:
            raise Unavailable from error

    async def _mark(self, collection: str, ids: list[str], free: Document) -> list[Document]:
        lease = self.lease(new_id())
        documents = self._store.collection(collection)
        mark = {"$set": {"lease": lease, "due": lease["until"]}, "$inc": {"fence": 1}}
        if len(ids) == 1:  # the usual case where little goes on, in which a round trip is a good part of the wait
            claimed = await documents.find_one_and_update({"_id": ids[0], **free}, mark, return_document=True)
            return [claimed] if claimed is not None else []
        await documents.update_many({"_id": {"$in": ids}, **free}, mark)
        marked = documents.find({"_id": {"$in": ids}, "lease.claim": lease["claim"]})
        order = {key: place for place, key in enumerate(ids)}
        return sorted([document async for document in marked], key=lambda document: order[document["_id"]])

    async def extend(self, collection: str, ids: Sequence[str]) -> tuple[datetime, frozenset[str]]:
        """Hold on to what is still being worked on.

        Returns:
            Until when, and which of them; the others are ours no more.
        """
        until: datetime = self.lease()["until"]
        kept: set[str] = set()
        for start in range(0, len(ids), PORTION):
            kept |= await self._extend(collection, ids[start : start + PORTION], until)
        return until, frozenset(kept)

    async def _extend(self, collection: str, ids: Sequence[str], until: datetime) -> set[str]:
        held = {"_id": {"$in": list(ids)}, "lease.by": self.worker}
        documents = self._store.collection(collection)
        result = await documents.update_many(held, {"$set": {"lease.until": until, "due": until}})
        if result.matched_count == len(ids):
            return set(ids)
        return {document["_id"] async for document in documents.find(held, {"_id": 1})}

    async def give_back(self, collection: str, ids: Iterable[str]) -> None:
        """Let others (or a later try of ours) have these at once."""
        now = self._clock.now() - timedelta(milliseconds=1)
        held = {"_id": {"$in": list(ids)}, "lease.by": self.worker}
        await self._store.collection(collection).update_many(held, {"$set": {"lease.until": now, "due": now}})

    async def take_back(self) -> int:
        """Free what earlier lives of this node still hold; call it when this node is certain to live once."""
        now = self._clock.now() - timedelta(milliseconds=1)
        count = 0
        for collection in CLAIMED:
            stale = {"due": {"$exists": True}, "lease.by": former_lives(self.worker)}
            freed = await self._store.collection(collection).update_many(
                stale, {"$set": {"lease.until": now, "due": now}}
            )
            count += freed.modified_count
        return count


def queued_calls(plan: Document) -> int:
    """How many calls a plan that was let go because a gate was crowded would make there."""
    calls: int = plan.get("queued", {}).get("calls", 1)
    return calls


def _that_fit(found: list[Document], room: int | None) -> list[str]:
    """The ids of the first of these, as many as there is room for their calls, and at least one."""
    if room is None:
        return [document["_id"] for document in found]
    before = accumulate((queued_calls(document) for document in found), initial=0)
    return [document["_id"] for document, calls in zip(found, before, strict=False) if calls < room]
