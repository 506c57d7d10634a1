"""What recipes begin with, and what their steps are given and answer, held against the JSON Schemas they declare.

What a recipe computes by itself (scripts, decisions, calls) is held against them as it runs: `recipes.fitting`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from models.domain.bound_recipes import GIVEN
from models.domain.errors import SomError
from models.domain.outcomes import Done, Outcome, Refused
from models.domain.plan import PlannedTask
from models.domain.recipe_runs import RecipeRun
from models.domain.recipes.fitting import meant_for
from models.recipe_port import Playable
from models.schemas import violations

Schema = Mapping[str, Any]
Declares = Callable[[PlannedTask], Schema | None]
"""The JSON Schema that the recipe of a step has for it, if it has one."""


class InputMisfit(SomError):
    """The input of a step is not what its recipe declares."""


def nothing(_: PlannedTask) -> Schema | None:
    """Nothing is declared."""
    return None


def check_input(declares: Declares, task: PlannedTask, value: Any) -> None:
    """See that the input of a step is what its recipe declares.

    Raises:
        InputMisfit: it is not; says where.
    """
    schema = declares(task) if _is_step(task) else None
    if schema is None or not isinstance(value, Mapping):
        return
    ours = {"manual"} if task.kind == "person" else set()  # what people are told of the task is ours
    wrong = violations(schema, {name: one for name, one in value.items() if name not in ours})
    if wrong:
        raise InputMisfit("; ".join(wrong))


def as_declared(declares: Declares, task: PlannedTask, done: Done) -> Outcome:
    """What an answer is: one that is not what the recipe declares for the step makes no sense; its work may be done."""
    schema = declares(task) if _is_step(task) else None
    if schema is None:
        return done
    named = schema.get("properties") or {}
    reported = ((str(entry.get("name")), entry.get("value")) for entry in done.service_characteristic)
    wrong = violations(schema, {**{name: value for name, value in reported if name in named}, **done.output})
    if not wrong:
        return done
    return Refused(f"The answer is not what the step declares: {'; '.join(wrong)}.", maybe_done=True)


def misfit_of_start(playable: Playable, data: Mapping[str, Any]) -> str:
    """Why a run cannot begin with this data, which is not what its recipe declares; empty: it can.

    What every order brings may come along undeclared.
    """
    schema = playable.recipe.process.input_schema
    wrong = violations(schema, meant_for(schema, data, data.keys() - GIVEN)) if schema is not None else ()
    return "; ".join(wrong)


def schema_of(which: str, step: PlannedTask, run: RecipeRun | None, playable: Playable | None) -> Schema | None:
    """The JSON Schema that a recipe has for the input (`input_schema`) or answer (`output_schema`) of a step."""
    token = run.state.token(step.step or "") if run is not None else None
    if run is None or playable is None or token is None:
        return None
    process = playable.recipe.processes.get(run.state.scopes[token.scope].process)
    node = process.nodes.get(token.node) if process is not None else None
    schema: Schema | None = getattr(node.work, which) if node is not None else None
    return schema


def _is_step(task: PlannedTask) -> bool:
    return task.of is not None and task.target is None
