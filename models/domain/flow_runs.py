"""Process flows (TMF701) that run a recipe without an order: their plan, their data, their state. Pure.

The plan has one item, which stands for the run itself, and one task, which runs the recipe. There is no order and no
service in it; whoever needs one of them is refused before the run begins (`objections`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from models.domain.bound_recipes import GIVEN
from models.domain.dates import to_text
from models.domain.ids import task_key
from models.domain.lifecycles import FLOW_OF_TASK, PROCESS_OF_ITEM
from models.domain.order_view import Course
from models.domain.plan import Capability, Plan, PlannedItem, PlannedTask
from models.domain.progress import TaskRun
from models.domain.recipes import Process, Recipe
from models.domain.recipes.check_data import Unmet, unmet

Document = dict[str, Any]

OWNER = "processFlow"
"""Type of the owner of such a plan."""
ITEM = "1"
ACTION = "noChange"
"""What the order's action would be: nothing is done with a service."""
_MOST_OBJECTIONS = 20


def plan_of_run(name: str, version: str) -> Plan:
    """The plan of a process flow that runs this version of a recipe."""
    task = PlannedTask(
        key=task_key(ITEM, "", ACTION, name),
        name=name,
        item=ITEM,
        service="",
        specification=name,
        action=ACTION,
        capability=Capability(name, ACTION),
        kind="recipe",
        recipe=(name, version),
    )
    return Plan((PlannedItem(ITEM, (), ACTION),), (), (task,))


def objections(recipe: Recipe, given: frozenset[str]) -> tuple[str, ...]:
    """Why a run of a recipe cannot begin without an order, with data of these names: sentences that name what misses.

    A value that nobody produces is missed; one that only an order brings also where a step might produce it, or where
    the recipe declares it as start data but does not insist on it.
    """
    process = recipe.process
    absent = GIVEN - given
    found = [_missing(one) for one in unmet(recipe, _without(process, absent), given) if _matters(one, absent)]
    return tuple(dict.fromkeys(found))[:_MOST_OBJECTIONS]


def _matters(one: Unmet, absent: frozenset[str]) -> bool:
    return not one.doubtful or one.name in absent


def _missing(one: Unmet) -> str:
    why = "which only an order brings" if one.name in GIVEN else "which nobody gives or produces"
    return f"{one.place!r} needs {one.name!r}, {why}."


def _without(process: Process, names: frozenset[str]) -> Process:
    """The process as if it declared none of these as what it begins with."""
    schema = process.input_schema
    if schema is None or not names & set(schema.get("properties") or ()):
        return process
    kept = {name: value for name, value in schema["properties"].items() if name not in names}
    return replace(process, input_schema={**schema, "properties": kept})


def reference(name: str, version: str, known: Mapping[str, Any] | None = None) -> Document:
    """What a process flow refers to as its specification: the version of the recipe that it runs now.

    Args:
        name: of the recipe.
        version: that it runs: the one that it began with, until it is moved to another one.
        known: the reference that it has, or that its client has given.
    """
    types = {"@type": "ProcessFlowSpecificationRef", "@referredType": "ProcessFlowSpecification"}
    kept = dict(known or {})
    if kept.get("version", version) != version:
        kept.pop("href", None)  # it led to the version before
    return {**types, **kept, "id": f"{name}:{version}", "name": name, "version": version}


def data_of(body: Mapping[str, Any]) -> Document:
    """The variables that a run begins with: the characteristics of its process flow, by name."""
    return {entry["name"]: entry.get("value") for entry in body.get("characteristic") or ()}


def results_of(variables: Mapping[str, Any], process: Process) -> Document:
    """What a run leaves: what its recipe declares, or else all its variables."""
    declared = (process.output_schema or {}).get("properties")
    return {name: value for name, value in variables.items() if declared is None or name in declared}


def with_results(body: Mapping[str, Any], results: Mapping[str, Any]) -> list[Document]:
    """The characteristics of a process flow with the results of its run, each in the place of one of its name."""
    known = [
        {**entry, "value": results[entry["name"]]} if entry["name"] in results else entry
        for entry in body.get("characteristic") or ()
    ]
    names = {entry["name"] for entry in known}
    return [*known, *({"name": name, "value": value} for name, value in results.items() if name not in names)]


def state_of_run(item: str, phase: str, *, paused: bool) -> str:
    """The state of a process flow.

    Args:
        item: what its tasks make of its item (`Progress.item_view`).
        phase: of its cancellation (`Course.phase`).
        paused: whether its client has interrupted it.
    """
    match phase:
        case "cancelled":
            return "cancelled"
        case "undoing":
            return "hold" if item == "held" else "active"
    made = PROCESS_OF_ITEM[item]
    return "hold" if paused and made == "active" else made


def cancellation_of(
    known: Mapping[str, Any] | None, course: Course, denied: Sequence[Mapping[str, Any]], state: str, *, final: bool
) -> Document | None:
    """What a process flow says of the cancellation that was asked for; None where none was.

    Args:
        known: what it has said so far.
        course: where the cancellation takes it.
        denied: what the plan has to tell of denied requests, each {denied: id, message}.
        state: that it is in from now on.
        final: whether that is its end.
    """
    if denied:
        last = denied[-1]
        return {**(known or {}), "id": last["denied"], "state": "denied", "message": last["message"]}
    if course.phase == "cancelled" and known is not None:
        return {**known, "state": "done"}
    if known is None or known["state"] in ("denied", "done"):
        return None if known is None else dict(known)
    if final:
        return {**known, "state": "denied", "message": f"It came too late: the process flow is {state}."}
    return {**known, "state": "inProgress"} if course.phase == "undoing" else dict(known)


def step_body(run: TaskRun, known: Mapping[str, Any], now: str) -> Document:
    """The task flow that a step is, as its task stands; `known` is its body so far."""
    state = FLOW_OF_TASK[run.state]
    made = {**known, "state": state}
    if run.started is not None:
        made.setdefault("startDate", to_text(run.started))
    if run.fulfiller:
        made["relatedEntity"] = [
            {"id": run.fulfiller, "role": "fulfiller", "@type": "RelatedEntity", "@referredType": "Fulfiller"}
        ]
    if state in ("completed", "cancelled"):
        made |= {"completionDate": known.get("completionDate", now), "outcome": _OUTCOMES.get(run.state, "withdrawn")}
    made.pop("reason", None)
    if run.error and run.state != "done":
        made["reason"] = run.error.get("message", "")
    return made


_OUTCOMES: Mapping[str, str] = {"done": "done", "skipped": "done", "failed": "failed"}
