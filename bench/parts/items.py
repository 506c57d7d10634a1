"""Whether an order of many items costs as much for each as an order of one."""

from collections import defaultdict

import orjson

from bench import input as orders
from bench.database import empty
from bench.figures import Aim, Figure
from bench.parts.completion import place
from bench.stage import FULFILLERS, Stage

PART = "items"
ONE = "order of 1 item"


async def measure(stage: Stage) -> list[Figure]:
    """The same number of items of five tasks, in orders of every size."""
    sizes = stage.scale.item_counts
    times, costs, database = (defaultdict[int, list[float]](list) for _ in range(3))
    async with stage.server("items") as (server, store), stage.sink() as sink:
        await stage.post(server.url + FULFILLERS, orders.simulator())
        await stage.subscribe(server, f"{sink.url}/fast/all")
        await place(stage, server, store, orjson.dumps(orders.order(orders.FIVE_TASKS)), 5)
        await empty(store)
        for number in range(stage.scale.rounds):
            for size in sizes:
                count = max(1, stage.scale.items // size)
                stage.say(f"{count} orders of {size} items, round {number + 1}")
                placed = await place(stage, server, store, orjson.dumps(orders.order(orders.FIVE_TASKS, size)), count)
                items = size * count
                times[size].append(1000 * placed.until_told / items)
                costs[size].append(1000 * placed.server / items)
                database[size].append(1000 * placed.database.cpu / items)
                await empty(store)
    return [
        figure
        for size in sizes
        for figure in (
            _figure(f"{size} items: time until all is told", times, size),
            _figure(f"{size} items: server CPU", costs, size),
            _figure(f"{size} items: database CPU", database, size, aimed=False),
        )
    ]


def _figure(name: str, samples: dict[int, list[float]], size: int, *, aimed: bool = True) -> Figure:
    floors = {ONE: samples[1]} if size > 1 else {}
    aim = Aim(1.3, least=False, floor=ONE) if size > 1 and aimed else None
    return Figure(PART, name, "ms/item", samples[size], floors, aim)
