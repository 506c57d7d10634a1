"""Deliveries and events as people look at them and set them right."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.clock import Clock
from models.domain.caller import Caller
from models.domain.delivery import DEAD, DELIVERED, PENDING
from models.domain.errors import Conflict, NotFound
from models.domain.signatures import new_secret
from models.domain.subscriptions import ACTIVE
from models.store import Store

Document = dict[str, Any]

FORMER_SECRET_SECONDS = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list, newest first.

    Attributes:
        limit: so many at most.
        before: continue after the last one seen: older than this.
    """

    limit: int = 100
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Which deliveries: every attribute that is given has to fit."""

    subscription: str | None = None
    state: str | None = None
    event: str | None = None
    lane: str | None = None
    type: str | None = None


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events: every attribute that is given has to fit."""

    api: str | None = None
    type: str | None = None
    resource: str | None = None
    correlation: str | None = None


@dataclass(frozen=True, slots=True)
class Replay:
    """What of a subscription is delivered once more.

    Attributes:
        since: only what was queued since then.
        dead_only: only dead letters; otherwise delivered ones, too.
    """

    since: datetime | None = None
    dead_only: bool = True


async def list_deliveries(store: Store, caller: Caller, wanted: DeliveryFilter, page: Page) -> list[Document]:
    """Deliveries to this tenant's subscriptions."""
    query = _given(wanted, ("subscription", "state", "event", "lane", "type"))
    return await _newest_first(store, "delivery", caller, query, page)


async def retrieve_delivery(store: Store, caller: Caller, key: str) -> Document:
    """One delivery.

    Raises:
        NotFound: there is none.
    """
    return await _retrieve(store, "delivery", caller, key, "delivery")


async def list_events(store: Store, caller: Caller, wanted: EventFilter, page: Page) -> list[Document]:
    """Events of this tenant's resources."""
    query = _given(wanted, ("api", "type", "correlation"))
    if wanted.resource is not None:
        query["resource.id"] = wanted.resource
    return await _newest_first(store, "event", caller, query, page)


async def retrieve_event(store: Store, caller: Caller, key: str) -> Document:
    """One event.

    Raises:
        NotFound: there is none.
    """
    return await _retrieve(store, "event", caller, key, "event")


async def order_events(store: Store, caller: Caller, order: str, after_seq: int, limit: int = 100) -> list[Document]:
    """An order's own events after the one with this number, in their order: what a resumable stream sends next."""
    query = {"resource.id": order, "tenant": caller.tenant, "seq": {"$gt": after_seq}}
    return await store.collection("event").find(query).sort("seq", 1).limit(limit).to_list()


async def replay_delivery(store: Store, clock: Clock, caller: Caller, key: str) -> Document:
    """Deliver once more, with the same event id: at once, and before what is pending for the same resource.

    Raises:
        NotFound: there is no such delivery.
        Conflict: it is pending anyway, or its subscription is not active.
    """
    found = await retrieve_delivery(store, caller, key)
    await _require_active(store, caller, found["subscription"])
    guard = {"_id": key, "tenant": caller.tenant, "state": {"$in": [DEAD, DELIVERED]}}
    if not await store.update("delivery", guard, _pending_again(clock.now())):
        raise Conflict("The delivery is pending already; it is attempted as soon as it is due.")
    return await retrieve_delivery(store, caller, key)


async def replay_subscription(store: Store, clock: Clock, caller: Caller, subscription: str, what: Replay) -> int:
    """Deliver once more what a subscription missed, or all that it was ever sent, in order per resource.

    Args:
        store: the store.
        clock: the time.
        caller: who asks.
        subscription: its id.
        what: which of its deliveries.

    Returns:
        How many deliveries are pending again.

    Raises:
        NotFound: there is no such subscription.
        Conflict: it is not active.
    """
    await _require_active(store, caller, subscription)
    states = [DEAD] if what.dead_only else [DEAD, DELIVERED]
    query: Document = {"subscription": subscription, "tenant": caller.tenant, "state": {"$in": states}}
    if what.since is not None:
        query["created"] = {"$gte": what.since}
    result = await store.collection("delivery").update_many(query, _pending_again(clock.now()))
    return result.modified_count


async def rotate_secret(
    store: Store, clock: Clock, caller: Caller, subscription: str, *, secret: str | None = None
) -> str:
    """Sign with a new secret. For a day the former one signs, too, so that the subscriber can change over in peace.

    Returns:
        The new secret: the one given, or a fresh one.

    Raises:
        NotFound: there is no such subscription.
        Conflict: somebody else changed it at the same moment.
    """
    found = await _retrieve(store, "subscription", caller, subscription, "subscription")
    made = secret or new_secret()
    change: Document = {"$set": {"secret": made}, "$inc": {"rev": 1}}
    if found.get("secret"):
        until = clock.after(FORMER_SECRET_SECONDS)
        change["$set"]["former"] = {"secret": found["secret"], "until": until}
    guard = {"_id": subscription, "tenant": caller.tenant, "secret": found.get("secret")}
    if not await store.update("subscription", guard, change):
        raise Conflict("The subscription was changed by somebody else at the same moment; please repeat.")
    return made


async def remove_subscription(store: Store, caller: Caller, subscription: str) -> None:
    """End a registration at its owner's wish; what it has not received is dropped.

    Raises:
        NotFound: there is no such subscription.
    """
    await _retrieve(store, "subscription", caller, subscription, "subscription")
    await store.delete("subscription", {"_id": subscription, "tenant": caller.tenant})
    await store.collection("delivery").delete_many({"subscription": subscription, "due": {"$exists": True}})


async def _require_active(store: Store, caller: Caller, subscription: str) -> None:
    found = await _retrieve(store, "subscription", caller, subscription, "subscription")
    if found["state"] != ACTIVE:
        raise Conflict(f"The subscription has ended: {found.get('endedReason')}")


def _pending_again(now: datetime) -> Document:
    return {"$set": {"state": PENDING, "attempts": 0, "due": now, "replayed": now}}


def _given(wanted: DeliveryFilter | EventFilter, names: tuple[str, ...]) -> Document:
    return {name: value for name in names if (value := getattr(wanted, name)) is not None}


async def _newest_first(store: Store, name: str, caller: Caller, query: Document, page: Page) -> list[Document]:
    query["tenant"] = caller.tenant
    if page.before is not None:
        query["created"] = {"$lt": page.before}
    cursor = store.collection(name).find(query, {"wt": 0}).sort([("created", -1), ("_id", -1)])
    return await cursor.limit(page.limit).to_list()


async def _retrieve(store: Store, name: str, caller: Caller, key: str, words: str) -> Document:
    found = await store.get(name, key, tenant=caller.tenant)
    if found is None:
        raise NotFound(f"There is no {words} {key}.")
    return found
