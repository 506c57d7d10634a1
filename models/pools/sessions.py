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
from pymongo.asynchronous.collection import AsyncCollection
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
        self._old: dict[str, list[AsyncClientSession]] = {}

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
            self._old.setdefault(pool, []).append(known[0])
        session = self._store.client.start_session()
        announced = {"pool": pool, "tenant": "", "session": session.session_id["id"], "at": now}
        await self._announced.replace_one({"_id": self._name(pool)}, announced, upsert=True)
        self._sessions[pool] = (session, now)
        await self._end_old(pool)
        while len(self._sessions) > KEPT:
            await self._withdraw(next(iter(self._sessions)))
        return session

    def drop(self, pool: str) -> None:
        """Use this session no more: something in it has failed.

        It ends once another is announced in its place. For a session that has ended serves other work of this process
        again, which would be ended with it as long as it is announced.
        """
        known = self._sessions.pop(pool, None)
        if known is not None:
            self._old.setdefault(pool, []).append(known[0])

    async def _withdraw(self, pool: str) -> None:
        await self._announced.delete_one({"_id": self._name(pool)})
        self.drop(pool)
        await self._end_old(pool)

    async def _end_old(self, pool: str) -> None:
        for session in self._old.pop(pool, ()):
            try:
                await session.end_session()
            except PyMongoError:
                log.debug("pool.session_lost", pool=pool)

    def _name(self, pool: str) -> str:
        return f"{pool}:{self._process}"

    @property
    def _announced(self) -> AsyncCollection[Document]:
        return self._store.collection(COLLECTION)

    async def end_others(self, pool: str) -> int:
        """End the sessions of other processes on a pool, and with them what they hold locked; returns how many.

        They stay announced, for a live process whose session was idle goes on with it and does not hear of this.

        Raises:
            PyMongoError: the database cannot be reached.
        """
        others = {"pool": pool, "_id": {"$ne": self._name(pool)}}
        found = await self._announced.find(others).to_list()
        if not found:
            return 0
        await self._store.client.admin.command("killSessions", [{"id": one["session"]} for one in found])
        log.info("pool.sessions_ended", pool=pool, sessions=len(found))
        return len(found)
