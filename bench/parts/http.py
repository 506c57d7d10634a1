"""How fast requests are answered, beside an empty server and beside one that does nothing but talk to the database."""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from bench import input as orders
from bench.figures import Aim, Figure
from bench.load import Request
from bench.processes import Child
from bench.stage import ORDERS, Stage
from bench.stored import fill

PART = "http"
EMPTY, BARE, SOM = "empty ASGI", "bare handler", "som"
CONNECTIONS = (1, 32)


@dataclass(frozen=True, slots=True)
class Operation:
    """What is asked for, again and again."""

    name: str
    requests: Sequence[Request]
    aim: Aim | None = None


async def measure(stage: Stage) -> list[Figure]:
    """All operations, alone and 32 at a time."""
    async with AsyncExitStack() as stack:
        server, store = await stack.enter_async_context(stage.server("http", "api"))
        subjects = {
            EMPTY: await stack.enter_async_context(stage.floor("empty", store)),
            BARE: await stack.enter_async_context(stage.floor("bare", store)),
            SOM: server,
        }
        placed = await stage.post(server.url + ORDERS, orders.order(orders.ONE_TASK, 1, 250))
        model = await store.get("serviceOrder", placed["id"])
        assert model is not None
        stage.say(f"storing {stage.scale.stored} orders")
        keys = await fill(store, model, stage.scale.stored)
        figures: list[Figure] = []
        for operation in _operations(keys):
            for connections in CONNECTIONS:
                figures += await _compare(stage, operation, subjects, connections)
        return figures


def _operations(keys: Sequence[str]) -> list[Operation]:
    aim = Aim(0.6, least=True, floor=BARE)
    return [
        Operation("POST small (1 KB)", [Request("POST", ORDERS, orders.small())], aim),
        Operation("POST big (40 KB)", [Request("POST", ORDERS, orders.big())], aim),
        Operation("GET by id", [Request("GET", f"{ORDERS}/{key}") for key in keys]),
        Operation("GET list, 20 of one state", [Request("GET", f"{ORDERS}?state=held&limit=20")]),
    ]


async def _compare(stage: Stage, operation: Operation, subjects: dict[str, Child], connections: int) -> list[Figure]:
    """One operation at every subject in turns."""
    stage.say(f"{operation.name}, {connections} at a time")
    rates, costs, tails = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list), []
    for number in range(stage.scale.rounds):
        names = list(subjects)
        for name in names[number % 3 :] + names[: number % 3]:  # nobody is always the first
            subject = subjects[name]
            await stage.load.run(subject.url, operation.requests, connections=connections, most=5 * connections)
            before = subject.cpu
            run = await stage.load.run(
                subject.url, operation.requests, connections=connections, seconds=stage.scale.seconds
            )
            rates[name].append(run.rate)
            costs[name].append(1000 * (subject.cpu - before) / run.requests)
            if name == SOM:
                tails.append(run.p99)
    title = f"{operation.name}, {connections} at a time"
    floors = (EMPTY, BARE)
    note = f"p99 {sorted(tails)[len(tails) // 2]:.1f} ms"
    return [
        Figure(PART, title, "requests/s", rates[SOM], {name: rates[name] for name in floors}, operation.aim, note),
        Figure(PART, f"{title}: server CPU", "ms/request", costs[SOM], {name: costs[name] for name in floors}),
    ]
