"""Fallout in the store: task documents in state `held`, found by what they have in common."""

from collections.abc import Callable, Mapping
from typing import Any

from models.domain.fallout import DEFAULT_QUEUE
from models.reading import reading
from models.store import Store

Document = dict[str, Any]

COLLECTION = "task"

_CONDITIONS: Mapping[str, Callable[[Any], Document]] = {
    "code": lambda value: {"fallout.code": value},
    "fulfiller": lambda value: {"fallout.fulfiller": value},
    "specification": lambda value: {"$or": [{"fallout.specification": value}, {"fallout.specificationName": value}]},
    "cause": lambda value: {"fallout.cause": value},
    "queue": lambda value: {"care.queue": {"$in": [value, None]} if value == DEFAULT_QUEUE else value},
    "assignee": lambda value: {"care.assignee": value},
    "order": lambda value: {"order": value},
    "since": lambda value: {"fallout.since": {"$gte": value}},
    "ids": lambda value: {"_id": {"$in": list(value)}},
}
CONDITIONS = tuple(_CONDITIONS)


def condition(name: str, value: Any) -> Document:
    """What one filter asks of a task document. `since` takes a moment, `ids` a list, all others a text."""
    return _CONDITIONS[name](value)


def held(tenant: str, wanted: Mapping[str, Any]) -> Document:
    """The query for the fallout that all these filters let through."""
    query: Document = {"tenant": tenant, "state": "held"}
    for name, value in wanted.items():
        query.update(condition(name, value))
    return query


async def groups(store: Store, query: Document, seconds: float) -> list[Document]:
    """The fallout that a query finds, by cause, the largest group first.

    Returns:
        For each {_id: cause, code, reason, fulfiller, specification, specificationName, count, orders, oldest, newest,
        example: id of the oldest task, operation, action}.

    Raises:
        QueryTooExpensive: it would take too long.
        Unavailable: the database cannot be reached.
    """
    first = ("code", "reason", "fulfiller", "specification", "specificationName")
    by_order: Document = {"_id": {"cause": "$fallout.cause", "order": "$order"}, "count": {"$sum": 1}}
    of_group: Document = {"_id": "$_id.cause", "count": {"$sum": "$count"}, "orders": {"$sum": 1}}
    for name in first:
        by_order[name] = {"$first": f"$fallout.{name}"}
        of_group[name] = {"$first": f"${name}"}
    for name in ("example", "operation", "action"):
        by_order[name] = {"$first": "$_id" if name == "example" else f"${name}"}
        of_group[name] = {"$first": f"${name}"}
    by_order |= {"oldest": {"$min": "$fallout.since"}, "newest": {"$max": "$fallout.since"}}
    of_group |= {"oldest": {"$min": "$oldest"}, "newest": {"$max": "$newest"}}
    pipeline: list[Document] = [
        {"$match": query},
        {"$sort": {"fallout.since": 1, "_id": 1}},
        {"$group": by_order},
        {"$sort": {"oldest": 1, "example": 1}},
        {"$group": of_group},
        {"$sort": {"count": -1, "oldest": 1, "_id": 1}},
    ]
    with reading():
        cursor = await store.collection(COLLECTION).aggregate(
            pipeline, maxTimeMS=int(seconds * 1000), allowDiskUse=True
        )
        return await cursor.to_list()
