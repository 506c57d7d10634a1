"""How long an accepted order waits for its first fulfiller to be called, on an idle system.

The floor is a program that watches one collection and calls the same fulfiller for each new document.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bench import input as orders
from bench.database import empty
from bench.figures import Aim, Figure
from bench.processes import Child
from bench.stage import FULFILLERS, ORDERS, Stage, completed, quiet, until
from models.ids import new_id
from models.store import Store

PART = "first call"
WATCHER = "change stream and POST"
_PAUSE = 0.1
_GROUPS = 5


async def measure(stage: Stage) -> list[Figure]:
    """Place orders one by one, each when all is quiet, in turns with the floor."""
    waits: list[float] = []
    lowest: list[float] = []
    async with stage.server("first_call") as (server, store), stage.sink() as sink:
        await stage.post(server.url + FULFILLERS, orders.rest(f"{sink.url}/fulfil"))
        floor = await stage.database.store("first_call_floor")
        async with _watching(stage, floor, sink):
            stage.say(f"{stage.scale.first_calls} orders, each on an idle system")
            for number in range(stage.scale.first_calls + 2):
                order, answered = await _place(stage, server)
                await until(lambda: completed(store), "completing an order")
                await until(lambda: quiet(store), "telling of an order")
                key, stored = await _insert(floor)
                await asyncio.sleep(_PAUSE)
                arrivals = await stage.get(f"{sink.url}/arrivals")
                if number >= 2:  # the first ones open connections
                    waits.append(1000 * (arrivals[order] - answered))
                    lowest.append(1000 * (arrivals[key] - stored))
        await empty(store)
    return _figures(waits, lowest)


async def _place(stage: Stage, server: Child) -> tuple[str, float]:
    async with stage.http.post(server.url + ORDERS, json=orders.order(orders.FIVE_TASKS)) as answer:
        now = time.monotonic()
        placed: dict[str, Any] = await answer.json()
        assert answer.status == 201, placed
    return placed["id"], now


async def _insert(floor: Store) -> tuple[str, float]:
    key = new_id()
    await floor.collection("serviceOrder").insert_one({"_id": key})
    return key, time.monotonic()


@asynccontextmanager
async def _watching(stage: Stage, floor: Store, sink: Child) -> AsyncIterator[None]:
    opened = asyncio.Event()

    async def watch() -> None:
        pipeline: list[dict[str, Any]] = [{"$match": {"operationType": "insert"}}, {"$project": {"documentKey": 1}}]
        async with await floor.collection("serviceOrder").watch(pipeline, max_await_time_ms=1000) as stream:
            opened.set()
            async for change in stream:
                body = {"orderId": change["documentKey"]["_id"]}
                async with stage.http.post(f"{sink.url}/fulfil", json=body) as answer:
                    await answer.read()

    task = asyncio.create_task(watch())
    try:
        await opened.wait()
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _figures(waits: list[float], lowest: list[float]) -> list[Figure]:
    size = max(1, len(waits) // _GROUPS)
    parts = [(waits[i : i + size], lowest[i : i + size]) for i in range(0, size * min(_GROUPS, len(waits)), size)]
    half = Figure(
        PART,
        "201 to first call, p50",
        "ms",
        [_share(part, 0.5) for part, _ in parts],
        {WATCHER: [_share(part, 0.5) for _, part in parts]},
        note=f"median of {len(parts)} groups of {size} orders",
    )
    tail = Figure(
        PART,
        "201 to first call, p99",
        "ms",
        [_share(waits, 0.99)],
        {WATCHER: [_share(lowest, 0.99)]},
        Aim(100, least=False),
        note=f"of {len(waits)} orders; the slowest {max(waits):.0f} ms",
    )
    return [half, tail]


def _share(samples: list[float], share: float) -> float:
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]
