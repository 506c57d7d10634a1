"""Fallout as a task flow (TMF701): what people are shown of a held task, what they can say to it, how it ends. Pure.

Source: TM Forum's order fallout management (TMFS011), which speaks of a fallout task in a queue.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from models.domain.dates import to_text
from models.domain.fallout import DEFAULT_QUEUE, actions, kind_of
from models.domain.lifecycles import TASK_FLOW
from models.domain.task_flow import COMPLETED, DONE, LOWEST_PRIORITY, with_parties

Document = dict[str, Any]

SPECIFICATION = "fallout"
ROLE = "fallout"
"""Of the related entity that is the held task."""
CANCEL = "cancel"
_MAX_NAME = 250
_MAX_INSTRUCTIONS = 19_000
_VALUES = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string"}, "value": {}},
    },
}
_OF: Mapping[str, Mapping[str, Any]] = {
    "edit": {
        "input": {"description": "edit: the task's new input."},
        "characteristic": {**_VALUES, "description": "edit: values for the service, each {name, value}."},
    },
    "reassign": {
        "fulfiller": {
            "type": "string",
            "description": "reassign: id of the fulfiller to do it; left out, anybody but those that were tried.",
        },
    },
    "complete": {
        "output": {"type": "object", "description": "complete: what a fulfiller would have reported as its output."},
        "serviceCharacteristic": {**_VALUES, "description": "complete: values that the service has now."},
        "supportingResource": {
            "type": "array",
            "items": {"type": "object"},
            "description": "complete: resources that the service rests on now.",
        },
    },
    "fail": {
        "undo": {"type": "boolean", "description": "fail: whether what was done in the item is undone."},
    },
    "skip": {
        "force": {"type": "boolean", "description": "skip: also where the task is not optional."},
    },
}
_NEED_A_REASON = ("skip", "complete", "fail", CANCEL)


def wanted(task: Mapping[str, Any], priority: int = LOWEST_PRIORITY, item: str | None = None) -> Document:
    """The task flow of a held task, as `task_flow.begun` takes it.

    Args:
        task: the task's document.
        priority: of its order, 0 to 4.
        item: id of its order item, where that is known; else its path stands for it.
    """
    fallout, error, care = task["fallout"], task.get("error") or {}, task.get("care") or {}
    code = str(fallout.get("code", ""))
    possible = actions(code, task.get("operation", "fulfil"))
    of_item = f" of item {task.get('item')}" if task.get("order") else ""
    made: Document = {
        "@type": "TaskFlow",
        "name": f"Fallout: {task.get('name')}{of_item}"[:_MAX_NAME],
        "taskFlowSpecification": SPECIFICATION,
        "priority": priority,
        "queue": care.get("queue") or DEFAULT_QUEUE,
        "instructions": f"{error.get('message', '')}\n\n{kind_of(code).advice}"[:_MAX_INSTRUCTIONS],
        "input": _input(fallout, error),
        "form": form(possible),
        "relatedEntity": _entities(task, item or task.get("item")),
    }
    if care.get("assignee"):
        made["assignee"] = care["assignee"]
    return made


def form(possible: Sequence[str]) -> Document:
    """What a person says to end it: one of the actions that make sense, with what belongs to it."""
    properties: Document = {
        "do": {"enum": list(possible), "description": "What is to be done."},
        "why": {"type": "string", "maxLength": 1000, "description": "For what reason; kept in the history."},
    }
    for action in possible:
        properties |= _OF.get(action, {})
    reasoned = [action for action in possible if action in _NEED_A_REASON]
    made: Document = {
        "type": "object",
        "required": ["do"],
        "additionalProperties": False,
        "properties": properties,
    }
    if reasoned:
        made |= {"if": {"properties": {"do": {"enum": reasoned}}, "required": ["do"]}, "then": {"required": ["why"]}}
    return made


def _input(fallout: Mapping[str, Any], error: Mapping[str, Any]) -> Document:
    known = {
        "code": fallout.get("code"),
        "reason": error.get("reason"),
        "message": error.get("message"),
        "fulfiller": fallout.get("fulfiller"),
        "specification": fallout.get("specificationName") or fallout.get("specification"),
        "attempts": fallout.get("attempts"),
        "count": fallout.get("count"),
        "cause": fallout.get("cause"),
        "optional": fallout.get("optional"),
    }
    return {name: value for name, value in known.items() if value is not None}


def _entities(task: Mapping[str, Any], item: str | None) -> list[Document]:
    named = (
        ("serviceOrder", "ServiceOrder", task.get("order")),
        ("serviceOrderItem", "ServiceOrderItem", item if task.get("order") else None),
        ("service", "Service", task.get("service")),
        (ROLE, "Fallout", task["_id"]),
    )
    return [
        {"id": key, "role": role, "@type": "RelatedEntity", "@referredType": referred}
        for role, referred, key in named
        if key
    ]


def resolved(body: Mapping[str, Any], do: str, why: str | None, now: datetime) -> tuple[Document, tuple[str, ...]]:
    """The task flow when somebody has helped the task by another way, and the states that it passes through."""
    path = TASK_FLOW.path(body["state"], COMPLETED, through="active")
    said = {"do": do} if why is None else {"do": do, "why": why}
    values = [{"name": name, "value": value} for name, value in said.items()]
    ended = {"state": COMPLETED, "outcome": DONE, "characteristic": values, "completionDate": to_text(now)}
    return {**body, "startDate": body.get("startDate", to_text(now)), **ended}, path[:-1]


def looked_after(body: Mapping[str, Any], change: Mapping[str, Any], note: Document | None) -> Document:
    """The task flow with another queue or assignee (None: nobody), and one comment more."""
    made = {**body, **{name: change[name] for name in ("queue", "assignee") if name in change}}
    if note is not None:
        made["note"] = [*body.get("note", ()), note]
    return queued(with_parties(body, made))


def queued(body: Document) -> Document:
    """The task flow; without a queue of its own it is in the usual one."""
    return body if body.get("queue") else with_parties(body, {**body, "queue": DEFAULT_QUEUE})


def care(before: Mapping[str, Any], after: Mapping[str, Any], who: str) -> list[Document]:
    """What a change means for who looks after the task: {who, queue?, assignee?, text?} for each thing to be told."""
    moved: Document = {name: after.get(name) for name in ("queue", "assignee") if before.get(name) != after.get(name)}
    notes = [note for note in after.get("note") or () if note not in (before.get("note") or ())]
    told = [{"who": note.get("author") or who, "text": note.get("text")} for note in notes]
    if moved:
        first = told[0] if told and told[0]["who"] == who else {"who": who}
        told = [{**first, **moved}, *(one for one in told if one is not first)]
    return told
