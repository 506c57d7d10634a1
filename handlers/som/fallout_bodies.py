"""Fallout as the administration API shows it."""

from collections.abc import Mapping
from typing import Any

from handlers.exchange import Request
from handlers.som.plan_bodies import ORDERS, PROCESSES, attempt_body, decision_body
from handlers.som.times import shown
from models.domain.events import BASE_PATHS, resource_path
from models.domain.fallout import DEFAULT_QUEUE, actions

Document = dict[str, Any]


def fallout_body(request: Request, task: Mapping[str, Any]) -> Document:
    """One held task; also one that was held and has gone on."""
    key, fallout, error = task["_id"], task.get("fallout") or {}, task.get("error") or {}
    care = task.get("care") or {}
    code = str(fallout.get("code") or error.get("code", ""))
    is_held = task["state"] == "held"
    return {
        "id": key,
        "href": request.url(f"/fallout/{key}"),
        "state": task["state"],
        "name": task.get("name"),
        **cause_of(request, task),
        "item": task.get("item"),
        "service": task.get("service"),
        "action": task.get("action"),
        "operation": task.get("operation"),
        "specification": {"id": fallout.get("specification", ""), "name": fallout.get("specificationName")},
        "fulfiller": fallout.get("fulfiller"),
        "code": code,
        "reason": error.get("reason"),
        "message": error.get("message"),
        "cause": fallout.get("cause"),
        "since": shown(fallout.get("since") or task.get("updated")),
        "endDate": None if is_held else shown(fallout.get("ended")),
        "count": fallout.get("count", 1),
        "attempts": fallout.get("attempts", 0),
        "optional": fallout.get("optional", False),
        "actions": list(actions(code, task.get("operation", "fulfil"))) if is_held else [],
        "queue": care.get("queue") or DEFAULT_QUEUE,
        "assignee": care.get("assignee"),
        "comment": [_comment(comment) for comment in care.get("comment", ())],
        "pending": _pending(fallout) if is_held else None,
        "intervention": [
            _intervention(key, stored)
            for key, stored in sorted((task.get("interventions") or {}).items(), key=lambda entry: entry[1]["at"])
        ],
        "notUndone": [{**one, "task": f"{task['plan']}:{one['task']}"} for one in task.get("notUndone", ())],
        "attempt": [attempt_body(attempt) for attempt in task.get("attempts", ())],
        "decision": decision_body(task.get("decision"), lambda fulfiller: request.url(f"/fulfiller/{fulfiller}")),
    }


def cause_of(request: Request, task: Mapping[str, Any]) -> Document:
    """What a task is done for: an order, or a process flow that runs a recipe."""
    if task.get("process"):
        return {"processFlow": {"id": task["process"], "href": f"{request.root}{PROCESSES}/{task['process']}"}}
    return {"serviceOrder": order_reference(request, task["order"])}


def order_reference(request: Request, order: str) -> Document:
    """The order that a task belongs to."""
    return {"id": order, "href": f"{request.root}{ORDERS}/{order}"}


def task_flow_reference(request: Request, flow: Mapping[str, Any]) -> Document:
    """The TMF701 task flow with this body; of the body only its id and that of its process flow are needed."""
    return {"id": flow["id"], "href": f"{request.root}{BASE_PATHS['tmf701']}v4{resource_path('taskFlow', flow)}"}


def _pending(fallout: Mapping[str, Any]) -> Document | None:
    """What somebody wants done about it and the server has not done yet."""
    stored = fallout.get("pending")
    if stored is None or stored["hold"] != fallout["count"]:
        return None
    return {"id": stored["id"], "at": shown(stored["at"]), "do": stored["do"], "who": stored["who"]}


def _intervention(key: str, stored: Mapping[str, Any]) -> Document:
    return {"id": key, **stored, "at": shown(stored["at"])}


def _comment(comment: Mapping[str, Any]) -> Document:
    return {name: value for name, value in comment.items() if name != "id"} | {"at": shown(comment["at"])}


def group_body(request: Request, group: Mapping[str, Any]) -> Document:
    """Tasks held for one cause."""
    cause, code = group["_id"], str(group.get("code") or "")
    return {
        "id": cause,
        "href": request.url(f"/fallout?cause={cause}"),
        "code": code,
        "reason": group.get("reason"),
        "fulfiller": group.get("fulfiller"),
        "specification": {"id": group.get("specification") or "", "name": group.get("specificationName")},
        "count": group["count"],
        "orderCount": group["orders"],
        "oldest": shown(group["oldest"]),
        "newest": shown(group["newest"]),
        "example": {"id": group["example"], "href": request.url(f"/fallout/{group['example']}")},
        "actions": list(actions(code, group.get("operation") or "fulfil")),
    }
