"""Process flows of orders: one for each plan that has task flows, made with the first of them, ended with the order."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from models import outbox
from models.clock import Clock, to_text
from models.domain.caller import ENGINE
from models.domain.errors import AlreadyExists
from models.domain.events import event_type
from models.domain.ids import derived_id
from models.domain.lifecycles import PROCESS_FLOW, SERVICE_ORDER
from models.flow_changes import remove_of_plan, withdraw_of_plan
from models.reading import reading
from models.store import Store

Document = dict[str, Any]

NAME = "processFlow"
_TRIES = 8


def process_id(plan: str) -> str:
    """The id of the process flow of a plan."""
    return derived_id(NAME, plan)


@dataclass(frozen=True, slots=True)
class Work:
    """Whose task flows they are: ids of a plan, its tenant, and the order or process flow that the plan is for."""

    plan: str
    tenant: str
    order: str | None = None
    process: str | None = None

    @classmethod
    def of(cls, plan: Mapping[str, Any]) -> "Work":
        """Of a stored plan."""
        owner = plan["owner"]
        cause = {"process" if owner["type"] == NAME else "order": owner["id"]}
        return cls(plan["_id"], plan["tenant"], **cause)

    @property
    def cause(self) -> Document:
        """What the documents of its task flows say of it."""
        return {"order": self.order} if self.order else {}


async def ensure(store: Store, clock: Clock, work: Work, flows: Sequence[str]) -> tuple[str, bool]:
    """See that a plan has its process flow; a new one refers to these task flows.

    Returns:
        Its id, and whether it is new.
    """
    if work.process is not None:
        return work.process, False
    key = process_id(work.plan)
    if await store.get(NAME, key) is not None:
        return key, False
    now = clock.now()
    body: Document = {
        "id": key,
        "@type": "ProcessFlow",
        "processFlowSpecification": "serviceOrder",
        "processFlowDate": to_text(now),
        "state": "active",
        "taskFlow": [_reference(flow) for flow in flows],
    }
    if work.order:
        body["relatedEntity"] = [entity(work.order, "serviceOrder", "ServiceOrder")]
    document = {"_id": key, "tenant": work.tenant, "body": body, "plan": work.plan, "open": True}
    if work.order:
        document["order"] = work.order
    outbox.first(document, [outbox.stub(event_type(NAME, "Create"), state="active", who=ENGINE.subject)], now)
    with suppress(AlreadyExists):
        await store.insert(NAME, document)
        return key, True
    return key, False


def entity(key: str, role: str, referred: str, name: str | None = None) -> Document:
    """A related entity."""
    made = {"id": key, "role": role, "@type": "RelatedEntity", "@referredType": referred}
    return made if name is None else {**made, "name": name}


async def attach(store: Store, clock: Clock, process: str, flows: Sequence[str]) -> None:
    """See that a process flow refers to task flows in it."""
    await _refer(store, clock, process, flows, present=True)


async def detach(store: Store, clock: Clock, process: str, flow: str) -> None:
    """See that a process flow does not refer to a task flow that is gone."""
    await _refer(store, clock, process, [flow], present=False)


async def _refer(store: Store, clock: Clock, process: str, flows: Sequence[str], *, present: bool) -> None:
    for _ in range(_TRIES):
        stored = await store.get(NAME, process)
        if stored is None:
            return
        known: Sequence[Document] = stored["body"].get("taskFlow", ())
        if present:
            after = with_references(stored["body"], flows)
        else:
            after = [each for each in known if each["id"] not in flows]
        if len(after) == len(known):
            return
        body = {**stored["body"], "taskFlow": after}
        owed = outbox.stub(event_type(NAME, "AttributeValueChange"), state=body["state"], who=ENGINE.subject)
        change = outbox.change(stored, {"body": body}, [owed], clock.now())
        if await store.update(NAME, {"_id": process, "rev": stored["rev"]}, change):
            return


def _reference(flow: str) -> Document:
    return {"id": flow, "@type": "TaskFlowRef", "@referredType": "TaskFlow"}


def with_references(body: Mapping[str, Any], flows: Iterable[str]) -> list[Document]:
    """The references of a process flow to its task flows, with one to each of these."""
    known: Sequence[Document] = body.get("taskFlow", ())
    there = {each["id"] for each in known}
    return [*known, *(_reference(flow) for flow in flows if flow not in there)]


class Ending:
    """Ends process flows whose plan has ended, portion by portion, so that many that go on cost no more than few."""

    def __init__(self, store: Store, clock: Clock, portion: int = 500) -> None:
        """Begin with the first; look at so many at a time."""
        self._portion = portion
        self._store = store
        self._clock = clock
        self._last = ""

    async def look(self) -> int:
        """Look at the next portion; returns how many were ended.

        Raises:
            Unavailable: the database cannot be reached; what is left is done next time.
        """
        with reading():
            after = {"open": True, "_id": {"$gt": self._last}}
            portion = self._store.collection(NAME).find(after, {"plan": 1}).sort("_id", 1).limit(self._portion)
            found = await portion.to_list()
            plans = {"_id": {"$in": [stored["plan"] for stored in found]}, "state": {"$ne": "done"}}
            running = {plan["_id"] async for plan in self._store.collection("plan").find(plans, {"_id": 1})}
        self._last = found[-1]["_id"] if len(found) == self._portion else ""
        done = 0
        for stored in found:
            if stored["plan"] not in running and (whole := await self._store.get(NAME, stored["_id"])) is not None:
                done += await self._end(whole)
        return done

    async def _end(self, stored: Document) -> bool:
        order = await self._store.get("serviceOrder", stored.get("order") or "")
        if order is None and "order" in stored:  # whoever has deleted the order has died before this was cleared away
            await remove_of_plan(self._store, self._clock, stored["plan"], ENGINE.subject)
            return True
        if order is not None and order["body"]["state"] not in SERVICE_ORDER.final:
            return False  # its plan is about to say how it has ended
        await withdraw_of_plan(self._store, self._clock, stored["plan"])
        cancelled = order is not None and order["body"]["state"] == "cancelled"
        wanted = "cancelled" if cancelled else "completed"
        state = PROCESS_FLOW.path(stored["body"]["state"], wanted, "active")
        stubs = [outbox.stub(event_type(NAME, "StateChange"), state=step, who=ENGINE.subject) for step in state]
        body = {**stored["body"], "state": state[-1]} if state else stored["body"]
        now = self._clock.now()
        change = outbox.change(stored, {"body": body, "ended": now}, stubs, now, unset=("open",))
        return await self._store.update(NAME, {"_id": stored["_id"], "rev": stored["rev"]}, change)
