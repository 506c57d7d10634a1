"""How many orders go through from POST to completion, beside the bare writing of the documents that they leave."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from bench import input as orders
from bench import raw
from bench.database import Effort, empty
from bench.figures import Figure
from bench.load import Request
from bench.processes import Child
from bench.stage import FULFILLERS, ORDERS, Stage, completed, quiet, require_completed, until
from models.store import Store

PART = "orders"
BATCHES, SINGLE = "insert_many", "single inserts"
CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of a number of orders.

    Attributes:
        until_completed: seconds from the first POST to the last order's end.
        until_told: the same until all subscribers knew all.
        server: seconds of processor time of the server.
        database: of the database, and what it did.
    """

    until_completed: float
    until_told: float
    server: float
    database: Effort


async def measure(stage: Stage) -> list[Figure]:
    """Orders of one task, and of five."""
    figures: list[Figure] = []
    async with stage.server("orders") as (server, store), stage.sink() as sink:
        await stage.post(server.url + FULFILLERS, orders.simulator())
        await stage.subscribe(server, f"{sink.url}/fast/all")
        floor = await stage.database.store("orders_floor")
        for name, specification, share in (("one task", orders.ONE_TASK, 1), ("five tasks", orders.FIVE_TASKS, 3)):
            count = max(2, stage.scale.orders // share)
            figures += await _compare(stage, server, store, floor, name, specification, count)
    return figures


async def place(  # noqa: PLR0913, PLR0917 - what is placed, and where
    stage: Stage, server: Child, store: Store, body: bytes, count: int, already: int = 0
) -> Placed:
    """Place so many orders beside those that are completed already; wait for their end and for all to know of it."""
    effort, spent, began = await stage.database.effort(), server.cpu, time.perf_counter()
    posting = asyncio.create_task(
        stage.load.run(server.url, [Request("POST", ORDERS, body)], connections=CONNECTIONS, most=count)
    )
    await posting
    ended = await until(lambda: completed(store), "completing orders")
    told = await until(lambda: quiet(store), "telling of orders")
    cost = (await stage.database.effort()).since(effort)
    await require_completed(store, already + count)
    return Placed(ended - began, told - began, server.cpu - spent, cost)


async def _compare(  # noqa: PLR0913, PLR0917 - what is measured, where, and beside what
    stage: Stage, server: Child, store: Store, floor: Store, name: str, specification: str, count: int
) -> list[Figure]:
    body = orjson.dumps(orders.order(specification))
    await place(stage, server, store, body, max(2, count // 10))
    await empty(store)
    samples: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    note = ""
    for number in range(stage.scale.rounds):
        stage.say(f"{count} orders of {name}, round {number + 1}")
        placed = await place(stage, server, store, body, count)
        documents = await raw.left(store)
        await empty(store)
        group = max(1, round(placed.database.inserts / max(1, placed.database.insert_commands)))
        floors = {
            BATCHES: await raw.write_batches(stage.database, floor, documents, group),
            SINGLE: await raw.write_single(stage.database, floor, documents),
        }
        _note_down(samples, placed, floors, count)
        note = _note(documents, placed, group, count)
    figures = (
        (f"orders of {name} completed", "orders/s", note),
        (f"orders of {name}, everything told", "orders/s", "one subscriber"),
        (f"order of {name}: server CPU", "ms/order", ""),
        (f"order of {name}: database CPU", "ms/order", ""),
    )
    return [
        Figure(PART, title, unit, samples[kind]["som"], {floor: samples[kind][floor] for floor in floors}, None, said)
        for kind, (title, unit, said) in zip(("completed", "told", "server", "database"), figures, strict=True)
    ]


def _note_down(
    samples: dict[str, dict[str, list[float]]], placed: Placed, floors: Mapping[str, raw.Written], count: int
) -> None:
    samples["completed"]["som"].append(count / placed.until_completed)
    samples["told"]["som"].append(count / placed.until_told)
    samples["server"]["som"].append(1000 * placed.server / count)
    samples["database"]["som"].append(1000 * placed.database.cpu / count)
    for name, written in floors.items():
        samples["completed"][name].append(count / written.seconds)
        samples["told"][name].append(count / written.seconds)
        samples["server"][name].append(1000 * written.client / count)
        samples["database"][name].append(1000 * written.database / count)


def _note(documents: raw.Left, placed: Placed, group: int, count: int) -> str:
    each = ", ".join(f"{len(found) / count:g} {name}" for name, found in documents.items() if found)
    updates = placed.database.updates / count
    batches = placed.database.updates / max(1, placed.database.update_commands)
    return (
        f"leaves {raw.counted(documents) / count:g} documents ({each}), {group} in one insert; "
        f"{updates:.0f} updates, {batches:.0f} in one command"
    )
