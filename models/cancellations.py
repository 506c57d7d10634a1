"""Cancellation requests that come from within: a person gives up what is fallout, a change request is withdrawn."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from models import outbox
from models.clock import Clock
from models.domain.errors import AlreadyExists
from models.domain.events import event_type
from models.domain.ids import derived_id
from models.domain.lifecycles import CANCEL_SERVICE_ORDER
from models.reading import reading
from models.store import Store

Document = dict[str, Any]

COLLECTION = "cancelServiceOrder"
OPEN = ("acknowledged", "inProgress")
_LOWEST_PRIORITY = 4


async def ask_to_cancel(store: Store, clock: Clock, order: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """Ask for the cancellation of an order as a client would, unless one is under way already.

    Args:
        store: where.
        clock: tells when.
        order: the order's body.
        wanted: {id, who, why}; asked twice with one id, it is asked once.

    Returns:
        The id of the cancellation that this one asks for; there is none where another one was under way.

    Raises:
        Unavailable: the database cannot be reached; safe to repeat.
    """
    key = derived_id(COLLECTION, wanted["id"])
    stored = await store.get("serviceOrder", order["id"])
    if stored is None:
        return key
    with reading():
        under_way = {"order": order["id"], "body.state": {"$in": list(OPEN)}}
        if await store.collection(COLLECTION).find_one(under_way, {"_id": 1}) is not None:
            return key
    now = clock.now()
    body: Document = {"id": key, "@type": "CancelServiceOrder", "state": "acknowledged"}
    if wanted.get("why"):
        body["cancellationReason"] = wanted["why"]
    body["serviceOrder"] = {"id": order["id"], "@referredType": "ServiceOrder"}
    document: Document = {"_id": key, "tenant": stored["tenant"], "body": body, "order": order["id"], "fence": 0}
    document |= {"due": now, "priority": stored.get("priority", _LOWEST_PRIORITY)}
    owed = outbox.stub(event_type(COLLECTION, "Create"), state="acknowledged", who=wanted["who"], why=wanted.get("why"))
    with suppress(AlreadyExists):
        await store.insert(COLLECTION, outbox.first(document, [owed], now))
    return key


def denial_of(cancellation: Mapping[str, Any]) -> str | None:
    """Why a cancellation (its body) has come to nothing; None where it has not, or is still under way."""
    if cancellation["state"] not in CANCEL_SERVICE_ORDER.final or "effectiveCancellationDate" in cancellation:
        return None
    return str(cancellation.get("completionMessage") or f"The cancellation is {cancellation['state']}.")
