"""Changes of task flows and process flows that the server makes by itself, with the events that they owe."""

from collections.abc import Mapping, Sequence
from typing import Any

from models import outbox
from models.clock import Clock
from models.domain.caller import ENGINE
from models.domain.events import event_type
from models.domain.lifecycles import TASK_FLOW
from models.domain.task_flow import withdrawn
from models.reading import reading
from models.store import Store

Document = dict[str, Any]

TASKS, PROCESSES = "taskFlow", "processFlow"
OPEN: Document = {"$nin": sorted(TASK_FLOW.final)}
NOT_WANTED = "not wanted any more"
_OF_THE_ENGINE = ("plan", "open", "ended", "call", "fallout", "said", "care", "escalate", "due", "lease", "step")
_TRIES = 8


async def change_task_flow(  # noqa: PLR0913 - what a change is made of
    store: Store,
    clock: Clock,
    stored: Mapping[str, Any],
    body: Document,
    through: Sequence[str],
    *,
    who: str,
    why: str | None = None,
    fields: Document | None = None,
) -> bool:
    """Write a change of a task flow.

    Args:
        store: where.
        clock: tells when.
        stored: its document as it was read.
        body: as it is to be.
        through: states that it passes through on its way.
        who: does it.
        why: for what reason.
        fields: engine fields to set.

    Returns:
        False where somebody else was quicker.
    """
    passed = [outbox.stub(event_type(TASKS, "StateChange"), state=state, who=who) for state in through]
    stubs = [*passed, _told(stored["body"], body, who, why)]
    unset = ("escalate",) if body["state"] in TASK_FLOW.final else ()
    change = outbox.change(stored, {"body": body, **(fields or {})}, stubs, clock.now(), unset=unset)
    return await store.update(TASKS, {"_id": stored["_id"], "rev": stored["rev"]}, change)


def _told(former: Mapping[str, Any], body: Mapping[str, Any], who: str, why: str | None) -> outbox.Stub:
    """The event of a change: of the state where that changed, else of the attributes."""
    names = [name for name in {**former, **body} if former.get(name) != body.get(name)]
    return outbox.stub(
        event_type(TASKS, "StateChange" if body["state"] != former["state"] else "AttributeValueChange"),
        state=body["state"],
        who=who,
        why=why,
        before={name: former.get(name) for name in names},
        after={name: body.get(name) for name in names},
    )


async def withdraw_of_plan(store: Store, clock: Clock, plan: str) -> None:
    """Take what is still open of a plan that has ended out of the queues."""
    for _ in range(_TRIES):
        with reading():
            found = await store.collection(TASKS).find({"plan": plan, "body.state": OPEN}).to_list()
        if not found:
            return
        for stored in found:
            body, through = withdrawn(stored["body"], clock.now())
            await change_task_flow(store, clock, stored, body, through, who=ENGINE.subject, why=NOT_WANTED)


async def remove_of_plan(store: Store, clock: Clock, plan: str, who: str) -> None:
    """Remove the task flows and the process flow of a plan whose order is removed. Repeating it does no harm.

    Raises:
        Unavailable: the database cannot be reached.
    """
    for name in (TASKS, PROCESSES):
        await _remove_all(store, clock, name, {"plan": plan}, who)


async def remove_task_flows(store: Store, clock: Clock, tenant: str, process: str, who: str) -> None:
    """Remove the task flows of a process flow. Repeating it does no harm."""
    await _remove_all(store, clock, TASKS, {"tenant": tenant, "body.processFlow.id": process}, who)


async def remove_process(store: Store, clock: Clock, tenant: str, process: str, who: str) -> None:
    """Remove a process flow with its task flows. Repeating it does no harm."""
    await remove_task_flows(store, clock, tenant, process, who)
    await _remove_all(store, clock, PROCESSES, {"_id": process, "tenant": tenant}, who)


async def _remove_all(store: Store, clock: Clock, name: str, where: Document, who: str) -> None:
    """Leave the tombstones of all that match: they go when their last event has been told."""
    for _ in range(_TRIES):
        with reading():
            found = await store.collection(name).find({"tenant": {"$not": {"$regex": "^~"}}, **where}).to_list()
        if not found:
            return
        for stored in found:
            owed = outbox.stub(event_type(name, "Delete"), state=stored["body"].get("state"), who=who)
            gone = {"tenant": f"~{stored['tenant']}"}
            change = outbox.change(stored, gone, [owed], clock.now(), unset=_OF_THE_ENGINE)
            await store.update(name, {"_id": stored["_id"], "rev": stored["rev"]}, change)
