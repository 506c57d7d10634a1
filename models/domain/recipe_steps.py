"""Steps of a recipe as tasks of a plan: so that idempotency, retry, limits, selection and fallout exist once. Pure."""

from collections.abc import Mapping
from typing import Any

from models.domain.fulfilment import ACTIONS, default_compensation
from models.domain.ids import task_key
from models.domain.plan import Capability, Compensation, Kind, PlannedTask
from models.domain.recipes import Node, Recipe, Work
from models.domain.recipes.effects import Start
from models.domain.recipes.values import secrets_of

_KINDS: Mapping[str, Kind] = {"user": "person", "manual": "person"}
"""By the kind of BPMN task; the others are work on the service."""


def step_key(task: PlannedTask, run: int, step: str) -> str:
    """The key of the task that is a step of a run of the recipe that a task runs."""
    return task_key(task.item, task.key, str(run), step)


def planned_step(task: PlannedTask, run: int, start: Start, recipe: Recipe, forms: Mapping[str, Any]) -> PlannedTask:
    """The task that a step is.

    Args:
        task: the one that runs the recipe.
        run: how often the recipe was begun by it.
        start: what the recipe wants done.
        recipe: where the step is defined.
        forms: JSON Schemas of what people have to report, by the name that a recipe gives them.
    """
    node = recipe.processes[start.process].nodes[start.node]
    kind = _KINDS.get(start.kind, "fulfil")
    given = {**start.input}
    if kind == "person":
        given = {**given, "manual": {**_for_people(node, forms), **given.get("manual", {})}}
    return PlannedTask(
        key=step_key(task, run, start.key),
        name=node.title,
        item=task.item,
        service=task.service,
        specification=task.specification,
        action=task.action if task.service else _own_action(node.work, task.action),
        capability=_capability(task, node.work, kind),
        input=given,
        deadline=node.work.deadline,
        retry=node.work.retry,
        compensation=_compensation(task, node.work, start),
        kind=kind,
        operation=start.operation,
        target=step_key(task, run, start.undoes or "") if start.operation == "compensate" else None,
        undoing=start.undoing,
        of=task.key,
        step=start.key,
        fulfiller=node.work.fulfiller if kind == "person" else node.work.by,
        sources=dict(start.sources),
        secrets=tuple(sorted(secrets_of(node.work.inputs or ()))) if kind != "person" else (),
    )


def _compensation(task: PlannedTask, work: Work, start: Start) -> Compensation:
    """How a step is undone: as the drawing shows, else as the step says, else as what is done with the service."""
    otherwise = default_compensation(task.action) if task.service else "none"
    if start.undoing:
        return "none"
    if start.undoable:
        return "recipe"
    if work.compensation is None or (work.compensation == "delete" and otherwise != "delete"):
        return otherwise
    return work.compensation


def _own_action(work: Work, otherwise: str) -> str:
    """What a fulfiller is told that a step does where no order says it."""
    return work.action if work.action in ACTIONS else otherwise


def _capability(task: PlannedTask, work: Work, kind: Kind) -> Capability:
    """What a fulfiller must be able to do: as the step says, else another engine's job type, else as the recipe.

    Who is asked by name, as for such a type, is held against nothing of it.
    """
    wanted = work.specification or work.type
    action = work.action or (task.action if kind == "fulfil" else kind)
    if wanted is not None:
        return Capability(wanted, action)
    return Capability(task.capability.specification, action, task.capability.name, task.capability.category)


def _for_people(node: Node, forms: Mapping[str, Any]) -> dict[str, Any]:
    """What the kind `manual` is told of a person's step: whose it is, what it is called, what to report."""
    work = node.work
    form = forms.get(work.form or "", work.output_schema)
    queue = work.queue or next(iter(work.groups), None) or node.lane
    told = {"name": node.title, "queue": queue, "assignee": work.assignee, "form": form}
    return {name: value for name, value in told.items() if value}
