"""Removing what belongs to an order that is removed."""

import asyncio

from pymongo.errors import PyMongoError

from models.clock import Clock
from models.domain.errors import Unavailable
from models.flow_changes import remove_of_plan
from models.store import Store


async def clear_plan(store: Store, clock: Clock, plan_id: str, who: str) -> None:
    """Remove a plan that has ended, with its definition, its tasks and its task flows. Repeating it does no harm.

    Args:
        store: where.
        clock: tells when.
        plan_id: the plan's id.
        who: has removed the order; the events of the task flows and of their process flow say so.

    Raises:
        Unavailable: the database cannot be reached.
    """
    try:
        tasks = await store.collection("task").find({"plan": plan_id}, {"_id": 1}).to_list()
    except PyMongoError as error:
        raise Unavailable from error
    await remove_of_plan(store, clock, plan_id, who)
    await asyncio.gather(*(store.delete("task", {"_id": task["_id"]}) for task in tasks))
    await asyncio.gather(store.delete("planDefinition", {"_id": plan_id}), store.delete("plan", {"_id": plan_id}))
