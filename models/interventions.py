"""Asking a plan to do something about a held task. Of two who ask at the same time, one is told that it lost."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from models import inbox
from models.clock import Clock
from models.domain.errors import Conflict
from models.domain.interventions import Wish, objection
from models.store import Store

Document = dict[str, Any]

COLLECTION = "task"
FORGOTTEN_SECONDS = 30
"""After so long a wish that never came to anything (a crash between its two writes) gives way to another."""

_GONE = "The task is not held any more."
_TAKEN = "Somebody else is doing something about this task already."


async def intervene(store: Store, clock: Clock, task: Mapping[str, Any], wish: Wish) -> None:
    """Pass a wish on to the plan of a held task. Repeating the same wish, by its id, does no harm.

    Raises:
        Conflict: as of `announce`.
        Unavailable: the database cannot be reached.
    """
    await announce(store, clock, task, wish)
    if not await inbox.append(store, clock, task["plan"], entry_of(task, wish)):
        raise Conflict(_GONE)


def entry_of(task: Mapping[str, Any], wish: Wish) -> Document:
    """A wish as the inbox of the task's plan takes it."""
    return {**wish.to_document(), "kind": "intervene", "task": task["key"], "hold": task["fallout"]["count"]}


async def announce(store: Store, clock: Clock, task: Mapping[str, Any], wish: Wish) -> None:
    """Say on a held task what is about to be done about it, so that nobody else does anything meanwhile.

    Args:
        store: where the task stands.
        clock: tells when.
        task: its document as it was read.
        wish: what is wanted.

    Raises:
        Conflict: the task is not held, is being dealt with already, or this makes no sense for it.
        Unavailable: the database cannot be reached.
    """
    if task["state"] != "held":
        raise Conflict(_GONE)
    if (against := objection(task, wish)) is not None:
        raise Conflict(against)
    hold, now = task["fallout"]["count"], clock.now()
    plan = await store.get("plan", task["plan"])
    if plan is None or plan["state"] == "done":
        raise Conflict(_GONE)
    if plan["state"] == "cancelling" and task.get("operation") == "fulfil":
        raise Conflict("The order is being cancelled; what was ordered is not taken up any more.")
    free = [
        {"fallout.pending.hold": {"$ne": hold}},
        {"fallout.pending.id": wish.id},
        {"fallout.pending.at": {"$lt": now - timedelta(seconds=FORGOTTEN_SECONDS)}},
    ]
    guard = {"_id": task["_id"], "state": "held", "fallout.count": hold, "$or": free}
    mark = {"id": wish.id, "at": now, "do": wish.do, "who": wish.who, "hold": hold}
    if not await store.update(COLLECTION, guard, {"$set": {"fallout.pending": mark}}):
        fresh = await store.get(COLLECTION, task["_id"])
        raise Conflict(_TAKEN if fresh is not None and fresh["state"] == "held" else _GONE)
