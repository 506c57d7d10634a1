"""The turns of all pools in this process: what is asked of one pool while its turn is on its way goes together next."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from pymongo import ReturnDocument
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import BulkWriteError, PyMongoError, WriteConcernError

from models.clock import Clock
from models.domain.errors import NotFound, Unavailable
from models.pools.asks import Ask, Define, Free, Serve, Take, Use
from models.pools.giving import Giving
from models.pools.sessions import PoolSessions
from models.pools.taking import Taking
from models.pools.turn import POOL, Parts, Turn
from models.store import Store

MAX_ASKS = 250
MAX_MEMBERS = 1_000
_PATIENCE = 30.0  # seconds
_LONGEST_PAUSE = 0.05
_STILL_SECONDS = 1.0
_DUPLICATE_KEY = 11000
_INTERRUPTED = 11601
"""Another process took this one for dead, and ended its session: the turn was slow, and is taken again."""
_TRIES_OF_DUPLICATES = 3


class Turns:
    """Gives each pool its turns, one after the other."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Work on this store."""
        self._store = store
        self._clock = clock
        self._parts = Parts()
        self._sessions = PoolSessions(store, clock)
        self._queues: dict[str, deque[Ask]] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self.on_served: list[Callable[[], None]] = []

    async def ask(self, pool: str, ask: Ask) -> Any:
        """Have something done in a turn of this pool; returns when it is in the database.

        Raises:
            NotFound: there is no such pool.
            Unavailable: the database cannot be reached; whether it was done is unknown; safe to repeat.
        """
        self._queues.setdefault(pool, deque()).append(ask)
        if pool not in self._running:
            self._running[pool] = asyncio.create_task(self._work(pool), name=f"turns of pool {pool}")
        return await ask.answer

    async def aclose(self) -> None:
        """Let the turns that are on their way end."""
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _work(self, pool: str) -> None:
        queue = self._queues[pool]
        try:
            while queue:
                await self._together(pool, _group(queue))
        finally:
            del self._running[pool]
            if not queue:
                self._queues.pop(pool, None)

    async def _together(self, pool: str, group: Sequence[Ask]) -> None:
        try:
            await self._turn(pool, group)
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of it, whatever it is
            if len(group) > 1 and not isinstance(error, NotFound) and not _away(error):
                for ask in group:  # one that cannot be done must not fail the others
                    await self._together(pool, [ask])
                return
            told: Exception = error
            if isinstance(error, PyMongoError):
                told = Unavailable(f"The turn of the pool failed: {type(error).__name__}.")
                told.__cause__ = error
            for ask in group:
                if not ask.answer.done():
                    ask.answer.set_exception(told)
            return
        for ask in group:
            if not ask.answer.done():
                ask.answer.set_result(ask.result)

    async def _turn(self, pool: str, asks: Sequence[Ask]) -> None:
        """One turn, begun again as long as another process is quicker."""
        began = looked = time.monotonic()
        seen = None
        tried = 0
        while True:
            tried += 1
            try:
                if time.monotonic() - looked > _STILL_SECONDS:
                    looked = time.monotonic()
                    seen = await self._unlocked(pool, seen)
                served = await self._in_session(pool, asks)
            except PyMongoError as error:
                if not _again(error, tried):
                    raise
            else:
                if served:
                    for tell in self.on_served:
                        tell()
                return
            if time.monotonic() - began > _PATIENCE:
                raise Unavailable("Others change this pool all the time; please repeat.")
            await asyncio.sleep(random.uniform(0, min(_LONGEST_PAUSE, 0.002 * 2**tried)))  # noqa: S311 - no secret

    async def _in_session(self, pool: str, asks: Sequence[Ask]) -> int:
        session = await self._sessions.of(pool)
        try:
            return await self._transact(session, pool, asks)
        except BaseException:
            if session.in_transaction:
                await _abandon(session)
            self._sessions.drop(pool)
            raise

    async def _unlocked(self, pool: str, seen: int | None) -> int | None:
        """Where nothing has moved since the last look, somebody died within a turn: end what he left."""
        stored = await self._store.collection(POOL).find_one({"_id": pool}, {"turn": 1})
        turn: int | None = None if stored is None else stored["turn"]
        if turn is not None and turn == seen:
            await self._sessions.end_others(pool)
        return turn

    async def _transact(self, session: AsyncClientSession, pool: str, asks: Sequence[Ask]) -> int:
        for ask in asks:
            ask.result = None
        await session.start_transaction()
        stored = await self._begun(session, pool, asks)
        turn = Turn(self._store, session, stored, self._parts, self._clock.now())
        served = await _do(turn, asks)
        await turn.save()
        await _commit(session)
        return served

    async def _begun(self, session: AsyncClientSession, pool: str, asks: Sequence[Ask]) -> dict[str, Any]:
        """The pool's document, which is this turn's from now on."""
        pools = self._store.collection(POOL)
        if isinstance(asks[0], Define) and asks[0].made is not None:
            await pools.insert_one(asks[0].made, session=session)
            return asks[0].made
        living = {"_id": pool, "named": {"$exists": True}}
        stored = await pools.find_one_and_update(
            living, {"$inc": {"turn": 1}}, return_document=ReturnDocument.AFTER, session=session
        )
        if stored is None:
            raise NotFound(f"There is no resource pool with the id {pool[:100]!r}.")
        return stored


async def _do(turn: Turn, asks: Sequence[Ask]) -> int:
    """First what makes room, then what takes it: those who wait before newcomers. Returns how many waited no more."""
    for ask in asks:
        if isinstance(ask, Define):
            ask.result = await ask.work(turn)
    await Giving(turn).run([ask for ask in asks if isinstance(ask, Use | Free)])
    await turn.put_back()
    serving = [ask for ask in asks if isinstance(ask, Serve)]
    turn.grown = turn.grown or bool(serving)
    served = await Taking(turn).run([ask for ask in asks if isinstance(ask, Take)])
    for ask in serving:
        ask.result = served
    return served


def _group(queue: deque[Ask]) -> list[Ask]:
    """The next asks of a turn. A change of the pool itself may be refused as a whole, so it goes alone."""
    group: list[Ask] = []
    members = 0
    while queue and len(group) < MAX_ASKS and members < MAX_MEMBERS:
        if isinstance(queue[0], Define):
            return group or [queue.popleft()]
        ask = queue.popleft()
        group.append(ask)
        members += ask.demand.count if isinstance(ask, Take) else 1
        members += len(ask.ids) if isinstance(ask, Use | Free) else 0
    return group


async def _commit(session: AsyncClientSession) -> None:
    """Commit; where it is unknown what came of it, ask again: that a transaction is committed twice changes nothing."""
    for tried in range(1, 6):
        try:
            await session.commit_transaction()
        except PyMongoError as error:
            if tried == 5 or not _is_unknown(error):
                raise
            await asyncio.sleep(0.1 * tried)
        else:
            return


def _is_unknown(error: PyMongoError) -> bool:
    """Whether a commit that failed so can have happened: its answer was lost, or the wait for the majority ended."""
    if error.has_error_label("UnknownTransactionCommitResult") or isinstance(error, WriteConcernError):
        return True
    return getattr(error, "code", None) == _INTERRUPTED


async def _abandon(session: AsyncClientSession) -> None:
    try:
        await session.abort_transaction()
    except PyMongoError:  # it ends by itself, then
        return


def _again(error: PyMongoError, tried: int) -> bool:
    """Whether a turn that failed so is worth another try: another process was quicker, on the pool or on a key."""
    if error.has_error_label("TransientTransactionError") or getattr(error, "code", None) == _INTERRUPTED:
        return True
    return _is_duplicate(error) and tried < _TRIES_OF_DUPLICATES


def _is_duplicate(error: PyMongoError) -> bool:
    if isinstance(error, BulkWriteError):
        return any(fault["code"] == _DUPLICATE_KEY for fault in error.details["writeErrors"])
    return getattr(error, "code", None) == _DUPLICATE_KEY


def _away(error: Exception) -> bool:
    """Whether the database is away, so that trying one by one is in vain."""
    return isinstance(error, Unavailable) or (
        isinstance(error, PyMongoError) and not _is_duplicate(error) and not isinstance(error, BulkWriteError)
    )
