"""Approvals of orders: a task flow for each policy that wants one, made once, whoever asks again."""

from collections.abc import Mapping
from typing import Any

from models import outbox
from models.clock import Clock
from models.domain import approval_flow, task_flow
from models.domain.caller import ENGINE
from models.domain.events import event_type
from models.domain.ids import derived_id
from models.flow_changes import OPEN, TASKS, change_task_flow
from models.ids import new_id
from models.process_flows import Work, attach, ensure
from models.reading import reading
from models.store import Store

Document = dict[str, Any]

AMENDED = "the order was amended"
_TRIES = 8


def flow_id(decision: str) -> str:
    """The id of the task flow that a decision asks for."""
    return derived_id(TASKS, decision)


async def ensure_flow(store: Store, clock: Clock, order: Mapping[str, Any], decision: Mapping[str, Any]) -> Document:
    """The body of the task flow of a decision that wants an approval; it is made where there is none yet.

    Raises:
        Unavailable: the database cannot be reached; safe to repeat.
    """
    key = flow_id(decision["_id"])
    stored = await store.get(TASKS, key)
    if stored is None:
        work = Work(order["_id"], order["tenant"], order["_id"])
        process, is_new = await ensure(store, clock, work, [key])
        wanted = approval_flow.wanted({**order["body"], "id": order["_id"]}, decision["policy"], decision["result"])
        body = task_flow.begun(wanted, new_id, clock.now(), ENGINE.subject)
        body |= {"id": key, "processFlow": {"id": process, "@referredType": "ProcessFlow"}}
        made: Document = {"_id": key, "tenant": order["tenant"], "body": body, "plan": order["_id"]}
        made |= {"order": order["_id"], "approval": {"decision": decision["_id"], "round": decision.get("round", 0)}}
        owed = outbox.stub(event_type(TASKS, "Create"), state=body["state"], who=ENGINE.subject)
        if not is_new:
            await attach(store, clock, process, [key])
        await store.insert_missing(TASKS, [outbox.first(made, [owed], clock.now())])
        stored = await store.get(TASKS, key) or made
    found: Document = stored["body"]
    return found


async def withdraw_older(store: Store, clock: Clock, order: Mapping[str, Any], amended: int) -> None:
    """Take the approvals out of their queues that were asked for before the order was last amended.

    Raises:
        Unavailable: the database cannot be reached; safe to repeat.
    """
    older = {"plan": order["_id"], "approval.round": {"$lt": amended}, "body.state": OPEN}
    for _ in range(_TRIES):
        with reading():
            found = await store.collection(TASKS).find(older).to_list()
        if not found:
            return
        for stored in found:
            body, through = task_flow.withdrawn(stored["body"], clock.now())
            await change_task_flow(store, clock, stored, body, through, who=ENGINE.subject, why=AMENDED)
