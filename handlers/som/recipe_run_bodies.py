"""Runs of recipes as the administration API shows them."""

from collections.abc import Iterable, Mapping
from typing import Any

from handlers.exchange import Request
from handlers.som.fallout_bodies import task_flow_reference
from handlers.som.plan_bodies import owner_body, recipe_run_body
from handlers.som.times import shown
from models.callback_token import CallKey
from models.domain.precedence import ENDED
from models.domain.progress import TaskRun
from models.domain.recipe_runs import RecipeRun
from models.domain.recipe_steps import step_key
from models.domain.recipe_visits import Step, Visit, element_state, status_of, taken, visits, within
from models.domain.recipes import State
from models.domain.recipes.state import ROOT
from models.plan_reading import PlanPicture

Document = dict[str, Any]


def listed_run_body(request: Request, plan: Mapping[str, Any], task: str) -> Document:
    """A run among others: where it is, without its data."""
    run = RecipeRun.from_document(plan["recipes"][task])
    task_run = TaskRun.from_document(plan.get("run", {}).get(task, {"s": "accepted"}))
    key = f"{plan['_id']}:{task}"
    told = recipe_run_body(task, run)
    ended = task_run.state in ENDED
    return {
        "id": key,
        "href": request.url(f"/recipeRun/{key}"),
        "plan": plan["_id"],
        "owner": owner_body(request, plan["owner"]),
        **{name: told[name] for name in ("task", "recipe", "number")},
        "status": status_of(run.state.status, task_run.state),
        "taskState": task_run.state,
        "startDate": shown(task_run.started or plan["created"]),
        "endDate": (run.path[-1]["at"] if run.path else None) if ended or not run.state.running else None,
        "due": None if ended else told["due"],
        "at": [] if ended else told["at"],
    }


def full_run_body(request: Request, picture: PlanPicture, task: str, flows: Iterable[Mapping[str, Any]]) -> Document:
    """A run, whole: what it has made of each element, its variables and its path.

    Args:
        request: the request.
        picture: its plan.
        task: key of the task that runs it.
        flows: the task flows of people that the plan has asked for.
    """
    run = RecipeRun.from_document(picture.stored["recipes"][task])
    told = recipe_run_body(task, run)
    body = listed_run_body(request, picture.stored, task)
    planned = next((one for one in picture.tasks if one.key == task), None)
    found = visits(run, body["status"], _steps(picture, task, run))
    by_task = _by_task(flows)
    return {
        **body,
        **({"item": planned.item, "service": planned.service} if planned is not None else {}),
        "reason": run.reason or _held_for(picture.run(task)),
        "element": _elements(request, picture, found, by_task),
        "flow": [{**_place(*place), "taken": count} for place, count in taken(run).items()],
        "variable": _variables(run.state, {visit.key: visit.element for visit in found}),
        "data": told["data"],
        "path": told["path"],
    }


def _held_for(run: TaskRun) -> str | None:
    return (run.error or {}).get("message") if run.state in ("held", "pending", "failed") else None


def _steps(picture: PlanPicture, task: str, run: RecipeRun) -> dict[str, Step]:
    """The tasks of this very run, by the visit that each does."""
    runner = next((one for one in picture.tasks if one.key == task), None)
    if runner is None:
        return {}
    steps = ((one.step, one.key) for one in picture.tasks if one.of == task and one.step is not None)
    return {step: Step(key, picture.run(key)) for step, key in steps if key == step_key(runner, run.number, step)}


def _by_task(flows: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The task flows, by the key of the task that asked for each; those that undo something aside."""
    calls = ((CallKey.parse(str(flow.get("call", ""))), flow) for flow in flows)
    return {call.task: flow for call, flow in calls if call is not None and call.operation == "fulfil"}


def _elements(
    request: Request, picture: PlanPicture, found: list[Visit], flows: Mapping[str, Mapping[str, Any]]
) -> list[Document]:
    by_place: dict[tuple[str, str], list[Visit]] = {}
    for visit in found:
        by_place.setdefault((within(visit.key), visit.element), []).append(visit)
    return [
        {
            **_place(*place),
            "state": element_state(of_one),
            "visit": [_visit(request, picture, visit, flows) for visit in of_one],
        }
        for place, of_one in by_place.items()
    ]


def _place(inside: str, element: str) -> Document:
    return {"id": element, **({"within": inside} if inside else {})}


def _visit(request: Request, picture: PlanPicture, visit: Visit, flows: Mapping[str, Mapping[str, Any]]) -> Document:
    body: Document = {"key": visit.key, "state": visit.state, "startDate": visit.began, "endDate": visit.ended}
    if visit.reason:
        body["reason"] = visit.reason
    if visit.step is None:
        return body
    step = visit.step
    key = f"{picture.stored['_id']}:{step.task}"
    error = step.run.error
    body["task"] = {"id": key, "href": request.url(f"/task/{key}"), "state": step.run.state}
    body["fulfiller"] = step.run.fulfiller or picture.documents.get(step.task, {}).get("fulfiller")
    body["attempts"] = step.run.attempts
    body["error"] = None if error is None else {name: error.get(name, "") for name in ("code", "message")}
    if step.task in flows:
        body["taskFlow"] = _task_flow(request, flows[step.task])
    return body


def _task_flow(request: Request, stored: Mapping[str, Any]) -> Document:
    flow = stored["body"]
    named = {name: flow[name] for name in ("name", "state", "queue", "assignee") if flow.get(name)}
    return {**task_flow_reference(request, {"id": stored["_id"], **flow}), **named}


def _variables(state: State, elements: Mapping[str, str]) -> list[Document]:
    """Each variable with who produced it and who consumed it; those of a run's beginning were produced by nobody."""

    def at(key: str) -> Document:
        return {"key": key, **({"element": elements[key]} if key in elements else {})}

    found = []
    for scope, values in state.data.values.items():
        made = state.data.made.get(scope, {})
        for name, value in values.items():
            by = made.get(name, "")
            told = {"name": name, "value": value, **({"producedBy": at(by)} if by else {})}
            if scope == ROOT:
                told["consumedBy"] = [at(key) for key in state.data.used.get(name, ())]
            else:
                told["scope"] = state.scopes[scope].path.rstrip("/") if scope in state.scopes else str(scope)
            found.append(told)
    return found
