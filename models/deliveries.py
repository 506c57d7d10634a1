"""Deliveries and events as people look at them and set them right."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from models.clock import Clock
from models.delivery_queue import end_subscription, registration
from models.domain.caller import Caller
from models.domain.delivery import DEAD, DELIVERED, PENDING
from models.domain.errors import Conflict, NotFound
from models.domain.signatures import new_secret
from models.domain.subscriptions import ACTIVE
from models.sealing import Sealer
from models.signing_secrets import place_of
from models.store import Store

Document = dict[str, Any]

FORMER_SECRET_SECONDS = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Replay:
    """What of a subscription is delivered once more.

    Attributes:
        since: only what was queued since then.
        dead_only: only dead letters; otherwise delivered ones, too, for a subscriber that has lost its data.
    """

    since: datetime | None = None
    dead_only: bool = True


async def retrieve_delivery(store: Store, caller: Caller, key: str) -> Document:
    """One delivery.

    Raises:
        NotFound: there is none.
    """
    return await _retrieve(store, "delivery", caller, key, "delivery")


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


async def backlogs(store: Store, caller: Caller, subscriptions: Sequence[str]) -> dict[tuple[str, str], int]:
    """How many deliveries are pending and dead, by subscription and state.

    Two counts, each over an index of just these: one over both states would go through all that was ever delivered.
    """
    of = {"subscription": {"$in": list(subscriptions)}}
    grouped = {"$group": {"_id": "$subscription", "count": {"$sum": 1}}}
    found = {}
    for state, index in ((PENDING, {"due": {"$exists": True}}), (DEAD, {"state": DEAD})):
        pipeline: list[Document] = [{"$match": {**of, **index, "tenant": caller.tenant}}, grouped]
        async for row in await store.collection("delivery").aggregate(pipeline):
            found[row["_id"], state] = row["count"]
    return found


async def replay_delivery(store: Store, clock: Clock, caller: Caller, key: str) -> Document:
    """Deliver once more, with the same event id, at once; what still waits, and what it waits for, is tried at once.

    Raises:
        NotFound: there is no such delivery.
        Conflict: its subscription is not active.
    """
    found = await retrieve_delivery(store, caller, key)
    await _require_active(store, caller, found["subscription"])
    now = clock.now()
    guard = {"_id": key, "tenant": caller.tenant, "state": {"$in": [DEAD, DELIVERED]}}
    if not await store.update("delivery", guard, _pending_again(now)):
        lane = {name: found[name] for name in ("subscription", "lane")}
        waiting = {**lane, "due": {"$gt": now}, "seq": {"$lte": found["seq"]}}
        await store.collection("delivery").update_many(waiting, {"$set": {"due": now}})
    return await retrieve_delivery(store, caller, key)


async def replay_subscription(store: Store, clock: Clock, caller: Caller, subscription: str, what: Replay) -> int:
    """Deliver once more what a subscription missed, or what it was sent, in order per resource.

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
    query: Document = {"subscription": subscription, "tenant": caller.tenant}
    query["state"] = DEAD if what.dead_only else {"$in": [DEAD, DELIVERED]}
    if what.since is not None:
        query["created"] = {"$gte": what.since}
    result = await store.collection("delivery").update_many(query, _pending_again(clock.now()))
    return result.modified_count


async def rotate_secret(store: Store, clock: Clock, sealer: Sealer, caller: Caller, subscription: str) -> str:
    """Sign with a new secret. For a day the former one signs, too, so that the subscriber can change over in peace.

    Returns:
        The new secret.

    Raises:
        NoSecretKey: there is no key to keep it with.
        NotFound: there is no such subscription.
        Conflict: somebody else changed it at the same moment.
    """
    found = await _retrieve(store, "subscription", caller, subscription, "subscription")
    made, place = new_secret(), place_of(subscription)
    change: Document = {"$set": {"secret": sealer.seal_text(made, place)}, "$inc": {"rev": 1}}
    former = found.get("secret")
    if former:
        sealed = sealer.seal_text(former, place) if isinstance(former, str) else former
        change["$set"]["former"] = {"secret": sealed, "until": clock.after(FORMER_SECRET_SECONDS)}
    guard = {"_id": subscription, "tenant": caller.tenant, "secret": found.get("secret")}
    if not await store.update("subscription", guard, change):
        raise Conflict("The subscription was changed by somebody else at the same moment; please repeat.")
    return made


async def remove_subscription(store: Store, caller: Caller, subscription: str) -> None:
    """End a registration at its owner's wish; nothing more is sent.

    Raises:
        NotFound: there is no such subscription, or it has ended already.
    """
    found = await _retrieve(store, "subscription", caller, subscription, "subscription")
    if found["state"] != ACTIVE:
        raise NotFound(f"There is no subscription {subscription}.")
    await end_subscription(store, subscription, "The subscriber unsubscribed.", datetime.now(UTC))


async def _require_active(store: Store, caller: Caller, subscription: str) -> None:
    found = await registration(store, subscription, caller.tenant)
    if found is None:
        raise NotFound(f"There is no listener {subscription}.")
    if found["state"] != ACTIVE:
        raise Conflict(f"The listener has ended: {found.get('endedReason')}")


def _pending_again(now: datetime) -> Document:
    return {"$set": {"state": PENDING, "attempts": 0, "due": now, "replayed": now}}


async def _retrieve(store: Store, name: str, caller: Caller, key: str, words: str) -> Document:
    found = await store.get(name, key, tenant=caller.tenant)
    if found is None:
        raise NotFound(f"There is no {words} {key}.")
    return found
