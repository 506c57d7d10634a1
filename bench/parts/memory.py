"""How much memory everything takes: idle, and after work."""

import asyncio

import orjson

from bench import input as orders
from bench.database import empty
from bench.figures import Figure
from bench.parts.completion import place
from bench.stage import FULFILLERS, Stage

PART = "memory"
EMPTY, BARE = "empty ASGI", "bare handler"
_SETTLE_SECONDS = 1.0
_MB = 1_000_000


async def measure(stage: Stage) -> list[Figure]:
    """The server and the database, before and after orders of five tasks."""
    before = await stage.database.memory()
    async with stage.server("memory") as (server, store), stage.sink() as sink:
        await stage.post(server.url + FULFILLERS, orders.simulator())
        await stage.subscribe(server, f"{sink.url}/fast/all")
        async with stage.floor("empty", store) as nothing, stage.floor("bare", store) as bare:
            await asyncio.sleep(_SETTLE_SECONDS)
            floors = {EMPTY: [nothing.memory / _MB], BARE: [bare.memory / _MB]}
        idle = server.memory
        count = stage.scale.orders
        stage.say(f"{count} orders of five tasks, and one of {max(stage.scale.item_counts)} items")
        await place(stage, server, store, orjson.dumps(orders.order(orders.FIVE_TASKS)), count)
        await empty(store)
        await place(stage, server, store, orjson.dumps(orders.order(orders.FIVE_TASKS, stage.scale.item_counts[-1])), 1)
        await asyncio.sleep(_SETTLE_SECONDS)
        after, database = server.memory, await stage.database.memory()
    work = f"after {count} orders of five tasks and one of {stage.scale.item_counts[-1]} items"
    return [
        Figure(PART, "server, idle", "MB", [idle / _MB], floors),
        Figure(PART, "server, after work", "MB", [after / _MB], floors, None, work),
        Figure(
            PART, "database, before this part", "MB", [before / _MB], note="its cache holds 256 MB at most by default"
        ),
        Figure(
            PART,
            "database, after work",
            "MB",
            [database / _MB],
            note="with whatever other parts have left in its cache",
        ),
        Figure(PART, "the whole, after work", "MB", [(after + database) / _MB]),
    ]
