"""Notifications as they go over the wire, made once for all subscribers that want the same."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import orjson

from models.domain.subscriptions import Subscription
from models.store import Store
from models.wire.events import render
from scheduler.delivery.copies import copied

Document = dict[str, Any]
Key = tuple[str, str, tuple[str, ...] | None]

_READ_AT_A_TIME = 64


class Renderings:
    """A cache bounded in bytes; what is not in it is read from the stored events, many at a time."""

    def __init__(self, store: Store, public_url: str, max_bytes: int) -> None:
        """Begin empty."""
        self._store = store
        self._public_url = public_url
        self._max_bytes = max_bytes
        self._kept: OrderedDict[Key, bytes] = OrderedDict()
        self._size = 0
        self._asked: dict[str, asyncio.Future[Document | None]] = {}
        self._reader: asyncio.Task[None] | None = None

    async def of(self, event_id: str, subscription: Subscription) -> bytes | None:
        """The notification as this subscriber wants it; None when the event is not kept any more.

        Raises:
            PyMongoError: the database cannot be reached.
        """
        key = (event_id, subscription.version, subscription.interest.fields)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        event = await self._event(event_id)
        return None if event is None else self._render(key, event, subscription)

    async def of_copy(self, row: Document, subscription: Subscription, at: str) -> bytes | None:
        """The notification of an instance that is copied, as it is by now; None where it is not there any more.

        Raises:
            Unavailable: the database cannot be reached.
        """
        name = row["copied"]["resource"]
        stored = await self._store.get(name, row["lane"], tenant=subscription.tenant)
        if stored is None:
            return None
        event = copied(subscription, row["copied"]["number"], name, stored, at)
        envelope = render(event, subscription.version, self._public_url)
        return orjson.dumps(subscription.interest.project(envelope))

    async def prepare(self, event_ids: Sequence[str], subscription: Subscription) -> None:
        """Read and render these together, because they will be wanted soon."""
        await asyncio.gather(*(self.of(event_id, subscription) for event_id in event_ids))

    async def aclose(self) -> None:
        """Wait for what is being read."""
        if self._reader is not None:
            await asyncio.wait([self._reader])

    def _render(self, key: Key, event: Document, subscription: Subscription) -> bytes:
        envelope = render(event, subscription.version, self._public_url)
        made = orjson.dumps(subscription.interest.project(envelope))
        if key not in self._kept:
            self._kept[key] = made
            self._size += len(made)
        while self._size > self._max_bytes:
            _, dropped = self._kept.popitem(last=False)
            self._size -= len(dropped)
        return made

    async def _event(self, event_id: str) -> Document | None:
        """One event, read together with all that are asked for at this moment."""
        if event_id not in self._asked:
            self._asked[event_id] = asyncio.get_running_loop().create_future()
            if self._reader is None or self._reader.done():
                self._reader = asyncio.create_task(self._read(), name="notifier: read events")
        return await asyncio.shield(self._asked[event_id])

    async def _read(self) -> None:
        while self._asked:
            waiting = {key: self._asked[key] for key in list(self._asked)[:_READ_AT_A_TIME]}
            try:
                cursor = self._store.collection("event").find({"_id": {"$in": list(waiting)}})
                found = {event["_id"]: event async for event in cursor}
            except Exception as error:  # noqa: BLE001 - whoever waits must hear of it, whatever it is
                _answer(waiting, error)
            else:
                _answer(waiting, found)
            for key in waiting:
                del self._asked[key]


def _answer(waiting: dict[str, asyncio.Future[Document | None]], found: dict[str, Document] | Exception) -> None:
    for key, future in waiting.items():
        if future.done():
            continue
        if isinstance(found, Exception):
            future.set_exception(found)
            future.exception()  # nobody may be waiting any more; that is no fault
        else:
            future.set_result(found.get(key))
