"""What the run of a recipe costs, saved: orders whose specification binds a recipe of six service tasks.

Beside it runs the plan engine with the same six tasks by fulfilment rules: the same needs, inputs and fulfiller. The
engine is a process of its own (`--roles scheduler`), so that its CPU is told apart from what taking the orders costs.
"""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import orjson

from bench import input as orders
from bench.database import empty
from bench.figures import Aim, Figure
from bench.load import Request
from bench.parts.six_tasks import INPUTS, NEEDS, for_som
from bench.processes import Child
from bench.stage import FULFILLERS, ORDERS, SPECIFICATIONS, Stage, completed, quiet, require_completed, until
from models.store import Store

PLAN_ENGINE = "plan engine, six tasks"
SPIFF_ALONE, SPIFF_SAVED = "SpiffWorkflow alone", "SpiffWorkflow, through JSON at every step"
_PROCESSES = {"engine": "the engine's CPU", "others": "CPU of taking orders and telling", "database": "database CPU"}
CONNECTIONS = 32

Document = dict[str, Any]

_RULES, _RECIPE = "bench-six-tasks-1", "bench-recipe-1"


@dataclass(frozen=True, slots=True)
class _Place:
    """The processes of one server: what takes orders and tells of them, the engine, and their database."""

    api: Child
    engine: Child
    store: Store


@dataclass(frozen=True, slots=True)
class _Cost:
    """Of one order: seconds, and seconds of CPU of the engine, of the other roles, and of the database."""

    seconds: float
    engine: float
    others: float
    database: float


async def measure(stage: Stage, part: str, spiff: Mapping[str, Sequence[float]]) -> list[Figure]:
    """Recipes beside fulfilment rules; `spiff` are samples of SpiffWorkflow in ms, by name of the floor."""
    costs: defaultdict[str, list[_Cost]] = defaultdict(list)
    async with AsyncExitStack() as stack:
        api, store = await stack.enter_async_context(stage.server("durable_recipes", "api,notifier"))
        engine = await stack.enter_async_context(stage.process("durable_recipes_engine", store, "scheduler"))
        place = _Place(api, engine, store)
        await _prepare(stage, api)
        count = max(2, stage.scale.orders // 3)
        for name in (_RULES, _RECIPE):  # warm
            await _place(stage, place, name, max(2, count // 5))
        for number in range(stage.scale.rounds):
            for name in (_RULES, _RECIPE):
                stage.say(f"{count} orders of six tasks of {name}, round {number + 1}")
                costs[name].append(await _place(stage, place, name, count))
    return _figures(part, costs, spiff)


async def _prepare(stage: Stage, api: Child) -> None:
    inputs = {name: f"=service.characteristic.{name}" for name in INPUTS}
    tasks = {name: {"needs": needs, "input": inputs} for name, needs in NEEDS.items()}
    await stage.post(api.url + SPECIFICATIONS, orders.specification(_RULES, {"add": {"tasks": tasks}}))
    await stage.post(api.url + SPECIFICATIONS, orders.specification(_RECIPE, None))
    await stage.post(api.url + FULFILLERS, orders.simulator())
    bound = [{"specification": _RECIPE.removesuffix("-1"), "action": "add"}]
    body = {"name": "bench", "version": "1.0.0", "bpmn": for_som(_RECIPE.removesuffix("-1")), "binding": bound}
    made = await stage.post(f"{api.url}/som/v1/recipe", body)
    for step in ("review", "publish"):
        await stage.change(f"{api.url}/som/v1/recipe/{made['id']}/{step}", {"why": "to be measured"})


async def _place(stage: Stage, place: _Place, name: str, count: int) -> _Cost:
    body, api, engine, store = orjson.dumps(orders.order(name)), place.api, place.engine, place.store
    effort, spent, others, began = await stage.database.effort(), engine.cpu, api.cpu, time.perf_counter()
    await stage.load.run(api.url, [Request("POST", ORDERS, body)], connections=CONNECTIONS, most=count)
    ended = await until(lambda: completed(store), "completing orders")
    await until(lambda: quiet(store), "telling of orders")
    cost = (await stage.database.effort()).since(effort)
    await require_completed(store, count)
    made = _Cost(ended - began, engine.cpu - spent, api.cpu - others, cost.cpu)
    await empty(store)
    return _Cost(*(value / count for value in (made.seconds, made.engine, made.others, made.database)))


def _figures(part: str, costs: dict[str, list[_Cost]], spiff: Mapping[str, Sequence[float]]) -> list[Figure]:
    recipes, plans = costs[_RECIPE], costs[_RULES]
    rates = ([1 / one.seconds for one in recipes], [1 / one.seconds for one in plans])
    made = [Figure(part, "durable: instances of six tasks", "1/s", rates[0], {PLAN_ENGINE: rates[1]})]
    for name, what in _PROCESSES.items():
        own, floor = ([1_000 * getattr(one, name) for one in found] for found in (recipes, plans))
        aim = Aim(1.5, least=False, floor=PLAN_ENGINE) if name == "engine" else None
        made.append(Figure(part, f"durable: {what}", "ms/instance", own, {PLAN_ENGINE: floor}, aim))
    if spiff:
        own = [1_000 * one.engine for one in recipes]
        floors = {name: samples[: len(own)] for name, samples in spiff.items()}
        note = "neither orders nor calls are in these floors, and no database"
        made.append(Figure(part, "durable: the engine's CPU, again", "ms/instance", own, floors, note=note))
    return made
