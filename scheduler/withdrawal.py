"""Fulfillers that were withdrawn leave the registry when they have nothing left to do."""

import structlog

from models import fulfillers
from models.clock import Clock
from models.domain.caller import ENGINE
from models.domain.fulfiller import WITHDRAWN
from models.reading import reading
from models.store import Store

log = structlog.get_logger(__name__)

SECONDS = 5.0


class Withdrawal:
    """Removes who has been withdrawn and has finished. Any process may look; the guard of the write lets one remove."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Look in this store."""
        self._store = store
        self._clock = clock

    async def look(self) -> list[str]:
        """Remove what can go; returns the ids of those who left.

        Raises:
            Unavailable: the database cannot be reached; the next look repeats it.
        """
        with reading():
            leaving = {"body.administrativeState": WITHDRAWN, "tenant": {"$not": {"$regex": "^~"}}}
            documents = await self._store.collection(fulfillers.COLLECTION).find(leaving).to_list()
        gone = []
        for stored in documents:
            if await fulfillers.open_task(self._store, stored["tenant"], stored["_id"]) is not None:
                continue
            why = "It was withdrawn, and has finished what it had."
            if await fulfillers.remove(self._store, self._clock, stored, ENGINE.subject, why):
                log.info("fulfiller has left", fulfiller=stored["_id"])
                gone.append(stored["_id"])
        return gone
