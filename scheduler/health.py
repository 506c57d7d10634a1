"""How the fulfillers are: what this process sees of them, and what all processes know.

Every call is counted in memory. The database hears of it in bulk once in a while (statistics), and at once only where
a circuit breaker opens, is tried or closes, or a probe finds something new (the collection `fulfillerState`, whose
changes the change stream tells to all).
"""

import asyncio
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from models.clock import Clock
from models.domain.breaker import Breaker, after_failure
from models.domain.call_statistics import SECONDS, CallStatistics
from models.domain.errors import AlreadyExists
from models.domain.fulfiller import FulfillerDefinition
from models.domain.outcomes import Outcome, Unreachable
from models.domain.situation import WELL, Standing
from models.fulfillers import OPEN_TASKS
from models.reading import reading
from models.store import Store

Document = dict[str, Any]

STATE = "fulfillerState"
STATISTICS = "fulfillerStatistics"
FLUSH_SECONDS = 10.0
COUNT_SECONDS = 0.5
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
FORGOTTEN_AFTER = timedelta(minutes=5)
"""Without a call for so long, how reliable and quick a fulfiller was counts no more."""
_RESERVED = timedelta(seconds=60)
_WEIGHT = 0.1  # of the newest call in what is remembered of the latest ones
_SHORTEST_TRIAL = timedelta(seconds=30)


@dataclass(slots=True)
class _Seen:
    """What this process has seen of one fulfiller."""

    tenant: str = ""
    in_flight: int = 0
    failures: int = 0
    success: float | None = None
    latency: float | None = None
    called: datetime = _LONG_AGO
    new: CallStatistics = field(default_factory=CallStatistics)
    open_tasks: int | None = None
    counted: datetime = _LONG_AGO
    reserved: dict[str, datetime] = field(default_factory=dict)


class Health(Mapping[str, Standing]):
    """The standing of all fulfillers, by id."""

    def __init__(self, store: Store, clock: Clock, full: Container[str] = ()) -> None:
        """Know nothing yet.

        Args:
            store: where all processes tell each other.
            clock: the time.
            full: knows the fulfillers that have no place, or no budget of calls, at this moment.
        """
        self._store = store
        self._clock = clock
        self._seen: dict[str, _Seen] = {}
        self._breakers: dict[str, Breaker] = {}
        self._down: dict[str, str] = {}
        self._stale = True
        self._full = full
        self._note = False

    def __getitem__(self, fulfiller: str) -> Standing:
        """How one is; well, where nothing is known of it."""
        seen, breaker, down = self._seen.get(fulfiller), self._breakers.get(fulfiller), self._down.get(fulfiller)
        full = fulfiller in self._full
        if seen is None and breaker is None and down is None and not full:
            return WELL
        now, seen = self._clock.now(), seen or _Seen()
        known = None if seen.open_tasks is None else seen.open_tasks + len(seen.reserved)
        is_fresh = now - seen.called < FORGOTTEN_AFTER  # or else who was slow once would never be tried again
        return Standing(
            open_until=breaker.until if breaker else None,
            trying=breaker is not None and breaker.trying(now),
            breaker_reason=breaker.reason if breaker else "",
            down=down,
            full=full,
            in_flight=seen.in_flight,
            open_tasks=known,
            success=seen.success if is_fresh else None,
            latency=seen.latency if is_fresh else None,
        )

    def __iter__(self) -> Iterator[str]:
        """The fulfillers of whom anything is known."""
        return iter({**self._seen, **self._breakers, **self._down})

    def __len__(self) -> int:
        """Of how many anything is known."""
        return len(list(iter(self)))

    def invalidate(self) -> None:
        """What all know has changed."""
        self._stale = True

    async def refresh(self) -> None:
        """Read what all know, where it has changed.

        Raises:
            Unavailable: the database cannot be reached.
        """
        if not self._stale:
            return
        self._stale = False
        try:
            with reading():
                documents = await self._store.collection(STATE).find({}).to_list()
        except BaseException:
            self._stale = True
            raise
        breakers = {one["_id"]: one["breaker"] for one in documents if one.get("breaker")}
        self._breakers = {key: Breaker.from_document(stored) for key, stored in breakers.items()}
        self._down = {one["_id"]: one["down"]["reason"] for one in documents if one.get("down")}

    def half_open(self, fulfiller: str) -> bool:
        """Whether its breaker lets one call through, to try."""
        breaker = self._breakers.get(fulfiller)
        return breaker is not None and breaker.state(self._clock.now()) == "halfOpen"

    def next_change(self) -> datetime | None:
        """When the next breaker becomes half open by itself."""
        now = self._clock.now()
        return min((one.until for one in self._breakers.values() if one.until > now), default=None)

    def note_hold(self) -> None:
        """A task is held because nobody could have it."""
        self._note = True

    def take_note(self) -> bool:
        """Whether that has happened since the last time."""
        noted, self._note = self._note, False
        return noted

    async def count_open(self, definitions: Iterable[FulfillerDefinition]) -> None:
        """Count the open tasks of those whose capacity is limited, unless that was done a moment ago.

        Raises:
            Unavailable: the database cannot be reached.
        """
        now = self._clock.now()
        for definition in definitions:
            seen = self._of(definition)
            if definition.capacity is None or now - seen.counted < timedelta(seconds=COUNT_SECONDS):
                continue
            seen.counted = now
            busy = {"fulfiller": definition.id, "state": {"$in": list(OPEN_TASKS)}}
            with reading():
                seen.open_tasks = await self._store.collection("task").count_documents(busy)
            seen.reserved = {task: until for task, until in seen.reserved.items() if until > now}

    def reserve(self, definition: FulfillerDefinition, task: str) -> None:
        """Count a task that was given to a fulfiller, until its document says so."""
        if definition.capacity is not None:
            self._of(definition).reserved[task] = self._clock.now() + _RESERVED

    def written(self, definition: FulfillerDefinition, task: str) -> None:
        """The task's document says whose it is."""
        seen = self._of(definition)
        if seen.reserved.pop(task, None) is not None and seen.open_tasks is not None:
            seen.open_tasks += 1

    def waits(self, definition: FulfillerDefinition, by: int) -> None:
        """So many calls more, or fewer, are under way or wait for their turn."""
        self._of(definition).in_flight += by

    async def answered(
        self, definition: FulfillerDefinition, tenant: str, outcome: Outcome, milliseconds: float, *, poll: bool = False
    ) -> None:
        """Count a call that has ended, and open or close the breaker where that follows.

        Raises:
            Unavailable: the breaker's state could not be written; the next call tries again.
        """
        seen = self._of(definition)
        seen.tenant = tenant
        lost = isinstance(outcome, Unreachable)
        seen.failures = seen.failures + 1 if lost else 0
        if not poll:
            seen.new.add(type(outcome).__name__.lower(), milliseconds)
            if self._clock.now() - seen.called >= FORGOTTEN_AFTER:
                seen.success = seen.latency = None
            seen.called = self._clock.now()
            seen.success = _mixed(seen.success, 0.0 if lost else 1.0)
            if not lost:
                seen.latency = _mixed(seen.latency, milliseconds)
        if isinstance(outcome, Unreachable):
            await self._failed(definition, tenant, seen, outcome.reason)
        elif definition.id in self._breakers:
            await self._close(definition.id)

    async def _failed(self, definition: FulfillerDefinition, tenant: str, seen: _Seen, reason: str) -> None:
        now, before = self._clock.now(), self._breakers.get(definition.id)
        after = after_failure(definition.breaker, before, seen.failures, reason, now)
        if after is None:
            return
        as_it_was = {"breaker": {"$exists": False}} if before is None else {"breaker.until": before.until}
        fields = {"tenant": tenant, "breaker": after.to_document(), "updated": now}
        with suppress(AlreadyExists):  # another process was quicker
            await self._store.upsert(STATE, {"_id": definition.id, **as_it_was}, {"$set": fields})
        self._breakers[definition.id] = after
        self._stale = True

    async def _close(self, fulfiller: str) -> None:
        change = {"$unset": {"breaker": ""}, "$set": {"updated": self._clock.now()}}
        await self._store.update(STATE, {"_id": fulfiller}, change)
        self._breakers.pop(fulfiller, None)
        self._stale = True

    async def take_trial(self, definition: FulfillerDefinition) -> bool:
        """Be the one who tries a fulfiller whose breaker is half open.

        Returns:
            False where somebody else does.

        Raises:
            Unavailable: the database cannot be reached.
        """
        now = self._clock.now()
        until = now + max(timedelta(seconds=2 * definition.timeout), _SHORTEST_TRIAL)
        free = {"$or": [{"breaker.trial": {"$exists": False}}, {"breaker.trial.until": {"$lte": now}}]}
        guard = {"_id": definition.id, "breaker.until": {"$lte": now}, **free}
        taken = await self._store.update(STATE, guard, {"$set": {"breaker.trial": {"until": until}}})
        self._stale = True
        return taken

    async def flush(self) -> None:
        """Write the statistics of this process's calls since the last time, all in one write.

        Raises:
            Unavailable: the database cannot be reached; what was counted is lost, for it is but statistics.
        """
        now = self._clock.now()
        piece = int(now.timestamp()) // SECONDS
        writes = []
        for fulfiller, seen in self._seen.items():
            if seen.new.calls:
                fields = {"fulfiller": fulfiller, "tenant": seen.tenant, "at": now}
                change = {"$inc": seen.new.increments(), "$set": fields}
                writes.append(self._store.upsert(STATISTICS, {"_id": f"{fulfiller}:{piece}"}, change))
                seen.new = CallStatistics()
        await asyncio.gather(*writes)

    def _of(self, definition: FulfillerDefinition) -> _Seen:
        seen = self._seen.get(definition.id)
        if seen is None:
            seen = self._seen[definition.id] = _Seen()
        return seen


def _mixed(before: float | None, now: float) -> float:
    return now if before is None else (1 - _WEIGHT) * before + _WEIGHT * now
