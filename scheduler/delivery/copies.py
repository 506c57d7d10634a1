"""The whole inventory on its way to a sink, in bounded slices.

A slice queues deliveries, whose ids follow from sink, copy and instance, and then moves the cursor on: whoever dies in
between leaves what the next one queues again, which changes nothing. No more is queued while many deliveries of the
sink wait, so that a slow sink, or one that is away, piles nothing up. What changes meanwhile is told of by its own
event; a delivery of a copy tells what the instance is when it is sent, so that the two may pass each other.
"""

from collections.abc import Mapping
from typing import Any

from models.clock import Clock
from models.delivery_queue import queued
from models.domain.events import event_document
from models.domain.service_change import BUILT
from models.domain.sinks import REAL, copy_stub
from models.domain.subscriptions import ACTIVE, Subscription
from models.leases import Lease, Leases
from models.owed import insert_in_order
from models.sinks import APIS, COLLECTION, COPIED, COPYING
from models.store import Store
from models.wire.events import render
from scheduler.delivery.audience import Audience
from scheduler.delivery.settings import DeliverySettings

Document = dict[str, Any]

LEASE = "copies to sinks"
BETWEEN = 0.05
"""Seconds between two slices."""


class Copies:
    """Copies the inventory to the sinks that wish for it; one process at a time does."""

    def __init__(  # noqa: PLR0913, PLR0917 - what the notifier works with
        self,
        store: Store,
        clock: Clock,
        audience: Audience,
        leases: Leases,
        settings: DeliverySettings,
        public_url: str,
    ) -> None:
        """Copy to this audience."""
        self._store = store
        self._clock = clock
        self._audience = audience
        self._leases = leases
        self._settings = settings
        self._public_url = public_url
        self._lease: Lease | None = None

    async def look(self) -> list[str]:
        """Queue the next slice for each sink that is being copied to; returns for which there is something new.

        Raises:
            PyMongoError, SomError: the database cannot be reached; the next look repeats it.
        """
        wanted = {"copy.state": COPYING, "state": ACTIVE}
        found = await self._store.collection(COLLECTION).find(wanted).to_list()
        if not found:
            await self._give_back()
            return []
        if self._lease is None or not self._leases.holds(self._lease):
            self._lease = await self._leases.take(LEASE)
        if self._lease is None:
            return []
        await self._audience.refresh()
        return [document["_id"] for document in found if await self._slice(document)]

    async def _give_back(self) -> None:
        lease, self._lease = self._lease, None
        if lease is not None:
            await self._leases.give_back(lease)

    async def _slice(self, document: Document) -> bool:
        """Queue one slice; returns False where that has to wait."""
        subscription, copy = self._audience.get(document["_id"]), document["copy"]
        if subscription is None or subscription.sink is None or subscription.mute:
            return False
        waiting = {"subscription": subscription.id, "due": {"$exists": True}}
        most = self._settings.copy_waiting
        if await self._store.collection("delivery").count_documents(waiting, limit=most) >= most:
            return False
        name = next(name for name, api in APIS.items() if api == subscription.api)
        where: Document = {"_id": {"$gt": copy["cursor"]}, "tenant": subscription.tenant}
        if name == "service":  # what has ended interests only a sink that may have it already
            where["body.state"] = {"$in": sorted(BUILT if copy["number"] == 1 else REAL)}
        found = await self._store.collection(name).find(where).sort("_id", 1).limit(self._settings.copy_batch).to_list()
        rows = [row for one in found if (row := self._row(subscription, copy, name, one)) is not None]
        await insert_in_order(self._store, "delivery", rows)
        await self._move_on(document, found, len(rows))
        return True

    def _row(self, subscription: Subscription, copy: Document, name: str, stored: Document) -> Document | None:
        """The delivery of one instance; None where the sink does not want it."""
        event = copied(subscription, copy["number"], name, stored, self._clock.text())
        if subscription.sink is None or not subscription.sink.concerns(event):
            return None
        if not subscription.interest.is_met_by(render(event, subscription.version, self._public_url)):
            return None
        now = self._clock.now()
        row = queued(event, subscription.id, subscription.told_as(event), now, now)
        return {**row, "copied": {"resource": name, "number": copy["number"]}}

    async def _move_on(self, document: Document, found: list[Document], queued_now: int) -> None:
        copy, now = document["copy"], self._clock.now()
        fields: Document = {"copy.cursor": found[-1]["_id"] if found else copy["cursor"]}
        if len(found) < self._settings.copy_batch:
            fields |= {"copy.state": COPIED, "copy.ended": now}
        guard = {"_id": document["_id"], "copy.number": copy["number"], "copy.cursor": copy["cursor"]}
        change = {"$set": fields, "$inc": {"copy.copied": queued_now}}
        await self._store.update(COLLECTION, {**guard, "copy.state": COPYING}, change)


def copied(subscription: Subscription, number: int, name: str, stored: Mapping[str, Any], at: str) -> Document:
    """The event by which a sink is told of an instance that is copied to it."""
    return event_document(name, stored, copy_stub(subscription.id, number, name, stored, at))
