"""What a server process does besides answering requests, each as long as the process lives."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog
from pymongo.errors import PyMongoError

from models import retention
from models.domain.errors import SomError
from models.leases import Leases
from models.presence import BEAT_SECONDS, Presence
from som.ground import Ground

RETENTION_SECONDS = 3600.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Role:
    """Something that runs as long as the server does; without `stop` it is ended by cancelling it."""

    name: str
    work: Coroutine[Any, Any, None]
    stop: Callable[[], None] | None = None


def asked_to_stop(role: Role, task: asyncio.Task[None]) -> asyncio.Task[None]:
    """Ask a role to stop; returns the task that ends when it has."""
    if role.stop is None:
        task.cancel()
    else:
        role.stop()
    return task


async def beat(presence: Presence) -> None:
    """Say again and again that reports of fulfillers are taken here."""
    while True:
        await asyncio.sleep(BEAT_SECONDS)
        try:
            await presence.beat()
        except SomError as error:
            log.warning("could not give a sign of life", error=str(error)[:200])


async def clean(ground: Ground) -> None:
    """Once an hour, by whoever is first: remove what has been kept long enough."""
    settings, store, clock = ground.settings, ground.store, ground.clock
    leases = Leases(store, clock, ground.worker, RETENTION_SECONDS)
    kept = retention.Retention(
        delivered=settings.retention_days_deliveries,
        events=settings.retention_days_events,
        processes=settings.retention_days_processes,
    )
    while True:
        try:
            if await leases.take("retention") is not None:
                log.info("removed what was old", **await retention.remove_old(store, clock, kept))
        except (SomError, PyMongoError) as error:
            log.warning("could not remove what was old, trying again in an hour", error=str(error)[:200])
        await asyncio.sleep(RETENTION_SECONDS)
