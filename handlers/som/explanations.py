"""Why an order, or a process flow that runs a recipe, is where it is."""

from collections.abc import Mapping
from typing import Any

from handlers.dependencies import Dependencies
from handlers.exchange import Reply, Request
from handlers.som.fallout_bodies import task_flow_reference
from handlers.som.lists import one_reply
from handlers.som.plan_bodies import ORDERS, PROCESSES, SERVICES, decision_body
from handlers.som.times import shown
from models import policies
from models.callback_token import CallKey
from models.clock import Clock
from models.domain.errors import NotFound
from models.domain.evidence import Evidence, Subject, Wait
from models.domain.explanation import Explanation, ItemPicture, explain
from models.domain.flow_runs import OWNER as PROCESS
from models.domain.plan import PlannedTask
from models.flow_reading import open_flows_by_task
from models.lost_reservations import LostReservations
from models.plan_reading import PlanPicture, item_states, picture
from models.pools.lines import line_of
from models.propagations import of_order
from models.reading import reading
from models.store import Store

Document = dict[str, Any]

MAX_CHOICES = 200
"""Of very big orders the rest is found with the tasks."""
MAX_LINES = 20


class Explanations:
    """Explains orders and process flows."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Read from this store."""
        self._store = dependencies.store
        self._clock = dependencies.clock
        self._lost = LostReservations(dependencies.store, dependencies.clock)

    async def retrieve(self, request: Request) -> Reply:
        """Answer what an order waits for, since when, until when, and who or what can help it on."""
        tenant = request.caller.tenant
        order = await self._store.get("serviceOrder", request.id, tenant=tenant)
        if order is None:
            raise NotFound(f"There is no service order with the id {request.id[:100]!r}.")
        stored = await self._store.get("plan", request.id, tenant=tenant)
        shown_plan = await picture(self._store, stored) if stored is not None else None
        evidence = await _evidence(self._store, self._clock, order, shown_plan)
        body = _body(request, evidence, explain(evidence))
        changes = await of_order(self._store, tenant, request.id)
        body["propagation"] = [_progress(request, one) for one in changes]
        body["policyDecision"] = [
            policies.shown(one) for one in await policies.decisions_of(self._store, tenant, request.id)
        ]
        services = [one.id for one in shown_plan.plan.services] if shown_plan is not None else []
        lost = await self._lost.of_services(tenant, services) if services else []
        body["lostReservation"] = [_lost(request, one) for one in lost]
        return one_reply(request, body)

    async def retrieve_flow(self, request: Request) -> Reply:
        """Answer the same of a process flow. One that runs no recipe waits for its task flows, as it says itself."""
        tenant = request.caller.tenant
        flow = await self._store.get(PROCESS, request.id, tenant=tenant)
        if flow is None:
            raise NotFound(f"There is no process flow with the id {request.id[:100]!r}.")
        stored = await self._store.get("plan", request.id, tenant=tenant)
        body = flow["body"]
        href = request.url(f"/processFlow/{request.id}/explanation")
        made: Document = {
            "id": request.id,
            "href": href,
            "processFlow": {"id": request.id, "href": f"{request.root}{PROCESSES}/{request.id}"},
            "state": body["state"],
        }
        if stored is None and "due" not in flow:
            summary = f"The process flow is {body['state']}. It runs no recipe: its task flows say what is to be done."
            return one_reply(request, {**made, "summary": summary, "wait": [], "choice": [], "policyDecision": []})
        shown_plan = await picture(self._store, stored) if stored is not None else None
        evidence = await _evidence(self._store, self._clock, flow, shown_plan, "process flow")
        found = explain(evidence)
        made |= {"summary": found.summary, "wait": [_wait(request, evidence, wait) for wait in found.waits]}
        made["choice"] = [_choice(request, evidence, task) for task in _chosen(evidence)[:MAX_CHOICES]]
        decided = await policies.decisions_of(self._store, tenant, request.id)
        made["policyDecision"] = [policies.shown(one) for one in decided]
        return one_reply(request, made)


async def _evidence(
    store: Store, clock: Clock, order: Document, plan: PlanPicture | None, subject: Subject = "order"
) -> Evidence:
    tenant = order["tenant"]
    with reading():
        asked = {"order": order["_id"], "body.state": {"$in": ["acknowledged", "inProgress"]}}
        cancellation = await store.collection("cancelServiceOrder").find_one(asked)
        registered = store.collection("fulfiller").find({"tenant": tenant}, {"body.name": 1})
        names = {found["_id"]: found["body"].get("name", found["_id"]) async for found in registered}
    if plan is None:
        return Evidence(order, clock.now(), cancellation=cancellation, names=names, subject=subject)
    flows = await open_flows_by_task(store, plan.stored["_id"])
    calls = [CallKey(plan.stored["_id"], task.key, "fulfil", plan.run(task.key).revision) for task in _short(plan)]
    lines = {call.task: line for call in calls[:MAX_LINES] if (line := await line_of(store, str(call))) is not None}
    return Evidence(
        order,
        clock.now(),
        plan.stored,
        plan.plan.items,
        plan.tasks,
        {task.key: plan.run(task.key) for task in plan.tasks},
        plan.documents,
        cancellation,
        names,
        flows,
        lines,
        subject,
    )


def _short(plan: PlanPicture) -> list[PlannedTask]:
    """The tasks that are held because a pool has not enough left."""
    runs = [(task, plan.run(task.key)) for task in plan.tasks if task.kind == "allocate"]
    return [task for task, run in runs if run.state == "held" and (run.error or {}).get("code") == "poolExhausted"]


def _body(request: Request, evidence: Evidence, found: Explanation) -> Document:
    key, states = evidence.order["_id"], item_states(evidence.order["body"])
    return {
        "id": key,
        "href": request.url(f"/order/{key}/explanation"),
        "serviceOrder": {"id": key, "href": f"{request.root}{ORDERS}/{key}"},
        "state": evidence.order["body"]["state"],
        "summary": found.summary,
        "wait": [_wait(request, evidence, wait) for wait in found.waits],
        "item": [_item(item, states) for item in found.items],
        "choice": [_choice(request, evidence, task) for task in _chosen(evidence)[:MAX_CHOICES]],
    }


def _progress(request: Request, job: Mapping[str, Any]) -> Document:
    href = request.url(f"/propagation/{job['_id']}")
    named = ("service", "state", "told", "total")
    return {"id": job["_id"], "href": href, **{name: job[name] for name in named}}


def _lost(request: Request, reservation: Mapping[str, Any]) -> Document:
    """Something that a service of the order rests on, and another system knows of no more."""
    fulfiller, service = reservation["fulfiller"], reservation["service"]
    return {
        "id": reservation["reservation"],
        "fulfiller": {"id": fulfiller, "href": request.url(f"/fulfiller/{fulfiller}")},
        "service": {"id": service, "href": f"{request.root}{SERVICES}/{service}"},
        "task": reservation["task"],
        "message": reservation["problem"],
        "since": shown(reservation["lost"]),
    }


def _chosen(evidence: Evidence) -> list[PlannedTask]:
    """The tasks that a fulfiller was chosen for, or nobody could have."""
    return [task for task in evidence.tasks if evidence.documents.get(task.key, {}).get("decision") is not None]


def _choice(request: Request, evidence: Evidence, task: PlannedTask) -> Document:
    """Which fulfiller a task was given to, why, and what was decided before."""
    document, key = evidence.documents[task.key], f"{evidence.order['_id']}:{task.key}"

    def href(fulfiller: str) -> str:
        return request.url(f"/fulfiller/{fulfiller}")

    return {
        "task": {"id": key, "href": request.url(f"/task/{key}"), "name": task.name},
        "item": task.item,
        "state": evidence.runs[task.key].state,
        "decision": decision_body(document["decision"], href),
        "formerDecision": [decision_body(one, href) for one in document.get("formerDecisions", ())],
    }


def _wait(request: Request, evidence: Evidence, wait: Wait) -> Document:
    made: Document = {
        "kind": wait.kind,
        "by": wait.by,
        "message": wait.message,
        "since": shown(wait.since),
        "until": shown(wait.until),
        "party": _party(request, evidence, wait),
        "item": wait.item,
        **wait.details,
    }
    if (flow := wait.details.get("taskFlow")) is not None:
        made["taskFlow"] = task_flow_reference(request, flow)
    if wait.task is not None:
        key = f"{evidence.order['_id']}:{wait.task.key}"
        made["task"] = {"id": key, "href": request.url(f"/task/{key}"), "name": wait.task.name}
        decision = evidence.documents.get(wait.task.key, {}).get("decision")
        if decision is not None and wait.kind not in ("turn", "place"):
            made["decision"] = decision_body(decision, lambda fulfiller: request.url(f"/fulfiller/{fulfiller}"))
    return made


def _party(request: Request, evidence: Evidence, wait: Wait) -> Document | None:
    if wait.party is None:
        return None
    match wait.by:
        case "fulfiller":
            name = evidence.names.get(wait.party, wait.party)
            return {"id": wait.party, "href": request.url(f"/fulfiller/{wait.party}"), "name": name}
        case "order":
            return {"id": wait.party, "href": f"{request.root}{ORDERS}/{wait.party}"}
    return {"id": wait.party}


def _item(item: ItemPicture, states: Mapping[str, str]) -> Document:
    return {
        "path": item.item.path,
        "state": states.get(item.item.path, "acknowledged"),
        "needs": list(item.item.needs),
        "tasks": item.total,
        "ended": item.ended,
        "behind": item.behind,
    }
