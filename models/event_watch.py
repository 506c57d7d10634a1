"""Telling whoever follows a resource that something has happened to it: one change stream for all of them."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pymongo.errors import PyMongoError

from models.store import Store

_log = logging.getLogger("som.events")

_REOPEN_SECONDS = 1.0


class EventWatch:
    """Wakes followers when events of their resource are stored.

    The stream runs while there are followers. It wakes, and tells nothing: a follower reads what is new, and looks by
    itself from time to time, so that a lost wake-up only makes it late.
    """

    def __init__(self, store: Store) -> None:
        """Watch the events in this store."""
        self._store = store
        self._followers: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def follow(self, resource: str) -> Iterator[asyncio.Event]:
        """Give a signal that is set whenever events of this resource are stored, while the context is open."""
        signal = asyncio.Event()
        self._followers[resource].add(signal)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="event-watch")
        try:
            yield signal
        finally:
            self._followers[resource].discard(signal)
            if not self._followers[resource]:
                del self._followers[resource]
            if not self._followers and self._task is not None:
                self._task.cancel()
                self._task = None

    async def _run(self) -> None:
        inserted: list[dict[str, Any]] = [
            {"$match": {"operationType": "insert"}},
            {"$project": {"fullDocument.resource.id": 1}},
        ]
        while True:
            try:
                async with await self._store.collection("event").watch(inserted) as stream:
                    self._wake_all()
                    async for change in stream:
                        self._wake(change["fullDocument"]["resource"]["id"])
            except PyMongoError as error:
                _log.warning("the change stream of events was interrupted: %s", type(error).__name__)
            await asyncio.sleep(_REOPEN_SECONDS)

    def _wake(self, resource: str) -> None:
        for signal in self._followers.get(resource, ()):
            signal.set()

    def _wake_all(self) -> None:
        for resource in self._followers:
            self._wake(resource)
