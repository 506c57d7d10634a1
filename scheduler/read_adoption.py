"""Services that were built before their fulfiller could be asked what is: they are made due, piece by piece."""

import asyncio
from collections import defaultdict
from datetime import timedelta
from typing import Any

from models.domain.fulfiller import FulfillerDefinition
from models.domain.service_change import BUILT
from models.reading import reading
from scheduler.reconciliation import LEASE, SERVICES, ReconciliationParts

Document = dict[str, Any]


class Adoption:
    """Makes services due that were built before their fulfiller could be asked.

    A registration that has changed is followed once through the inventory, piece by piece.
    """

    COLLECTION = "readAdoption"
    SECONDS = 2.0
    PIECE = 500

    def __init__(self, parts: ReconciliationParts) -> None:
        """Look with these."""
        self._parts = parts
        self._store = parts.store
        self._clock = parts.clock

    async def look(self) -> None:
        """Go on through the inventory for those fulfillers that have begun to read.

        Raises:
            Unavailable: the database cannot be reached; the next look repeats it.
        """
        wanted: dict[str, list[FulfillerDefinition]] = defaultdict(list)
        for tenant, definition in await self._parts.directory.all_definitions():
            if definition.reads:
                wanted[tenant].append(definition)
        if not wanted:
            return
        for tenant, definitions in wanted.items():
            for definition in definitions:
                await self._follow(tenant, definition)

    async def _follow(self, tenant: str, definition: FulfillerDefinition) -> None:
        state = await self._store.get(self.COLLECTION, definition.id) or {"revision": -1, "cursor": None}
        if state["revision"] == definition.revision and state["cursor"] is None:
            return
        if await self._parts.leases.take(LEASE) is None:
            return
        cursor = state["cursor"] if state["revision"] == definition.revision else ""
        with reading():
            where = {"_id": {"$gt": cursor or ""}}
            fields = {"tenant": 1, "builtBy": 1, "body.state": 1, "readDue": 1}
            found = self._store.collection(SERVICES).find(where, fields, sort=[("_id", 1)], limit=self.PIECE)
            documents = await found.to_list()
        mine = [one["_id"] for one in documents if one["tenant"] == tenant and _is_for(one, definition.id)]
        await asyncio.gather(*(self._make_due(key, place, definition) for place, key in enumerate(mine)))
        ended = len(documents) < self.PIECE
        fields_of_state = {"revision": definition.revision, "cursor": None if ended else documents[-1]["_id"]}
        change = {"$set": {"tenant": tenant, **fields_of_state}}
        await self._store.upsert(self.COLLECTION, {"_id": definition.id}, change)

    async def _make_due(self, key: str, place: int, definition: FulfillerDefinition) -> None:
        """Spread over the interval, so that they do not all come at once."""
        seconds = definition.read_interval * place / self.PIECE
        due = self._clock.now() + timedelta(seconds=min(seconds, definition.read_interval))
        await self._store.update(SERVICES, {"_id": key, "readDue": {"$exists": False}}, {"$set": {"readDue": due}})


def _is_for(document: Document, fulfiller: str) -> bool:
    built = any(entry["fulfiller"] == fulfiller for entry in document.get("builtBy", ()))
    return built and "readDue" not in document and document["body"].get("state") in BUILT
