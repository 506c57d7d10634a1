"""Task flows of orders: what the engine has people do. Each is made once, whoever asks again, and told of to its plan.

A person's answer is written with the task flow (`said`) and passed on to the plan's inbox afterwards, as what a client
says of an order is: neither comes without the other.
"""

from collections.abc import Callable, Coroutine, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from models import outbox
from models.callback_token import CallKey
from models.clock import Clock, to_text
from models.domain import task_flow
from models.domain.caller import ENGINE
from models.domain.errors import AlreadyExists, Conflict
from models.domain.events import event_type
from models.domain.ids import derived_id
from models.domain.lifecycles import TASK_FLOW
from models.flow_changes import NOT_WANTED, change_task_flow
from models.ids import new_id
from models.process_flows import Ending, Work, attach, ensure
from models.reading import reading
from models.store import Store

Document = dict[str, Any]

NAME = "taskFlow"
_BATCH = 100
_TRIES = 8


class TaskFlowStore:
    """The port `TaskFlows` on the database."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Keep task flows in this store."""
        self._store = store
        self._clock = clock

    async def order(self, order_id: str) -> Document | None:
        """The body of an order."""
        stored = await self._store.get("serviceOrder", order_id)
        return None if stored is None else stored["body"]

    async def open(self, key: str, body: Mapping[str, Any], seconds: float) -> Document:
        """Make the task flow of a call, due in so many seconds, unless it is there; returns its body."""
        call = CallKey.parse(key)
        plan = await self._store.get("plan", call.plan) if call is not None else None
        flow = task_flow_id(key)
        work = Work.of(plan) if plan is not None else Work(call.plan if call is not None else key, ENGINE.tenant)
        process, is_new = await ensure(self._store, self._clock, work, [flow])
        now = self._clock.now()
        due = to_text(now + timedelta(seconds=seconds))
        wanted = {"@type": "TaskFlow", **body, "requestedCompletionDate": due}
        made = task_flow.begun(wanted, new_id, now, ENGINE.subject)
        made |= {"id": flow, "processFlow": {"id": process, "@referredType": "ProcessFlow"}}
        document: Document = {"_id": made["id"], "tenant": work.tenant, "body": made, "call": key, **work.cause}
        if call is not None:
            document["plan"] = call.plan
        step = task_flow.next_step_at(made)
        if step is not None:
            document["escalate"] = step
        outbox.first(document, [outbox.stub(event_type(NAME, "Create"), state="new", who=ENGINE.subject)], now)
        try:
            await self._store.insert(NAME, document)
        except AlreadyExists:
            stored = await self._store.get(NAME, made["id"]) or document
            made = stored["body"]
        if not is_new:
            await attach(self._store, self._clock, process, [flow])
        return made

    async def look(self, key: str) -> Document | None:
        """The body of the task flow of a call; None where there is none."""
        stored = await self._store.get(NAME, task_flow_id(key))
        return None if stored is None else stored["body"]

    async def withdraw(self, key: str) -> Document | None:
        """End the task flow of a call, unless it has ended; returns its body then, or None where there is none."""
        for _ in range(_TRIES):
            stored = await self._store.get(NAME, task_flow_id(key))
            if stored is None or stored["body"]["state"] in TASK_FLOW.final:
                return None if stored is None else stored["body"]
            body, through = task_flow.withdrawn(stored["body"], self._clock.now())
            who, why = ENGINE.subject, NOT_WANTED
            if await change_task_flow(self._store, self._clock, stored, body, through, who=who, why=why):
                return body
        raise Conflict("Others change this task flow all the time.")


def task_flow_id(key: str) -> str:
    """The id of the task flow that stands for a call with this idempotency key."""
    return derived_id(NAME, key)


def saying(clock: Clock, stored: Mapping[str, Any], report: Document, who: str) -> Document | None:
    """The entry for `said` that tells the plan of a task flow what its person reports; None where no plan waits."""
    call = CallKey.parse(stored.get("call") or "")
    if call is None:
        return None
    told = {"kind": "callback", "task": call.task, "operation": call.operation, "revision": call.revision}
    return {"id": new_id(), "at": clock.now(), **told, "report": report, "who": who}


async def escalate(store: Store, clock: Clock) -> int:
    """Take the steps of escalations that are due; returns how many.

    Raises:
        Unavailable: the database cannot be reached; what is left is taken next time.
    """
    with reading():
        due = await store.collection(NAME).find({"escalate": {"$lte": clock.now()}}).limit(_BATCH).to_list()
    taken = 0
    for stored in due:
        now = clock.now()
        body = task_flow.escalated(stored["body"], now)
        changed = {name: body.get(name) for name in ("priority", "queue") if body.get(name) != stored["body"].get(name)}
        owed = outbox.stub(
            event_type(NAME, "AttributeValueChange"),
            state=body["state"],
            who=ENGINE.subject,
            why=f"overdue since {body['requestedCompletionDate']}",
            before={name: stored["body"].get(name) for name in changed},
            after=changed,
        )
        step = task_flow.next_step_at(body)
        fields: Document = {"body": body, **({} if step is None else {"escalate": step})}
        change = outbox.change(stored, fields, [owed], now, unset=() if step else ("escalate",))
        taken += await store.update(NAME, {"_id": stored["_id"], "rev": stored["rev"]}, change)
    return taken


def jobs(store: Store, clock: Clock) -> list[tuple[Callable[[], Coroutine[Any, Any, int]], float]]:
    """What has to be done regularly, with the seconds between; by several processes at once it does no harm."""
    return [(partial(escalate, store, clock), 5.0), (Ending(store, clock).look, 10.0)]
