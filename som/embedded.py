"""The database: the given one, or a real one of our own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

from adapters.database_check import require_replica_set
from adapters.database_errors import DatabaseUnreachable
from adapters.embedded_mongod import EmbeddedMongod
from som.settings import Settings

LOOK_SECONDS = 5.0

log = structlog.get_logger(__name__)


@asynccontextmanager
async def database(settings: Settings, patience: Callable[[], float] | None = None) -> AsyncIterator[str]:
    """The address of a database that can be used, for as long as the context is open.

    Args:
        settings: which database.
        patience: at the end, seconds that a database of our own is given to stop in order.

    Raises:
        DatabaseError: there is none, with what to do about it.
    """
    if settings.mongodb_url:
        await _given(settings.mongodb_url, settings.database_wait)
        yield settings.mongodb_url
        return
    embedded = EmbeddedMongod(settings.data_dir)
    url = await embedded.start()
    try:
        yield url
    finally:
        await embedded.stop(patience() if patience is not None else None)


async def _given(url: str, patience: float) -> None:
    """Wait until a database that somebody else runs can be used; what only its absence explains may pass.

    Raises:
        DatabaseProblem: it cannot be used, or was not there in time.
    """
    clock = asyncio.get_running_loop().time
    deadline = clock() + patience
    while True:
        look = min(LOOK_SECONDS, max(deadline - clock(), 1.0))
        try:
            await require_replica_set(url, timeout_seconds=look)
        except DatabaseUnreachable as away:
            if deadline - clock() <= 0:
                raise DatabaseUnreachable(**{**away.details, "seconds": patience}) from None
            log.warning(
                "waiting for the database", seconds_left=round(deadline - clock()), reason=away.details["reason"]
            )
        else:
            return
