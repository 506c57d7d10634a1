"""What the run of a recipe costs: six service tasks, two of them side by side.

Alone, with its state saved (`saved_recipes`), and as part of orders (`durable_recipes`). Beside it runs SpiffWorkflow,
with the same data, drawing and inputs, and a service that answers at once.
"""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from bench.figures import Figure
from bench.parts import durable_recipes, saved_recipes, spiff
from bench.parts.six_tasks import for_som
from bench.stage import Stage
from models.domain.recipes import State, advance, effects, start
from models.domain.recipes.happenings import Done
from models.recipes import read_recipe

PART = "recipes"

_RUNS, _WARM = 100, 10
_AT = datetime(2026, 1, 1, tzinfo=UTC)
_DATA: dict[str, Any] = {
    "service": {
        "id": "0" * 36,
        "name": "Line 1",
        "state": "designed",
        "serviceSpecification": {"id": "bench-recipe-1", "name": "bench-recipe", "version": "1.0"},
        "characteristic": {"site": "NL-10001", "bandwidth": 1000, "technology": "fibre"},
    },
    "order": {"id": "0" * 36, "externalId": "BENCH-4711", "category": "bench", "priority": "4"},
    "item": {"id": "1", "action": "add", "quantity": 1, "path": "1"},
    "action": "add",
}
"""What a run of an order begins with."""


async def measure(stage: Stage) -> list[Figure]:
    """CPU of one instance, with its state kept in memory, and with it written as JSON and read at every step."""
    rounds = stage.scale.rounds * 2 - 1
    stage.say(f"{rounds} times {_RUNS} instances of six tasks")
    ours, beside = _ours(), spiff.runner(_DATA)
    figures = []
    floors_of_spiff: dict[str, list[float]] = {}
    for name, saved in (("instance of six tasks", False), ("the same, through JSON at every step", True)):
        samples: list[float] = []
        floor: list[float] = []
        for _ in range(rounds):
            samples.append(_cpu(ours, saved))
            if beside is not None:
                floor.append(_cpu(beside, saved))
        floors = {spiff.NAME: floor} if floor else {}
        if floor:
            floors_of_spiff[durable_recipes.SPIFF_SAVED if saved else durable_recipes.SPIFF_ALONE] = floor
        note = "" if floor else "SpiffWorkflow is not installed"
        figures.append(Figure(PART, name, "ms CPU", samples, floors, note=note))
    figures += await saved_recipes.measure(stage, PART, (_DATA, _AT), floors_of_spiff)
    return figures + await durable_recipes.measure(stage, PART, floors_of_spiff)


def _cpu(run: Callable[[bool], None], saved: bool) -> float:
    for _ in range(_WARM):
        run(saved)
    began = time.process_time()
    for _ in range(_RUNS):
        run(saved)
    return (time.process_time() - began) / _RUNS * 1_000


def _ours() -> Callable[[bool], None]:
    recipe = read_recipe(for_som("bench-recipe"))

    def run(saved: bool) -> None:
        state, found = start(recipe, _DATA, _AT)
        todo = [effect.key for effect in found if isinstance(effect, effects.Start)]
        while todo:
            if saved:
                state = State.from_document(json.loads(json.dumps(state.to_document())))
            state, found = advance(recipe, state, Done(_AT, todo.pop(0), {"n": 2}))
            todo += [effect.key for effect in found if isinstance(effect, effects.Start)]
        if state.status != "completed":
            raise RuntimeError(f"The recipe ended as {state.status}.")

    return run
