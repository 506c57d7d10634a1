"""Plans, their items, services and tasks as the administration API shows them."""

from collections.abc import Callable, Mapping
from typing import Any

from handlers.exchange import Request
from handlers.som.times import shown
from models.domain.flow_runs import OWNER as PROCESS
from models.domain.plan import PlannedItem, PlannedService, PlannedTask
from models.domain.progress import TaskRun
from models.domain.recipe_runs import RecipeRun
from models.plan_reading import PlanPicture

Document = dict[str, Any]

ORDERS = "/tmf-api/serviceOrdering/v4/serviceOrder"
SERVICES = "/tmf-api/serviceInventory/v4/service"
PROCESSES = "/tmf-api/processFlowManagement/v4/processFlow"


def plan_body(request: Request, picture: PlanPicture) -> Document:
    """The whole plan."""
    stored = picture.stored
    key = stored["_id"]
    return {
        "id": key,
        "href": request.url(f"/plan/{key}"),
        "owner": owner_body(request, stored["owner"]),
        "state": stored["state"],
        "priority": stored["priority"],
        "revision": stored["rev"],
        "item": [
            {
                **item_body(item),
                "state": picture.item_states.get(item.path, "acknowledged"),
                "waits": [_wait(request, wait) for wait in stored.get("waits", ()) if wait["item"] == item.path],
            }
            for item in picture.plan.items
        ],
        "service": [
            {**service_body(service), "href": f"{request.root}{SERVICES}/{service.id}"}
            for service in picture.plan.services
        ],
        "recipeRun": [
            {**recipe_run_body(task, RecipeRun.from_document(run)), "fulfillerKind": kinds_of_steps(picture, task)}
            for task, run in stored.get("recipes", {}).items()
        ],
        "task": [running_task_body(request, picture, task) for task in picture.tasks],
    }


def owner_body(request: Request, owner: Mapping[str, Any]) -> Document:
    """Whose plan it is."""
    base = PROCESSES if owner["type"] == PROCESS else ORDERS
    return {"id": owner["id"], "type": owner["type"], "href": f"{request.root}{base}/{owner['id']}"}


def _wait(request: Request, wait: Mapping[str, Any]) -> Document:
    """What an item waits for: that an item of another order is done with a service."""
    return {
        "service": wait["service"],
        "order": wait["order"],
        "href": f"{request.root}{ORDERS}/{wait['order']}",
        "orderItem": wait["orderItem"],
    }


def item_body(item: PlannedItem) -> Document:
    """An item as planned."""
    return {
        "path": item.path,
        "pointer": "".join(f"/serviceOrderItem/{index}" for index in item.pointer),
        "action": item.action,
        "service": list(item.services),
        "needs": list(item.needs),
    }


def service_body(service: PlannedService) -> Document:
    """A service as planned."""
    made: Document = {
        "id": service.id,
        "item": service.item,
        "action": service.action,
        "state": service.state,
        "path": service.path,
        "parent": service.parent,
        "reliesOn": list(service.relies_on),
    }
    name = service.body.get("name") or service.name
    if name:
        made["name"] = name
    if service.specification is not None:
        made["specification"] = {key: value for key, value in service.specification.items() if value is not None}
    return made


def task_body(task: PlannedTask) -> Document:
    """A task as planned."""
    return {
        "key": task.key,
        "name": task.name,
        "item": task.item,
        "service": task.service,
        "specification": task.specification,
        "action": task.action,
        "kind": task.kind,
        "operation": task.operation,
        "capability": {"specification": task.capability.specification, "action": task.capability.action},
        "needs": list(task.needs),
        "optional": task.optional,
        "milestone": task.milestone,
        "pointOfNoReturn": task.point_of_no_return,
        "compensation": task.compensation,
        "expectedDuration": task.duration,
        "deadline": task.deadline,
        **({"recipe": {"name": task.recipe[0], "version": task.recipe[1]}} if task.recipe is not None else {}),
        **({"stepOf": task.of} if task.of is not None else {}),
    }


def recipe_run_body(task: str, run: RecipeRun) -> Document:
    """Where a recipe stands."""
    name, version = run.recipe
    places = ((token.node, token.phase, token.reason) for token in run.state.tokens.values() if token.node)
    passed = ((one["at"], one["what"], one["id"], one["key"]) for one in run.path)
    return {
        "task": task,
        "recipe": {"name": name, "version": version},
        "number": run.number,
        "engine": list(run.engines),
        "status": run.state.status,
        "due": run.state.due,
        "at": [
            {"element": node, "state": state, **({"reason": reason} if reason else {})}
            for node, state, reason in places
        ],
        "data": dict(run.state.variables),
        "path": [{"at": at, "what": what, "element": node, "key": key} for at, what, node, key in passed],
    }


def kinds_of_steps(picture: PlanPicture, task: str) -> list[Document]:
    """The kinds of fulfillers that have done steps of the recipe that a task runs, each with its versions."""
    steps = (picture.documents.get(one.key, {}) for one in picture.tasks if one.of == task)
    kinds = (document["fulfillerKind"] for document in steps if "fulfillerKind" in document)
    found = {(kind["name"], kind["version"]) for kind in kinds}
    return [{"name": name, "version": version} for name, version in sorted(found)]


def _recipe_now(picture: PlanPicture, task: PlannedTask) -> Document:
    """The recipe that a task runs: in the version that its run has been moved to, where it was."""
    led = picture.stored.get("recipes", {}).get(task.key)
    return {"recipe": {"name": led["recipe"][0], "version": led["recipe"][1]}} if led else {}


def running_task_body(request: Request, picture: PlanPicture, task: PlannedTask) -> Document:
    """A task in its plan, with where it stands."""
    key = f"{picture.stored['_id']}:{task.key}"
    run = picture.run(task.key)
    document = picture.documents.get(task.key, {})
    ended = run.state in ("done", "skipped", "cancelled")
    return {
        "id": key,
        "href": request.url(f"/task/{key}"),
        **task_body(task),
        **_recipe_now(picture, task),
        "state": run.state,
        "fulfiller": run.fulfiller or document.get("fulfiller"),
        "attempts": run.attempts,
        "due": shown(run.due or run.deadline),
        "startDate": shown(document.get("started")),
        "endDate": shown(document.get("updated")) if ended else None,
        "error": _error(run),
    }


def full_task_body(
    request: Request, picture: PlanPicture, task: PlannedTask, document: Mapping[str, Any] | None
) -> Document:
    """Everything about one task."""
    stored, owner = document or {}, picture.stored["owner"]

    def href(key: str) -> str:
        return request.url(f"/fulfiller/{key}")

    body = {
        **running_task_body(request, picture, task),
        "plan": picture.stored["_id"],
        "processFlow" if owner["type"] == PROCESS else "serviceOrder": owner["id"],
        "inputRevision": stored.get("inputRev", 0),
        "output": stored.get("output"),
        "remark": stored.get("progress", {}).get("reason") if picture.run(task.key).state == "accepted" else None,
        "attempt": [attempt_body(attempt) for attempt in stored.get("attempts", ())],
        "decision": decision_body(stored.get("decision"), href),
        "formerDecision": [decision_body(one, href) for one in stored.get("formerDecisions", ())],
        "createdDate": shown(stored.get("created") or picture.stored["created"]),
        "lastUpdate": shown(stored.get("updated") or picture.stored["updated"]),
    }
    if "input" in stored:
        body["input"] = stored["input"]
    if "closing" in stored:
        body["closing"] = _closing(stored["closing"])
    return body


def _closing(closing: Mapping[str, Any]) -> Document:
    """The end of the change request that a task has opened."""
    return {
        **{name: closing[name] for name in ("changeRequest", "status", "attempts")},
        "nextAttemptDate": shown(closing.get("due")),
        "closedDate": shown(closing.get("closed")),
        "problem": closing.get("problem"),
    }


def decision_body(decision: Mapping[str, Any] | None, href: Callable[[str], str]) -> Document | None:
    """Which fulfiller was taken, and why not the others."""
    if decision is None:
        return None
    made = {
        "chosen": decision.get("chosen"),
        "reason": decision.get("reason", ""),
        "decidedBy": decision.get("row"),
        "candidate": [_candidate(one, decision.get("chosen"), href) for one in decision.get("candidates", ())],
    }
    if decision.get("situation") is not None:
        made["situation"] = _situation(decision["situation"])
    return made


def _candidate(candidate: Mapping[str, Any], chosen: str | None, href: Callable[[str], str]) -> Document:
    key = candidate["fulfiller"]
    made = {
        "fulfiller": {"id": key, "href": href(key), "name": candidate.get("name", "")},
        "chosen": key == chosen,
        "rejected": candidate.get("rejected"),
    }
    if candidate.get("row"):
        made["rejectedBy"] = candidate["row"]
    return made


def _situation(stored: Mapping[str, Any]) -> Document:
    """What a decision was made on."""
    made: Document = {"at": shown(stored["at"]), "place": stored["places"], "party": stored["parties"]}
    for name in ("builder", "givenUp"):
        if stored.get(name):
            made[name] = stored[name]
    if stored.get("advice"):
        made["policy"] = [one["policy"] for one in stored["advice"]]
    return made


def _error(run: TaskRun) -> Document | None:
    if run.error is None:
        return None
    return {"code": run.error.get("code", ""), "message": run.error.get("message", "")}


def attempt_body(attempt: Mapping[str, Any]) -> Document:
    """A call, or a report."""
    made: Document = {"at": shown(attempt["at"]), "outcome": attempt["outcome"]}
    if attempt.get("fulfiller"):
        made["fulfiller"] = attempt["fulfiller"]
    if attempt.get("who"):
        made["who"] = attempt["who"]
    detail = attempt.get("reason") or attempt.get("milestone") or attempt.get("reference") or attempt.get("detail")
    made["detail"] = None if detail is None else str(detail)
    return made
