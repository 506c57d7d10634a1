"""What those who run recipes need to know of runs and of their steps: read off, nothing is changed by it."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from models.domain.plan import PlannedTask
from models.domain.recipe_runs import RecipeRun
from models.domain.recipe_steps import step_key
from models.domain.recipes import State
from models.domain.recipes.problems import Problem
from models.recipe_port import Playable
from models.store import Store
from scheduler.answers import Settling
from scheduler.context import TaskContext
from scheduler.fallout import Fallout
from scheduler.plan_record import PlanRecord

Document = dict[str, Any]

SHOWN = 20
"""Reasons why a run cannot be moved that the history names."""


def size_of(state: State) -> int:
    """Bytes of the data of a run, as JSON."""
    return len(orjson.dumps(state.data.to_document(), option=orjson.OPT_NON_STR_KEYS, default=str))


def title_of(playable: Playable, node: str) -> str:
    """What people call an element."""
    found = (process.nodes.get(node) for process in playable.recipe.processes.values())
    return next((known.title for known in found if known is not None), node)


def at_work(home: PlannedTask, run: RecipeRun) -> dict[str, str]:
    """The steps that a run waits for: by the key of the task, that of the step. `home` is the task that runs it."""
    tokens = (token for token in run.state.tokens.values() if token.phase == "work")
    return {step_key(home, run.number, token.key): token.key for token in tokens}


async def outputs_of(context: TaskContext, settling: Settling, plan: str, keys: Sequence[str]) -> dict[str, Document]:
    """What steps have brought: the values of characteristics by name, and their output.

    Raises:
        Unavailable: the database cannot be reached.
    """
    outputs = await context.outputs(keys)
    await settling.reports.load(plan, keys)
    found = {}
    for key in keys:
        reported = settling.reports.of(key).characteristics
        values = {str(entry["name"]): entry.get("value") for entry in reported if "name" in entry}
        found[key] = {**values, **(outputs.get(key) or {})}
    return found


async def variables_given(fallout: Fallout, store: Store, record: PlanRecord, key: str) -> Document:
    """What somebody has said that the variables of a run are to be; `key` is that of the task that runs it.

    Raises:
        Unavailable: the database cannot be reached.
    """
    directive = fallout.noted(key, "directive")
    if directive is None:
        stored = await store.get("task", record.task_id(key)) or {}
        directive = stored.get("directive") or {}
    given = directive.get("input")
    return dict(given) if isinstance(given, Mapping) else {}


def deed_of_move(
    task: PlannedTask, before: tuple[str, str], wish: Mapping[str, Any], against: Sequence[Problem]
) -> Document:
    """What the history tells of a run that was to go on with another version; `before` is its recipe and version."""
    name, version = before
    after: Document = {"task": task.key, "recipe": f"{name}:{wish['to']}"}
    if against:
        after = {"task": task.key, "refused": [str(one) for one in against[:SHOWN]]}
    what = f"The run of {task.name} of item {task.item} is moved to version {wish['to']}"
    why = f"{what}: {wish['why']}" if wish.get("why") else what
    return {"who": wish["who"], "why": why, "before": {"task": task.key, "recipe": f"{name}:{version}"}, "after": after}
