"""Whether anybody takes the reports of fulfillers: a sign of life of those processes that do, and gaps between them.

Each process that serves the API writes it every few seconds, all into one document. Whoever comes first after a silence
notes from when to when it lasted, in the same write. The times are the database's.
"""

from datetime import datetime, timedelta
from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import PyMongoError

from models.clock import Clock
from models.domain.errors import Unavailable
from models.domain.outage import SILENCE, Outage
from models.reading import reading
from models.store import Store

Document = dict[str, Any]

COLLECTION = "lease"
BEAT_SECONDS = 10.0
_ID = "reports are taken"
_LOOK = timedelta(seconds=5)


class Presence:
    """The sign of life, given and read."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Nothing is known yet."""
        self._store = store
        self._clock = clock
        self._outage: Outage | None = None
        self._seen: datetime | None = None
        self._looked: datetime | None = None

    async def beat(self) -> None:
        """Say that reports are taken.

        Raises:
            Unavailable: the database cannot be reached.
        """
        silence = round(SILENCE.total_seconds() * 1000)
        is_long = {"$gt": [{"$subtract": ["$$NOW", "$at"]}, silence]}
        noted = {"$cond": [is_long, {"since": "$at", "until": "$$NOW"}, "$outage"]}
        try:
            found = await self._store.collection(COLLECTION).find_one_and_update(
                {"_id": _ID},
                [{"$set": {"outage": noted}}, {"$set": {"at": "$$NOW"}}],
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        except PyMongoError as error:
            raise Unavailable from error
        self._take(found)

    async def outage(self) -> Outage | None:
        """The last outage, be it over or not; None where there was none, or nobody has ever taken reports here.

        Raises:
            Unavailable: the database cannot be reached.
        """
        now = self._clock.now()
        if self._looked is None or now - self._looked > _LOOK:
            with reading():
                self._take(await self._store.collection(COLLECTION).find_one({"_id": _ID}))
        if self._seen is not None and now - self._seen > SILENCE:
            return Outage(self._seen)
        return self._outage

    def _take(self, found: Document | None) -> None:
        self._looked = self._clock.now()
        if found is not None:
            self._seen = found["at"]
            stored = found.get("outage")
            self._outage = Outage(stored["since"], stored["until"]) if stored else None
