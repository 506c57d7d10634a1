"""An allocation's share of an order: one task and a block of addresses that it is given, beside that task alone."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from statistics import median

import orjson

from bench import input as orders
from bench.database import empty
from bench.figures import Figure
from bench.parts.completion import Placed, place
from bench.stage import FULFILLERS, SPECIFICATIONS, Stage

PART = "allocating"
WITHOUT = "without it"
_BLOCK = {"kind": "allocate", "input": {"pool": "bench-addresses", "prefixLength": 30}}
_TASKS = {
    "bench-plain-1": {"route": {"input": {"site": "=service.characteristic.site"}}},
    "bench-allocated-1": {"block": _BLOCK, "route": {"input": {"prefix": "=task.block.output.value"}}},
}
_PLAIN, _ALLOCATED = _TASKS
_POOL = {
    "@type": "ResourcePool",
    "id": "bench-addresses",
    "name": "bench-addresses",
    "kind": "address",
    "capacity": [{"id": "all", "prefix": "10.0.0.0/8"}],
}


async def measure(stage: Stage) -> list[Figure]:
    """The same number of orders of both, in turns."""
    samples: dict[str, list[Placed]] = defaultdict(list)
    count = max(2, stage.scale.orders // 3)
    async with stage.server("allocating") as (server, store):
        await stage.post(server.url + FULFILLERS, orders.simulator())
        await stage.post(f"{server.url}/som/v1/resourcePool", _POOL)
        for name, tasks in _TASKS.items():
            await stage.post(server.url + SPECIFICATIONS, orders.specification(name, {"add": {"tasks": tasks}}))
        for number in range(stage.scale.rounds + 1):
            for name in _TASKS:
                stage.say(f"{count} orders of {name}, round {number}" if number else f"{name}, to warm up")
                placed = await place(stage, server, store, orjson.dumps(orders.order(name)), count)
                samples[name] += [placed] if number else []
                await empty(store)
    return [
        _figure("time", count, samples, lambda one: one.until_completed),
        _figure("server CPU", count, samples, lambda one: one.server),
        _figure("database CPU", count, samples, lambda one: one.database.cpu),
    ]


def _figure(what: str, count: int, samples: Mapping[str, Sequence[Placed]], cost: Callable[[Placed], float]) -> Figure:
    with_it, without = ([1_000 * cost(one) / count for one in samples[name]] for name in (_ALLOCATED, _PLAIN))
    share = 1 - median(without) / median(with_it)
    note = f"the allocation's share: {share:.0%}"
    return Figure(PART, f"order of a block and a task: {what}", "ms/order", with_it, {WITHOUT: without}, None, note)
