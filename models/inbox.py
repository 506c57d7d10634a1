"""The inbox of a plan: how everybody but the lease holder tells a plan something."""

from typing import Any

from models.clock import Clock
from models.ids import new_id
from models.store import Store

Document = dict[str, Any]


async def append(store: Store, clock: Clock, plan_id: str, entry: Document) -> bool:
    """Put an entry in the inbox of a running plan and ask for the scheduler's attention.

    The holder of the plan's lease takes entries out in its guarded write.

    Args:
        store: where the plan stands.
        clock: tells when the entry came.
        plan_id: the plan's id.
        entry: {kind: "callback", task, operation, revision, report}, {kind: "resume", item: path or None, who},
            {kind: "cancel", cancel: id of the cancellation request}, {kind: "lookup", task, operation, revision} (its
            fulfiller has something to tell: poll it now) or {kind: "look"}; `id` and `at` are added.

    Returns:
        False when there is no such plan or it has ended: nothing is left to tell.
    """
    now = clock.now()
    return await store.update(
        "plan",
        {"_id": plan_id, "state": {"$ne": "done"}},
        {"$push": {"inbox": {"id": new_id(), "at": now, **entry}}, "$set": {"poke": now, "due": now}},
    )


async def poke(store: Store, clock: Clock, plan_id: str) -> bool:
    """Ask the plan to look again at what it waits for.

    By an entry, because a mere wish for attention would be lost on a plan that is just being let go until later.
    """
    return await append(store, clock, plan_id, {"kind": "look"})
