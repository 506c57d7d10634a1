"""The relay: turns what resources owe into events and deliveries.

Order of a resource's events: its outbox is relayed from the front, and everything of a stub is in the database before
anything of the next one. Two relays on one resource, or one that died half-way, make the same documents again under the
same ids, which changes nothing.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import structlog
from pymongo.errors import BulkWriteError

from models import owed, propagations
from models.clock import Clock, parse
from models.delivery_queue import queued
from models.domain.events import event_document
from models.process_flow_specifications import as_specification
from models.recipe_versions import SPECIFICATION
from models.store import Store
from scheduler.delivery.audience import Audience
from scheduler.delivery.settings import DeliverySettings

Document = dict[str, Any]

_ORDERS = "serviceOrder"
MAX_REMEMBERED = 10_000
DEFERRED_SECONDS = 60.0

log = structlog.get_logger(__name__)


class Relay:
    """Relays what it is woken for at once, and sweeps for the rest."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        audience: Audience,
        settings: DeliverySettings,
        wake: Callable[[Iterable[str]], None],
    ) -> None:
        """Set up.

        Args:
            store: the store.
            clock: the time.
            audience: who is subscribed.
            settings: batch size.
            wake: is told the subscriptions that have something new.
        """
        self._store = store
        self._clock = clock
        self._audience = audience
        self._settings = settings
        self._wake = wake
        self._ids: dict[str, set[str]] = {name: set() for name in owed.COLLECTIONS}
        self._woken = asyncio.Event()

    def owed(self, collection: str, key: str) -> None:
        """This resource owes something. Cheap; whatever is too much to remember the sweep finds."""
        ids = self._ids.get(collection)
        if ids is not None and len(ids) < MAX_REMEMBERED:
            ids.add(key)
            self._woken.set()

    def wake(self) -> None:
        """Let `woken` return."""
        self._woken.set()

    async def woken(self) -> None:
        """Wait until there is something to relay."""
        await self._woken.wait()

    def forget(self) -> None:
        """Leave what was told to somebody else."""
        self._woken.clear()
        for ids in self._ids.values():
            ids.clear()

    async def relay_woken(self) -> None:
        """Relay what this process was told of.

        Raises:
            PyMongoError, SomError: the database cannot be reached; the sweep repeats it.
        """
        self._woken.clear()
        told = {name: list(ids) for name, ids in self._ids.items() if ids}
        for ids in self._ids.values():
            ids.clear()
        await asyncio.gather(*(self._relay_ids(name, ids) for name, ids in told.items()))

    async def sweep(self, older_than: float = 0.0) -> int:
        """Relay everything that is owed since so many seconds or longer.

        Returns:
            How many resources were relayed.
        """
        return sum(await asyncio.gather(*(self._sweep(name, older_than) for name in owed.COLLECTIONS)))

    async def _relay_ids(self, name: str, ids: list[str]) -> None:
        size = self._settings.relay_batch
        for start in range(0, len(ids), size):
            chunk = ids[start : start + size]
            await self._relay(name, await owed.read(self._store, name, self._clock.now(), size, chunk))

    async def _sweep(self, name: str, older_than: float) -> int:
        before = self._clock.now() - timedelta(seconds=older_than)
        relayed = 0
        while documents := await owed.read(self._store, name, before, self._settings.relay_batch):
            await self._relay(name, documents)
            relayed += len(documents)
        return relayed

    async def _relay(self, name: str, documents: list[Document]) -> None:
        """Relay a batch; if the batch is refused, each alone, so that one bad document holds up no other."""
        if not documents:
            return
        try:
            await self._relay_batch(name, documents)
        except (BulkWriteError, ValueError, LookupError, TypeError, AttributeError) as error:
            if isinstance(error, BulkWriteError) and error.details["writeConcernErrors"]:
                raise
            if len(documents) > 1:
                for document in documents:
                    await self._relay(name, [document])
                return
            log.exception("relay.refused", resource=name, id=documents[0]["_id"], error=type(error).__name__)
            await owed.defer(self._store, name, documents[0], self._clock.now(), DEFERRED_SECONDS)

    async def _relay_batch(self, name: str, documents: list[Document]) -> None:
        now = self._clock.now()
        events = [
            event_document(name, await _seen(document, stub), stub) | {"created": now}
            for document in documents
            for stub in document.get("outbox", ())
        ]
        await asyncio.gather(self._audience.catch_up(), owed.insert_in_order(self._store, "event", events))
        own = {one["_id"]: self._audience.own(one) for one in documents} if name == _ORDERS else {}
        if name == "service":
            orders = {stub["id"]: stub.get("order") for one in documents for stub in one.get("outbox", ())}
            await propagations.note(self._store, self._clock, [one | {"order": orders[one["_id"]]} for one in events])
        deliveries = [
            queued(event, subscription.id, subscription.told_as(event), parse(event["at"]), now)
            for event in events
            for subscription in self._audience.wanting(event, own.get(event["resource"]["id"]))
        ]
        await owed.insert_in_order(self._store, "delivery", deliveries)
        self._wake({delivery["subscription"] for delivery in deliveries})
        await owed.strike_off(self._store, name, documents)


async def _seen(document: Document, stub: Document) -> Document:
    """The resource as the event tells of it: as it stands, or in the view that the stub names."""
    return await as_specification(document) if stub.get("view") == SPECIFICATION else document
