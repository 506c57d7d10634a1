"""The inbox of a plan: how everybody but the lease holder tells a plan something."""

from typing import Any

from models.clock import Clock
from models.ids import new_id
from models.reading import reading
from models.store import Store

Document = dict[str, Any]

LEFT_AFTER_SECONDS = 5.0
SPEAKERS = ("serviceOrder", "taskFlow", "processFlow")
"""Resources whose clients say something to a plan: it is kept in `said` until it has been passed on."""


async def append(store: Store, clock: Clock, plan_id: str, entry: Document) -> bool:
    """Put an entry in the inbox of a running plan and ask for the scheduler's attention.

    The holder of the plan's lease takes entries out in its guarded write.

    Args:
        store: where the plan stands.
        clock: tells when the entry came.
        plan_id: the plan's id.
        entry: {kind: "callback", task, operation, revision, report, who: the person, where one has
            done the task}, {kind: "resume", item: path or None, who},
            {kind: "information", item: path, service: attributes that the customer has given, who},
            {kind: "intervene", task, hold: number of the hold, and a wish (`models.domain.interventions`)},
            {kind: "cancelOrder", who, why} (a person wants the whole order cancelled),
            {kind: "move", task, to: version, who, why} (the run of a recipe goes on with another version),
            {kind: "lookup", task, operation, revision} (its fulfiller has something to tell: poll it now),
            {kind: "candidate", task: key} (somebody can have a task that nobody could have before),
            {kind: "cancel", cancel: id of the cancellation request}, {kind: "pause"} (nothing new is begun until it is
            resumed) or {kind: "look"}; `id` and `at` are added.

    Returns:
        False when there is no such plan or it has ended: nothing is left to tell.
    """
    now = clock.now()
    return await store.update(
        "plan",
        {"_id": plan_id, "state": {"$ne": "done"}},
        {"$push": {"inbox": {"id": new_id(), "at": now, **entry}}, "$set": {"poke": now, "due": now}},
    )


def saying(clock: Clock, entry: Document) -> Document:
    """An entry for an order's `said`: written with a change of the order, and passed on to its plan afterwards."""
    return {"id": new_id(), "at": clock.now(), **entry}


async def pass_on(store: Store, clock: Clock, key: str, collection: str = "serviceOrder") -> None:
    """Give what an order's client (or the person on its task flow) has said to its plan, and strike it off there.

    Whoever finds it does it: the handler that has written it, the holder of the plan who sees the order changed, or,
    after a crash, the sweeper. Done twice, it comes once, unless the plan has taken it in between: then saying the
    same again changes nothing.
    """
    order = await store.get(collection, key)
    if order is None or not order.get("said"):
        return
    if "due" in order and await store.get("plan", str(order.get("plan"))) is None:  # its plan is about to be made
        return
    now = clock.now()
    for entry in order["said"]:
        guard = {"_id": order.get("plan"), "state": {"$ne": "done"}, "inbox.id": {"$ne": entry["id"]}}
        await store.update("plan", guard, {"$push": {"inbox": entry}, "$set": {"poke": now, "due": now}})
    ids = [entry["id"] for entry in order["said"]]
    await store.update(collection, {"_id": key}, {"$pull": {"said": {"id": {"$in": ids}}}})


async def pass_on_what_is_left(store: Store, clock: Clock) -> None:
    """Pass on what was said a while ago: whoever wrote it has died since.

    Raises:
        Unavailable: the database cannot be reached.
    """
    before = clock.after(-LEFT_AFTER_SECONDS)
    for collection in SPEAKERS:
        with reading():
            left = await store.collection(collection).find({"said.at": {"$lt": before}}, {"_id": 1}).to_list(100)
        for spoken in left:
            await pass_on(store, clock, spoken["_id"], collection)


async def poke(store: Store, clock: Clock, plan_id: str) -> bool:
    """Ask the plan to look again at what it waits for.

    By an entry, because a mere wish for attention would be lost on a plan that is just being let go until later.
    """
    return await append(store, clock, plan_id, {"kind": "look"})
