"""Deliveries to configuration sinks that are inventories: each instance is made there once, then kept as it is here."""

from typing import Any

from models.domain.delivery import Answer, Answered, Forbidden, Inventories
from models.domain.sinks import Sink, instance
from models.domain.subscriptions import Subscription
from models.store import Store

Document = dict[str, Any]

COLLECTION = "sinkInstance"


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
        event = await self._store.get("event", row["event"])
        if event is None:
            return Forbidden("The event is not kept any more.")
        ours: str = event["resource"]["id"]
        key = f"{subscription.id}:{ours}"
        known = await self._store.get(COLLECTION, key)
        theirs = known["theirs"] if known is not None else None
        gone = event["type"].endswith("DeleteEvent")
        body = None if gone else instance(sink.kind, event["body"])
        once = f"{subscription.id}:{row['event']}"
        answer, called = await self._inventories.put(sink, ours, theirs, body, once, self._seconds)
        if isinstance(answer, Answered) and answer.status < 300:
            await self._remember(key, subscription, theirs, called, gone=gone)
        return answer

    async def _remember(
        self, key: str, subscription: Subscription, before: str | None, now: str | None, *, gone: bool
    ) -> None:
        if gone:
            await self._store.delete(COLLECTION, {"_id": key})
        elif now is not None and now != before:
            fields = {"tenant": subscription.tenant, "sink": subscription.id, "theirs": now}
            await self._store.upsert(COLLECTION, {"_id": key}, {"$set": fields})
