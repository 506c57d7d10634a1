"""What the notifier asks of the deliveries, and what it writes to them.

A lane is the deliveries of one resource to one subscription. `due` stands on a delivery as long as it is pending, so
that the indexes of what is to be done stay as small as what is to be done. Nothing here ever reads a whole backlog.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from models.domain.delivery import DEAD, PENDING
from models.domain.subscriptions import ACTIVE, ENDED
from models.order_callbacks import FIELD, order_of
from models.store import Store

Document = dict[str, Any]

COLLECTION = "delivery"


def queued(event: Document, subscription: str, told_as: str, due: datetime, now: datetime) -> Document:
    """A delivery of this event to this subscription, which knows it by this type, not attempted yet."""
    return {
        "_id": f"{event['_id']}:{subscription}",
        "tenant": event["tenant"],
        "subscription": subscription,
        "event": event["_id"],
        "type": told_as,
        "lane": event["resource"]["id"],
        "seq": event["seq"],
        "state": PENDING,
        "attempts": 0,
        "due": due,
        "created": now,
    }


async def due_subscriptions(store: Store, now: datetime) -> list[str]:
    """The subscriptions for which something is due; the index is skipped through, whatever the backlog."""
    wanted = {"subscription": {"$gt": ""}, "due": {"$lte": now}}
    return [str(found) for found in await store.collection(COLLECTION).distinct("subscription", wanted)]


async def due_lanes(store: Store, subscription: str, now: datetime, without: Collection[str], limit: int) -> list[str]:
    """Lanes in which something is due, longest due first: at most `limit`, and none of those named."""
    wanted = {"subscription": subscription, "due": {"$lte": now}, "lane": {"$nin": list(without)}}
    cursor = store.collection(COLLECTION).find(wanted, {"_id": 0, "lane": 1}).sort("due", 1).limit(4 * limit)
    lanes = dict.fromkeys([found["lane"] async for found in cursor])
    return list(lanes)[:limit]


async def lane_rows(store: Store, subscription: str, lanes: Sequence[str], limit: int) -> dict[str, list[Document]]:
    """The pending deliveries of these lanes, in the order of the events; of the last lane perhaps not all."""
    wanted = {"subscription": subscription, "lane": {"$in": list(lanes)}, "due": {"$exists": True}}
    found: dict[str, list[Document]] = {}
    async for row in store.collection(COLLECTION).find(wanted).sort([("lane", 1), ("seq", 1)]).limit(limit):
        found.setdefault(row["lane"], []).append(row)
    return {lane: found[lane] for lane in lanes if lane in found}


async def postpone(store: Store, subscription: str, lane: str, until: datetime) -> None:
    """Let a lane wait for its head."""
    wanted = {"subscription": subscription, "lane": lane, "due": {"$lt": until}}
    await store.collection(COLLECTION).update_many(wanted, {"$set": {"due": until}})


async def next_due(store: Store, subscription: str) -> datetime | None:
    """When something is due next; perhaps in the past; None when nothing is pending."""
    wanted = {"subscription": subscription, "due": {"$exists": True}}
    async for row in store.collection(COLLECTION).find(wanted, {"_id": 0, "due": 1}).sort("due", 1).limit(1):
        due: datetime = row["due"]
        return due
    return None


async def record(store: Store, row: Document, state: str, last: Document, due: datetime | None = None) -> bool:
    """Write down what an attempt came to.

    Returns:
        Whether the delivery still was as the attempt found it; if not, somebody else has dealt with it.

    Raises:
        Unavailable: the database cannot be reached; the attempt may be made again.
    """
    guard = {"_id": row["_id"], "state": PENDING, "attempts": row["attempts"]}
    change: Document = {"$set": {"state": state, "last": last}, "$inc": {"attempts": 1}}
    if due is not None:
        change["$set"]["due"] = due
    else:
        change["$unset"] = {"due": ""}
    return await store.update(COLLECTION, guard, change)


async def end_subscription(store: Store, subscription: str, reason: str, now: datetime) -> None:
    """The subscription is over; what it has not received is dead, and can be looked at."""
    order = order_of(subscription)
    if order is None:
        change = {"$set": {"state": ENDED, "endedReason": reason, "endedAt": now}, "$inc": {"rev": 1}}
        await store.update("subscription", {"_id": subscription, "state": ACTIVE}, change)
    else:
        ended = {f"{FIELD}.state": ENDED, f"{FIELD}.endedReason": reason, f"{FIELD}.endedAt": now}
        await store.update("serviceOrder", {"_id": order, f"{FIELD}.state": ACTIVE}, {"$set": ended})
    await bury(store, subscription, reason, now)


async def registration(store: Store, subscription: str, tenant: str | None = None) -> Document | None:
    """What was registered at a hub, or with an order, under this id: at least its `state`; None where nothing was.

    Raises:
        Unavailable: the database cannot be reached.
    """
    order = order_of(subscription)
    if order is None:
        return await store.get("subscription", subscription, tenant=tenant)
    document = await store.get("serviceOrder", order, tenant=tenant)
    found: Document | None = (document or {}).get(FIELD)
    return found


async def bury(store: Store, subscription: str, reason: str, now: datetime) -> None:
    """Everything that is pending for this subscription is dead."""
    last = {"at": now, "status": None, "error": reason, "ms": None}
    wanted = {"subscription": subscription, "due": {"$exists": True}}
    change = {"$set": {"state": DEAD, "last": last}, "$unset": {"due": ""}}
    await store.collection(COLLECTION).update_many(wanted, change)


async def clear_away(store: Store, subscription: str, now: datetime) -> None:
    """Deal with what is pending for a subscription that is not active: a relay may have read it just before its end."""
    stored = await registration(store, subscription)
    if stored is None:
        wanted = {"subscription": subscription, "due": {"$exists": True}}
        await store.collection(COLLECTION).delete_many(wanted)
    elif stored["state"] != ACTIVE:
        await bury(store, subscription, stored.get("endedReason") or "The subscription has ended.", now)
