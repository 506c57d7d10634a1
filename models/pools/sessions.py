"""The database sessions in which turns are transacted, announced so that those of a dead process can be ended.

A process that dies within a transaction leaves it open: the server keeps it, and the pool's document locked by it, for
a minute (`transactionLifetimeLimitSeconds`). So each process announces its session before its first turn of a pool;
whoever finds the pool locked while nothing moves ends the announced sessions of the others. A live process whose
session is ended so begins its turn again in a new one.
"""

from datetime import timedelta
from typing import Any

import structlog
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import PyMongoError

from models.clock import Clock
from models.ids import new_id
from models.store import Store

Document = dict[str, Any]

COLLECTION = "poolSession"
KEPT = 500
RENEWED_AFTER = timedelta(hours=6)
FORGOTTEN_AFTER = timedelta(days=1)

log = structlog.get_logger(__name__)


class PoolSessions:
    """The sessions of one process, one for each pool that it works on."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Announce them in this store."""
        self._store = store
        self._clock = clock
        self._process = new_id()
        self._sessions: dict[str, tuple[AsyncClientSession, Any]] = {}

    async def of(self, pool: str) -> AsyncClientSession:
        """The session for the turns of a pool, announced.

        Raises:
            PyMongoError: it could not be announced.
        """
        known = self._sessions.pop(pool, None)
        now = self._clock.now()
        if known is not None and now - known[1] < RENEWED_AFTER:
            self._sessions[pool] = known  # to the end: the first is the one that was idle longest
            return known[0]
        if known is not None:
            await known[0].end_session()
        session = self._store.client.start_session()
        announced = {"pool": pool, "tenant": "", "session": session.session_id["id"], "at": now}
        where = {"_id": f"{pool}:{self._process}"}
        await self._store.collection(COLLECTION).replace_one(where, announced, upsert=True)
        self._sessions[pool] = (session, now)
        while len(self._sessions) > KEPT:
            await self.drop(next(iter(self._sessions)))
        return session

    async def drop(self, pool: str) -> None:
        """Use this session no more: something in it has failed."""
        known = self._sessions.pop(pool, None)
        if known is not None:
            try:
                await known[0].end_session()
            except PyMongoError:
                log.debug("pool.session_lost", pool=pool)

    async def end_others(self, pool: str) -> int:
        """End the sessions of other processes on a pool, and with them what they hold locked; returns how many.

        Raises:
            PyMongoError: the database cannot be reached.
        """
        collection = self._store.collection(COLLECTION)
        others = {"pool": pool, "_id": {"$ne": f"{pool}:{self._process}"}}
        found = await collection.find(others).to_list()
        if not found:
            return 0
        await self._store.client.admin.command("killSessions", [{"id": one["session"]} for one in found])
        await collection.delete_many({"_id": {"$in": [one["_id"] for one in found]}})
        log.info("pool.sessions_ended", pool=pool, sessions=len(found))
        return len(found)
