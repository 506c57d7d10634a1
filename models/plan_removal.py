"""Removing what belongs to an order, or to a process flow, that is removed."""

import asyncio
from typing import Any

from pymongo.errors import PyMongoError

from models.clock import Clock
from models.domain.caller import ENGINE
from models.domain.errors import Unavailable
from models.flow_changes import PROCESSES, remove_of_plan, remove_process
from models.reading import reading
from models.store import Store

Document = dict[str, Any]

_PORTION = 200


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


async def remove_ended_processes(store: Store, clock: Clock, where: Document) -> int:
    """Remove process flows, with their task flows, and with their plans where they have run a recipe.

    Returns:
        How many were removed now.

    Raises:
        Unavailable: the database cannot be reached; safe to repeat.
    """
    with reading():
        found = await store.collection(PROCESSES).find(where, {"tenant": 1, "recipe": 1}).to_list(_PORTION)
    for stored in found:
        if "recipe" in stored:
            await clear_plan(store, clock, stored["_id"], ENGINE.subject)
        await remove_process(store, clock, stored["tenant"], stored["_id"], ENGINE.subject)
    return len(found)
