"""Looking at the fulfillers that can be looked at: at the interval of each, by one process for all."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from adapters.ports import Probed
from models.clock import Clock
from models.domain.fulfiller import FulfillerDefinition
from models.leases import Leases
from models.store import Store
from scheduler.directory import Directory
from scheduler.health import STATE

Document = dict[str, Any]

SECONDS = 1.0
LEASE = "probes"
LEASE_SECONDS = 15.0
PROBE_SECONDS = 5.0
DOWN_AFTER = 2
"""Probes in a row that must fail: one lost packet is no outage."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Watched:
    due: datetime
    failures: int = 0
    told: str | None = None


@dataclass(slots=True)
class Probing:
    """Probes, and writes down what is new."""

    store: Store
    clock: Clock
    directory: Directory
    leases: Leases
    _watched: dict[str, _Watched] = field(default_factory=dict)
    _rests_until: datetime | None = None

    async def look(self) -> None:
        """Probe whoever is due, if this process is the one to do it.

        Raises:
            Unavailable: the database cannot be reached; the next look repeats it.
        """
        now = self.clock.now()
        if self._rests_until is not None and now < self._rests_until:
            return
        lease = await self.leases.take(LEASE)
        if lease is None:
            self._watched.clear()
            self._rests_until = self.clock.after(LEASE_SECONDS / 2)
            return
        self._rests_until = None
        due = [found for found in await self.directory.all_definitions() if self._is_due(found[1], now)]
        watched = [self._watched.setdefault(one.id, _Watched(now)) for _, one in due]
        for it, (_, one) in zip(watched, due, strict=True):
            it.due = now + timedelta(seconds=one.probe_interval)
        await asyncio.gather(*(self._probe(*found, it) for it, found in zip(watched, due, strict=True)))

    def _is_due(self, definition: FulfillerDefinition, now: datetime) -> bool:
        watched = self._watched.get(definition.id)
        return definition.probe_interval > 0 and (watched is None or watched.due <= now)

    async def _probe(self, tenant: str, definition: FulfillerDefinition, watched: _Watched) -> None:
        instance: object = await self.directory.instance(tenant, definition.id)
        found = await instance.probe(PROBE_SECONDS) if isinstance(instance, Probed) else None
        if found is None:
            await self._tell(tenant, definition.id, watched, None)
            return
        watched.failures = 0 if found.down is None else watched.failures + 1
        if found.down is None or watched.failures >= DOWN_AFTER:
            await self._tell(tenant, definition.id, watched, found.down)

    async def _tell(self, tenant: str, fulfiller: str, watched: _Watched, down: str | None) -> None:
        """Write it down where it is new; a process that has just taken over does not know what is written."""
        if watched.told == (down or ""):
            return
        now = self.clock.now()
        if down is None:
            guard = {"_id": fulfiller, "down": {"$exists": True}}
            await self.store.update(STATE, guard, {"$unset": {"down": ""}, "$set": {"updated": now}})
            if watched.told:
                log.info("fulfiller is up again", fulfiller=fulfiller)
        else:
            fields = {"tenant": tenant, "down": {"reason": down[:300], "since": now}, "updated": now}
            await self.store.upsert(STATE, {"_id": fulfiller}, {"$set": fields})
            log.warning("fulfiller is down", fulfiller=fulfiller, reason=down[:300])
        watched.told = down or ""
