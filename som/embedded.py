"""The database: the given one, or a real one of our own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.database_check import require_replica_set
from adapters.embedded_mongod import EmbeddedMongod
from som.settings import Settings


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[str]:
    """The address of a database that can be used, for as long as the context is open.

    Raises:
        DatabaseError: there is none, with what to do about it.
    """
    if settings.mongodb_url:
        await require_replica_set(settings.mongodb_url)
        yield settings.mongodb_url
        return
    embedded = EmbeddedMongod(settings.data_dir)
    url = await embedded.start()
    try:
        yield url
    finally:
        await embedded.stop()
