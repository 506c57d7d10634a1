"""How long deliveries and events are kept, and their removal."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from models.clock import Clock
from models.domain.delivery import DEAD, DELIVERED, PENDING
from models.domain.lifecycles import RECIPE_MESSAGE
from models.domain.subscriptions import ENDED
from models.plan_removal import remove_ended_processes
from models.resolutions import DONE, STOPPED
from models.store import Store

Document = dict[str, Any]

PIECE = 1_000


@dataclass(frozen=True, slots=True)
class Retention:
    """How long things are kept, in days.

    Attributes:
        delivered: deliveries that reached their subscriber.
        dead: dead letters, deliveries still pending for a subscriber that has been silent for so long, and
            subscriptions that have ended.
        events: events, where no kept delivery may still need them, bulk resolutions that have ended, and messages to
            runs of recipes that have come to an end.
        processes: process flows that have ended, with their task flows, and decisions of policies.
    """

    delivered: float = 30
    dead: float = 90
    events: float = 30
    processes: float = 90


async def remove_old(store: Store, clock: Clock, retention: Retention) -> dict[str, int]:
    """Remove what has been kept long enough, piece by piece. Run by one process at a time, daily.

    Returns:
        How many deliveries, events, subscriptions, bulk resolutions, process flows, decisions and messages were
        removed.
    """
    now = clock.now()
    removed = {"deliveries": 0, "events": 0, "subscriptions": 0, "resolutions": 0, "processes": 0, "decisions": 0}
    removed["messages"] = 0
    for tenant in await store.collection("event").distinct("tenant"):
        removed["processes"] += await _remove_processes(store, clock, tenant, now - timedelta(days=retention.processes))
        query = {"tenant": tenant, "created": {"$lt": now - timedelta(days=retention.processes)}}
        removed["decisions"] += (await store.collection("policyDecision").delete_many(query)).deleted_count
        ends = {
            DELIVERED: now - timedelta(days=retention.delivered),
            DEAD: now - timedelta(days=retention.dead),
            PENDING: now - timedelta(days=retention.dead),
        }
        for state, end in ends.items():
            query = {"tenant": tenant, "created": {"$lt": end}, "state": state}
            removed["deliveries"] += await _remove_deliveries(store, query)
        query = {"tenant": tenant, "state": ENDED, "endedAt": {"$lt": ends[DEAD]}}
        removed["subscriptions"] += (await store.collection("subscription").delete_many(query)).deleted_count
        query = {
            "tenant": tenant,
            "state": {"$in": [DONE, STOPPED]},
            "updated": {"$lt": now - timedelta(days=retention.events)},
        }
        removed["resolutions"] += (await store.collection("falloutResolution").delete_many(query)).deleted_count
        query = {
            "tenant": tenant,
            "state": {"$in": sorted(RECIPE_MESSAGE.final)},
            "created": {"$lt": now - timedelta(days=retention.events)},
        }
        removed["messages"] += (await store.collection("recipeMessage").delete_many(query)).deleted_count
        removed["events"] += await _remove_events(store, tenant, now - timedelta(days=retention.events))
    return removed


async def _remove_processes(store: Store, clock: Clock, tenant: str, before: datetime) -> int:
    removed = 0
    while some := await remove_ended_processes(store, clock, {"tenant": tenant, "ended": {"$lt": before}}):
        removed += some
    return removed


async def _remove_deliveries(store: Store, query: Document) -> int:
    removed = 0
    deliveries = store.collection("delivery")
    while found := await deliveries.find(query, {"_id": 1}).limit(PIECE).to_list():
        result = await deliveries.delete_many({"_id": {"$in": [one["_id"] for one in found]}, **query})
        removed += result.deleted_count
    return removed


async def _remove_events(store: Store, tenant: str, before: datetime) -> int:
    """Oldest first; an event is needed as long as one of its deliveries can still be attempted or replayed."""
    removed = 0
    query: Document = {"tenant": tenant, "created": {"$lt": before}}
    while True:
        cursor = store.collection("event").find(query, {"created": 1}).sort([("created", 1), ("_id", 1)])
        found = await cursor.limit(PIECE).to_list()
        if not found:
            return removed
        keys = [event["_id"] for event in found]
        still = {"event": {"$in": keys}, "state": {"$in": [DEAD, PENDING]}}
        needed = set(await store.collection("delivery").distinct("event", still))
        result = await store.collection("event").delete_many({"_id": {"$in": [k for k in keys if k not in needed]}})
        removed += result.deleted_count
        last = found[-1]
        after = [{"created": {"$gt": last["created"]}}, {"created": last["created"], "_id": {"$gt": last["_id"]}}]
        query = {"tenant": tenant, "created": {"$gte": last["created"], "$lt": before}, "$or": after}
