"""Removing what belongs to an order that is removed."""

import asyncio

from pymongo.errors import PyMongoError

from models.domain.errors import Unavailable
from models.store import Store


async def clear_plan(store: Store, plan_id: str) -> None:
    """Remove a plan that has ended, with its definition and its tasks. Repeating it does no harm.

    Raises:
        Unavailable: the database cannot be reached.
    """
    try:
        tasks = await store.collection("task").find({"plan": plan_id}, {"_id": 1}).to_list()
    except PyMongoError as error:
        raise Unavailable from error
    await asyncio.gather(*(store.delete("task", {"_id": task["_id"]}) for task in tasks))
    await asyncio.gather(store.delete("planDefinition", {"_id": plan_id}), store.delete("plan", {"_id": plan_id}))
