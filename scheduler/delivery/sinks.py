"""Deliveries to configuration sinks that are inventories: each instance is made there once, then kept as it is here.

Whatever a delivery was queued for, the inventory is told what the instance is by now: so a delivery that comes late, or
is replayed, never brings back what was.
"""

from typing import Any

from models.domain.delivery import Answer, Answered, Inventories
from models.domain.sides import shown
from models.domain.sinks import RESOURCES, Sink, instance
from models.domain.subscriptions import Subscription
from models.sinks import INSTANCES
from models.store import Store
from models.wire.bodies import written
from models.wire.versions import table_of

Document = dict[str, Any]


class SinkCalls:
    """Makes the calls, and remembers what each instance is called there.

    The name is written down after the call: a crash in between finds the instance there by the mark that it bears.
    """

    def __init__(self, store: Store, inventories: Inventories, seconds: float) -> None:
        """Call within so many seconds each."""
        self._store = store
        self._inventories = inventories
        self._seconds = seconds

    async def send(self, subscription: Subscription, sink: Sink, row: Document) -> Answer:
        """Have the sink say what the instance of a delivery is by now.

        Raises:
            Unavailable: the database cannot be reached; the delivery is repeated.
        """
        ours, name = row["lane"], RESOURCES[sink.kind]
        stored = await self._store.get(name, ours, tenant=subscription.tenant)
        key = f"{subscription.id}:{ours}"
        known = await self._store.get(INSTANCES, key)
        theirs = known["theirs"] if known is not None and known.get("address", sink.address) == sink.address else None
        body = None if stored is None else _told(sink, name, stored)
        once = f"{subscription.id}:{row['event']}"
        answer, called = await self._inventories.put(sink, ours, theirs, body, once, self._seconds)
        if isinstance(answer, Answered) and answer.status < 300:
            await self._remember(key, subscription, sink, theirs, called if stored is not None else None)
        return answer

    async def _remember(
        self, key: str, subscription: Subscription, sink: Sink, before: str | None, now: str | None
    ) -> None:
        if now is None:
            await self._store.delete(INSTANCES, {"_id": key})
        elif now != before:
            fields = {"tenant": subscription.tenant, "sink": subscription.id, "theirs": now, "address": sink.address}
            await self._store.upsert(INSTANCES, {"_id": key}, {"$set": fields})


def _told(sink: Sink, name: str, stored: Document) -> Document:
    """The instance as the inventory's API writes it."""
    body = shown(stored) if name == "service" else stored["body"]
    return instance(sink.kind, written(table_of(name, "v4"), body))
