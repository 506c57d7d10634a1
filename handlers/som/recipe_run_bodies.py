"""Runs of recipes as the administration API shows them."""

from collections.abc import Iterable, Mapping
from typing import Any

from handlers.exchange import Request
from handlers.som.fallout_bodies import task_flow_reference
from handlers.som.plan_bodies import kinds_of_steps, owner_body, recipe_run_body
from handlers.som.times import shown
from models.callback_token import CallKey
from models.domain.plan import PlannedTask
from models.domain.precedence import ENDED
from models.domain.progress import TaskRun
from models.domain.recipe_plays import is_held, leading_task
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
    leader = leading_task(plan, task)
    task_run = TaskRun.from_document(plan.get("run", {}).get(leader, {"s": "accepted"}))
    begun = TaskRun.from_document(plan.get("run", {}).get(task, {"s": "accepted"})).started
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
        "held": is_held(plan, task),
        "startDate": shown(begun or plan["created"]),
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
    steps = _steps(picture, planned, run) if planned is not None else {}
    found = visits(run, body["status"], steps)
    shown_visits = _Visits(request, picture, found, flows)
    return {
        **body,
        **({"item": planned.item, "service": planned.service} if planned is not None else {}),
        "reason": run.reason or _held_for(picture.run(leading_task(picture.stored, task))),
        "element": shown_visits.by_element(),
        "flow": [{**_place(*place), "taken": count} for place, count in taken(run).items()],
        "variable": shown_visits.variables(run.state),
        "move": [{("date" if name == "at" else name): one[name] for name in one if name != "id"} for one in run.moves],
        "engine": told["engine"],
        "fulfillerKind": kinds_of_steps(picture, task),
        "data": told["data"],
        "path": told["path"],
    }


def _held_for(run: TaskRun) -> str | None:
    return (run.error or {}).get("message") if run.state in ("held", "pending", "failed") else None


def _steps(picture: PlanPicture, runner: PlannedTask, run: RecipeRun) -> dict[str, Step]:
    """The tasks of this very run, by the visit that each does."""
    steps = ((one.step, one) for one in picture.tasks if one.of == runner.key and one.step is not None)
    return {
        step: Step(one.key, picture.run(one.key), one.sources)
        for step, one in steps
        if one.key == step_key(runner, run.number, step)
    }


def _place(inside: str, element: str) -> Document:
    return {"id": element, **({"within": inside} if inside else {})}


class _Visits:
    """The visits of a run as they are shown, each referring to others by key and element."""

    def __init__(
        self, request: Request, picture: PlanPicture, found: list[Visit], flows: Iterable[Mapping[str, Any]]
    ) -> None:
        self._request = request
        self._picture = picture
        self._visits = found
        self._elements = {visit.key: visit.element for visit in found}
        calls = ((CallKey.parse(str(flow.get("call", ""))), flow) for flow in flows)
        # By the task that asked for each; those that undo something are others' business.
        self._flows = {call.task: flow for call, flow in calls if call is not None and call.operation == "fulfil"}

    def by_element(self) -> list[Document]:
        """Each element with its state and its visits."""
        places: dict[tuple[str, str], list[Visit]] = {}
        for visit in self._visits:
            places.setdefault((within(visit.key), visit.element), []).append(visit)
        return [
            {**_place(*place), "state": element_state(of_one), "visit": [self._visit(visit) for visit in of_one]}
            for place, of_one in places.items()
        ]

    def variables(self, state: State) -> list[Document]:
        """Each variable with who produced it and who consumed it; what a run began with was produced by nobody."""
        found = []
        for scope, values in state.data.values.items():
            made = state.data.made.get(scope, {})
            for name, value in values.items():
                told = {"name": name, "value": value, **self._producer(made.get(name, ""))}
                if scope == ROOT:
                    told["consumedBy"] = [self._reference(key) for key in state.data.used.get(name, ())]
                else:
                    told["scope"] = state.scopes[scope].path.rstrip("/") if scope in state.scopes else str(scope)
                found.append(told)
        return found

    def _visit(self, visit: Visit) -> Document:
        body: Document = {"key": visit.key, "state": visit.state, "startDate": visit.began, "endDate": visit.ended}
        if visit.reason:
            body["reason"] = visit.reason
        return body if visit.step is None else {**body, **self._step(visit.step)}

    def _step(self, step: Step) -> Document:
        """What the task of a visit tells of it."""
        key = f"{self._picture.stored['_id']}:{step.task}"
        error = step.run.error
        body: Document = {
            "task": {"id": key, "href": self._request.url(f"/task/{key}"), "state": step.run.state},
            "fulfiller": step.run.fulfiller or self._picture.documents.get(step.task, {}).get("fulfiller"),
            "attempts": step.run.attempts,
            "error": None if error is None else {name: error.get(name, "") for name in ("code", "message")},
            "source": [{"name": name, **self._producer(by)} for name, by in step.sources.items()],
        }
        flow = self._flows.get(step.task)
        return body if flow is None else {**body, "taskFlow": self._task_flow(flow)}

    def _task_flow(self, stored: Mapping[str, Any]) -> Document:
        flow = stored["body"]
        named = {name: flow[name] for name in ("name", "state", "queue", "assignee") if flow.get(name)}
        return {**task_flow_reference(self._request, {"id": stored["_id"], **flow}), **named}

    def _producer(self, key: str) -> Document:
        return {"producedBy": self._reference(key)} if key else {}

    def _reference(self, key: str) -> Document:
        return {"key": key, **({"element": self._elements[key]} if key in self._elements else {})}
