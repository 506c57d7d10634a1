"""How long tasks take: learnt from those that were done, for each specification, action, task and fulfiller.

Samples are gathered in memory and written in bulk now and then: losing some of them with a process loses nothing that
anybody was promised.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo import UpdateOne
from pymongo.errors import PyMongoError

from models.clock import Clock
from models.domain.errors import Unavailable
from models.domain.plan import PlannedTask
from models.reference_cache import ReferenceCache
from models.store import Store

Document = dict[str, Any]
Key = tuple[str, str, str, str]

COLLECTION = "duration"
WINDOW = 50
"""Samples after which older ones fade: a mean over about so many."""
ENOUGH = 5
"""Samples from which on what was learnt is trusted rather than what was declared."""
MAX_AGE = timedelta(seconds=60)
ANYBODY = ""


@dataclass(slots=True)
class _Samples:
    count: int = 0
    seconds: float = 0.0


class Durations:
    """What is known of the time that tasks take."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Learn into this store."""
        self._store = store
        self._clock = clock
        self._cache = ReferenceCache(store, COLLECTION, _by_key)
        self._read: datetime | None = None
        self._new: dict[tuple[str, Key], _Samples] = {}

    def note(self, tenant: str, task: PlannedTask, fulfiller: str, seconds: float) -> None:
        """Learn that this task took so many seconds from its first call to its end."""
        for whom in (fulfiller, ANYBODY):
            samples = self._new.setdefault((tenant, _key(task, whom)), _Samples())
            samples.count += 1
            samples.seconds += max(seconds, 0.0)

    async def flush(self) -> None:
        """Write what was learnt since the last time.

        Raises:
            Unavailable: the database cannot be reached; the samples are kept for the next time.
        """
        if not self._new:
            return
        new, self._new = self._new, {}
        now = self._clock.now()
        try:
            await self._store.collection(COLLECTION).bulk_write(
                [_update(tenant, key, samples, now) for (tenant, key), samples in new.items()], ordered=False
            )
        except PyMongoError as error:
            for name, samples in self._new.items():
                kept = new.setdefault(name, _Samples())
                kept.count += samples.count
                kept.seconds += samples.seconds
            self._new = new
            raise Unavailable from error

    async def aclose(self) -> None:
        """Write what was learnt, if the database is there."""
        with suppress(Unavailable):
            await self.flush()

    async def expected(
        self, tenant: str, tasks: Sequence[PlannedTask], fulfillers: Mapping[str, str | None]
    ) -> dict[str, float]:
        """Seconds that tasks are expected to take, by key; what nobody has declared or seen is left out.

        Args:
            tenant: whose.
            tasks: the tasks.
            fulfillers: who does them, by key, where that is known.
        """
        now = self._clock.now()
        if self._read is None or now - self._read > MAX_AGE:
            self._read = now
            self._cache.invalidate()
        learnt = await self._cache.get(tenant)
        found: dict[str, float] = {}
        for task in tasks:
            seconds = _expected(learnt, task, fulfillers.get(task.key))
            if seconds is not None:
                found[task.key] = seconds
        return found


def _expected(learnt: Mapping[Key, _Samples], task: PlannedTask, fulfiller: str | None) -> float | None:
    """Learnt of this fulfiller, else of all, else as declared, else from the few samples there are."""
    known = [learnt.get(_key(task, whom)) for whom in ((fulfiller, ANYBODY) if fulfiller else (ANYBODY,))]
    trusted = [samples.seconds for samples in known if samples is not None and samples.count >= ENOUGH]
    if trusted:
        return trusted[0]
    if task.duration is not None:
        return task.duration
    return next((samples.seconds for samples in known if samples is not None), None)


def _key(task: PlannedTask, fulfiller: str) -> Key:
    return task.specification, task.action, task.name, fulfiller


def _by_key(documents: list[Document]) -> dict[Key, _Samples]:
    return {
        (stored["specification"], stored["action"], stored["task"], stored["fulfiller"]): _Samples(
            stored["count"], stored["mean"]
        )
        for stored in documents
    }


def _update(tenant: str, key: Key, samples: _Samples, now: datetime) -> UpdateOne:
    """Move the mean towards that of the new samples, by their share of the window; atomic at the database."""
    specification, action, task, fulfiller = key
    total = {"$add": [{"$ifNull": ["$count", 0]}, samples.count]}
    share = {"$min": [1.0, {"$divide": [samples.count, {"$min": [total, WINDOW]}]}]}
    mean = samples.seconds / samples.count
    before = {"$ifNull": ["$mean", mean]}
    change = {
        "tenant": {"$literal": tenant},
        "specification": {"$literal": specification},
        "action": {"$literal": action},
        "task": {"$literal": task},
        "fulfiller": {"$literal": fulfiller},
        "mean": {"$add": [before, {"$multiply": [share, {"$subtract": [mean, before]}]}]},
        "count": total,
        "updated": now,
        "created": {"$ifNull": ["$created", now]},
    }
    return UpdateOne({"_id": "\x1f".join([tenant, *key])}, [{"$set": change}], upsert=True)
