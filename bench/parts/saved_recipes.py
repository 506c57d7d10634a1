"""What the engine of recipes costs with its runs saved, and nothing beside: no order, no plan, no call of a fulfiller.

Many instances at a time. Each is written when it begins and after every step, durably and only where nobody else has
written it, as the runs of plans are; steps that end together are saved together.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bench.figures import Aim, Figure
from bench.parts.six_tasks import for_som
from bench.stage import Stage
from models.domain.recipes import State, advance, effects, start
from models.domain.recipes.effects import Effect
from models.domain.recipes.happenings import Done
from models.domain.recipes.model import Recipe
from models.recipes import read_recipe
from models.store import Store

COLLECTION = "plan"

Document = dict[str, Any]


async def measure(
    stage: Stage, part: str, begins: tuple[Document, datetime], floors: Mapping[str, Sequence[float]]
) -> list[Figure]:
    """Instances per second and CPU each, client of the database included.

    Args:
        stage: where it is measured.
        part: what the figures belong to.
        begins: the variables that instances begin with, and the moment.
        floors: samples in ms, by name; the aim is about the first.
    """
    store, recipe = await stage.database.store("saved_recipes"), read_recipe(for_som("bench-recipe"))
    count, rounds = max(2, stage.scale.orders // 2), stage.scale.rounds * 2 - 1
    stage.say(f"{rounds} times {count} instances of six tasks, saved at every step")
    rates: list[float] = []
    samples: list[float] = []
    for number in range(rounds + 1):
        spent, began = time.process_time(), time.perf_counter()
        await asyncio.gather(*(_run(store, recipe, f"{number}-{place}", begins) for place in range(count)))
        if number:  # the first warms
            rates.append(count / (time.perf_counter() - began))
            samples.append((time.process_time() - spent) / count * 1_000)
    at_most = {name: [1_000 / one for one in found] for name, found in floors.items()}
    note = "the floors do what a second of one processor allows, one after the other, and save nothing"
    aim = Aim(2.2, least=False, floor=next(iter(floors))) if floors else None
    return [
        Figure(part, "saved at every step: instances of six tasks", "1/s", rates, at_most, note=note),
        Figure(part, "saved at every step: CPU", "ms/instance", samples, floors, aim),
    ]


async def _run(store: Store, recipe: Recipe, key: str, begins: tuple[Document, datetime]) -> None:
    data, at = begins
    state, found = start(recipe, data, at)
    todo, revision = _steps(found), 0
    await store.insert(COLLECTION, {"_id": key, "rev": revision, "run": state.to_document()})
    while todo:
        ended, todo = todo, []
        for step in ended:
            state, found = advance(recipe, state, Done(at, step, {"n": 2}))
            todo += _steps(found)
        await _save(store, key, revision, state)
        revision += 1
    if state.status != "completed":
        raise RuntimeError(f"The recipe ended as {state.status}.")


async def _save(store: Store, key: str, revision: int, state: State) -> None:
    change = {"$set": {"rev": revision + 1, "run": state.to_document()}}
    if not await store.update(COLLECTION, {"_id": key, "rev": revision}, change):
        raise RuntimeError("Somebody else has written the run.")


def _steps(found: Sequence[Effect]) -> list[str]:
    return [effect.key for effect in found if isinstance(effect, effects.Start)]
