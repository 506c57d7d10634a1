"""How fast orders go through beside others whose fulfiller hangs: it takes requests, and never answers."""

import time

import orjson

from bench import input as orders
from bench.figures import Aim, Figure
from bench.load import Request
from bench.parts.completion import CONNECTIONS
from bench.stage import FULFILLERS, ORDERS, Stage, until
from models.store import Store

PART = "beside"
WITHOUT = "without"
RATIO = 0.9


async def measure(stage: Stage) -> list[Figure]:
    """Orders of one task at a healthy fulfiller, in turns without and with as many at one that hangs.

    Each time with a server of its own, so that what hangs costs nothing while the floor is measured.
    """
    rates: dict[str, list[float]] = {WITHOUT: [], "som": []}
    costs: dict[str, list[float]] = {WITHOUT: [], "som": []}
    for number in range(stage.scale.rounds):
        for name, hanging in ((WITHOUT, 0), ("som", stage.scale.orders)):
            stage.say(f"{stage.scale.orders} orders beside {hanging} that hang, round {number}")
            rate, cost = await _go_through(stage, f"beside_{number}_{hanging}", hanging)
            rates[name].append(rate)
            costs[name].append(cost)
    aim = Aim(RATIO, least=True, floor=WITHOUT)
    title = f"orders of one task beside {stage.scale.orders} whose fulfiller hangs"
    note = "its calls end after 10 s each, 100 at a time"
    return [
        Figure(PART, title, "orders/s", rates["som"], {WITHOUT: rates[WITHOUT]}, aim, note),
        Figure(PART, f"{title}: server CPU", "ms/order", costs["som"], {WITHOUT: costs[WITHOUT]}),
    ]


async def _go_through(stage: Stage, place: str, hanging: int) -> tuple[float, float]:
    """Orders a second, and milliseconds of the server's processor for each."""
    count = stage.scale.orders
    async with stage.sink() as sink, stage.server(place) as (server, store):
        for name, specification, where in (
            ("hangs", "bench-five-tasks", {"kind": "rest", "endpoint": f"{sink.url}/hang"}),
            ("is well", "bench-one-task", {"kind": "simulator"}),
        ):
            able = {"capability": [{"specification": specification, "action": "*"}], "retry": {"delays": [3600]}}
            await stage.post(server.url + FULFILLERS, {"name": name, **where, **able})
        await _load(stage, server.url, orders.ONE_TASK, count)  # warms both up
        await until(lambda: _completed(store, count), "warming up")
        if hanging:
            await _load(stage, server.url, orders.FIVE_TASKS, hanging)
            await until(lambda: _begun(store, hanging), "beginning what hangs")
        spent, began = server.cpu, time.perf_counter()
        await _load(stage, server.url, orders.ONE_TASK, count)
        ended = await until(lambda: _completed(store, 2 * count), "completing what does not hang")
        spent = server.cpu - spent
    return count / (ended - began), 1000 * spent / count


async def _load(stage: Stage, url: str, specification: str, count: int) -> None:
    request = Request("POST", ORDERS, orjson.dumps(orders.order(specification)))
    await stage.load.run(url, [request], connections=CONNECTIONS, most=count)


async def _begun(store: Store, count: int) -> bool:
    """Whether all are under way: called, or waiting for their turn."""
    under_way = {"tenant": "default", "body.state": "inProgress"}
    return bool(await store.collection("serviceOrder").count_documents(under_way) == count)


async def _completed(store: Store, count: int) -> bool:
    completed = {"tenant": "default", "body.state": "completed"}
    return bool(await store.collection("serviceOrder").count_documents(completed) == count)
