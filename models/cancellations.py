"""Cancellation requests that come from within: a person who deals with fallout gives up the whole order."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from models import outbox
from models.clock import Clock
from models.domain.errors import AlreadyExists
from models.domain.events import event_type
from models.domain.ids import derived_id
from models.reading import reading
from models.store import Store

Document = dict[str, Any]

COLLECTION = "cancelServiceOrder"
OPEN = ("acknowledged", "inProgress")
_LOWEST_PRIORITY = 4


async def ask_to_cancel(store: Store, clock: Clock, order: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Ask for the cancellation of an order as a client would, unless one is under way already.

    Args:
        store: where.
        clock: tells when.
        order: the order's body.
        wanted: {id, who, why}; asked twice with one id, it is asked once.

    Raises:
        Unavailable: the database cannot be reached; safe to repeat.
    """
    stored = await store.get("serviceOrder", order["id"])
    if stored is None:
        return
    with reading():
        under_way = {"order": order["id"], "body.state": {"$in": list(OPEN)}}
        if await store.collection(COLLECTION).find_one(under_way, {"_id": 1}) is not None:
            return
    key, now = derived_id(COLLECTION, wanted["id"]), clock.now()
    body: Document = {"id": key, "@type": "CancelServiceOrder", "state": "acknowledged"}
    if wanted.get("why"):
        body["cancellationReason"] = wanted["why"]
    body["serviceOrder"] = {"id": order["id"], "@referredType": "ServiceOrder"}
    document: Document = {"_id": key, "tenant": stored["tenant"], "body": body, "order": order["id"], "fence": 0}
    document |= {"due": now, "priority": stored.get("priority", _LOWEST_PRIORITY)}
    owed = outbox.stub(event_type(COLLECTION, "Create"), state="acknowledged", who=wanted["who"], why=wanted.get("why"))
    with suppress(AlreadyExists):
        await store.insert(COLLECTION, outbox.first(document, [owed], now))
