"""Dated changes of the database, each run once, in order of their names, by one process at a time.

A migration is a module here named `m<date>_<what>` with `async def migrate(database)`. It must be safe to repeat: a
process that dies in the middle leaves it unrecorded, and the next one runs it again. It changes what is there and makes
what every database has (`models.indexes`); so on an empty database only the latter is done, once for all of them.
"""

import asyncio
import importlib
import pkgutil
import time
from datetime import timedelta
from typing import Any

import structlog
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from models.clock import Clock
from models.indexes import create_all
from models.workers import former_lives

Document = dict[str, Any]
LEASE_SECONDS = 60

log = structlog.get_logger(__name__)


def names() -> list[str]:
    """All migrations, oldest first."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name.startswith("m2"))


async def run(database: AsyncDatabase[Document], clock: Clock, by: str) -> list[str]:
    """Run what has not run yet; other processes wait until it is done.

    Returns:
        The names of the migrations that ran now.
    """
    while await _missing(database):
        if await _acquire(database, clock, by):
            try:
                return await _run_missing(database, clock)
            finally:
                await database["lease"].delete_one({"_id": "migrations", "by": by})
        await asyncio.sleep(0.2)
    return []


async def of_a_newer_release(database: AsyncDatabase[Document]) -> list[str]:
    """The migrations that the database has gone through and this release does not know, oldest first."""
    return sorted(await _done(database) - set(names()))


async def _done(database: AsyncDatabase[Document]) -> set[str]:
    return {found["_id"] async for found in database["migration"].find({}, {"_id": 1})}


async def _missing(database: AsyncDatabase[Document]) -> list[str]:
    done = await _done(database)
    return [name for name in names() if name not in done]


async def _acquire(database: AsyncDatabase[Document], clock: Clock, by: str) -> bool:
    now = clock.now()
    claim = {"$set": {"by": by, "until": now + timedelta(seconds=LEASE_SECONDS)}}
    free = {"_id": "migrations", "$or": [{"until": {"$lt": now}}, {"by": former_lives(by)}]}
    try:
        await database["lease"].update_one(free, claim, upsert=True)
    except DuplicateKeyError:
        return False
    return await database["lease"].find_one({"_id": "migrations", "by": by}) is not None


async def _run_missing(database: AsyncDatabase[Document], clock: Clock) -> list[str]:
    if set(await database.list_collection_names()) <= {"lease"}:
        return await _begin(database, clock)
    ran = []
    for name in await _missing(database):
        started = time.monotonic()
        await importlib.import_module(f"{__name__}.{name}").migrate(database)
        seconds = round(time.monotonic() - started, 3)
        await database["migration"].insert_one({"_id": name, "at": clock.now(), "seconds": seconds})
        log.info("migrated", migration=name, seconds=seconds)
        ran.append(name)
    return ran


async def _begin(database: AsyncDatabase[Document], clock: Clock) -> list[str]:
    """Make all that a database has; what dies before the end leaves one that is not empty any more."""
    await create_all(database)
    known, at = names(), clock.now()
    await database["migration"].insert_many([{"_id": name, "at": at, "seconds": 0.0} for name in known])
    log.info("made the database", migrations=len(known))
    return known
