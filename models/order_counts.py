"""What is counted for policies that say they need it: how much the parties of an order have already."""

from collections.abc import Mapping, Sequence
from typing import Any

from models.domain.lifecycles import SERVICE_ORDER
from models.domain.policies import party_ids
from models.reading import reading
from models.store import Store

Document = dict[str, Any]

MOST = 10_000
"""Counted so far; what is more counts as so many."""


async def counts(store: Store, order: Mapping[str, Any], wanted: Sequence[str]) -> Document:
    """Count what is wanted, of `decision_points.COUNTS`, for the parties of a stored order.

    Orders that were placed before it count, and not itself: of many placed at once, each counts those before it, so
    that a quota holds whichever is decided first.

    Raises:
        Unavailable: the database cannot be reached.
    """
    if not wanted:
        return {}
    parties = party_ids(order["body"])
    return {name: await _count(store, order, name, parties) if parties else 0 for name in wanted}


async def _count(store: Store, order: Mapping[str, Any], name: str, parties: Sequence[str]) -> int:
    where: Document = {"tenant": order["tenant"], "body.relatedParty.id": {"$in": list(parties)}}
    if name == "openOrders":
        where["body.state"] = {"$nin": sorted(SERVICE_ORDER.final)}
        created = order["created"]
        where["$or"] = [{"created": {"$lt": created}}, {"created": created, "_id": {"$lt": order["_id"]}}]
        collection = "serviceOrder"
    else:
        where["body.state"] = {"$ne": "terminated"}
        collection = "service"
    with reading():
        return await store.collection(collection).count_documents(where, limit=MOST)
