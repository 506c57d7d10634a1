"""Moving a run that stands in a plan to another version of its recipe: whether it is sound, and doing it. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from models.domain.dates import to_text
from models.domain.precedence import ENDED
from models.domain.recipe_runs import RecipeRun
from models.domain.recipes import Recipe, State, migrate, obstacles
from models.domain.recipes.effects import Effect
from models.domain.recipes.problems import Problem

Document = dict[str, Any]

MOVES_KEPT = 20
"""Moves of a run that are kept, the latest ones; the history of its order has all."""


def reasons_against(run: RecipeRun, task_state: str, old: Recipe, new: Recipe) -> tuple[Problem, ...]:
    """Why a run cannot go on with another version; nothing: it can.

    Args:
        run: where it stands.
        task_state: of the task that runs it.
        old: the version that it runs now, with what that calls.
        new: the other version, likewise.
    """
    process = old.process
    if task_state in ENDED or run.undoing:
        why = "It is over, or what it has done is being undone."
        return (Problem(process.id, process.name, "process", "misplaced", "refused", why),)
    former = (State.from_document(one) for one in run.former)
    found = [problem for state in (run.state, *former) for problem in obstacles(state, old, new)]
    return tuple(dict.fromkeys(found))


def move(
    run: RecipeRun, between: tuple[Recipe, Recipe], wish: Mapping[str, Any], called: Mapping[str, str], at: datetime
) -> Sequence[Effect]:
    """Let a run go on with another version; what follows is returned.

    One that has failed begins anew with it when it is tried again. A wish that was carried out already changes nothing.

    Args:
        run: that moves.
        between: the version that it runs now, and the other one.
        wish: {id, to: version, who, why?}.
        called: versions of the recipes that the other one calls.
        at: the present moment.

    Raises:
        NotMovable: it would not be sound.
    """
    if any(one["id"] == wish["id"] for one in run.moves):
        return ()
    effects: Sequence[Effect] = ()
    if run.state.running:
        run.state, effects = migrate(run.state, *between, at)
    name, version = run.recipe
    told = {"id": wish["id"], "at": to_text(at), "from": version, "to": wish["to"], "who": wish["who"]}
    if wish.get("why"):
        told["why"] = wish["why"]
    run.moves = [*run.moves, told][-MOVES_KEPT:]
    run.recipe, run.called = (name, str(wish["to"])), dict(called)
    return effects
