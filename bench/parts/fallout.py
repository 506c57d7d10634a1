"""Many orders broken by one fulfiller: one cause, one bulk retry; and how fast others go through beside held ones."""

import time
from functools import partial
from typing import Any

import orjson

from bench import input as orders
from bench.database import empty
from bench.figures import Aim, Figure
from bench.load import Request
from bench.parts.completion import CONNECTIONS, place
from bench.processes import Child
from bench.stage import FULFILLERS, ORDERS, Stage, completed, until
from models.store import Store

PART = "fallout"
WITHOUT, UNBROKEN = "without", "never broken"
RATIO = 0.9
_PIECE = 500
_NOWHERE = "http://127.0.0.1:9/"  # the port `discard`, at which nothing listens
_BROKEN, _HEALTHY = "bench-broken", "bench-healthy"


async def measure(stage: Stage) -> list[Figure]:
    """Break, group, retry; then measure beside held orders in turns with an empty queue."""
    return [await _bulk(stage), await _beside(stage)]


async def _bulk(stage: Stage) -> Figure:
    """Orders of five tasks, of which the first is held; beside as many that nothing broke, from POST to their end."""
    count = stage.scale.broken
    async with stage.server("fallout_bulk") as (server, store):
        await _register(stage, server)
        stage.say(f"{count} orders at a fulfiller that is not there")
        await _break(stage, server, store, count)
        (group,) = await stage.get(f"{server.url}/som/v1/falloutGroup")
        if group["orderCount"] != count:
            raise RuntimeError(f"{group['orderCount']} of {count} orders are held for one cause: {group}")
        await _repair(stage, server)
        wish = {"match": {"cause": group["id"]}, "do": "retry", "why": "It is back.", "rate": 1000}
        async with stage.http.post(f"{server.url}/som/v1/falloutResolution", json=wish) as answer:
            job: dict[str, Any] = await answer.json()
        asked = time.perf_counter()
        ended = await until(lambda: _all_completed(store, count), "completing what was broken")
        found = await stage.get(job["href"])
        body = orjson.dumps(orders.order(orders.FIVE_TASKS))
        unbroken = await place(stage, server, store, body, count, count)
        await empty(store)
    note = f"one group of {count}; {found['taken']} passed on, {found['refused']} refused; became {found['outcome']}"
    title = f"{count} orders that one fulfiller broke, completed by one bulk retry"
    floors = {UNBROKEN: [count / unbroken.until_completed]}
    return Figure(PART, title, "orders/s", [count / (ended - asked)], floors, note=note)


async def _beside(stage: Stage) -> Figure:
    """Orders of one task at a healthy fulfiller, with and without others that are held."""
    count, held = stage.scale.orders, stage.scale.held
    body = orjson.dumps(orders.order(orders.ONE_TASK))
    samples: dict[str, list[float]] = {"som": [], WITHOUT: []}
    async with stage.server("fallout_with") as (server, store), stage.server("fallout_none") as (other, bare):
        await _register(stage, server)
        await _register(stage, other)
        stage.say(f"{held} orders that are held")
        await _break(stage, server, store, held)
        for number in range(stage.scale.rounds + 1):
            stage.say(f"{count} orders beside, round {number}")
            for name, one, kept in ((WITHOUT, other, bare), ("som", server, store)):
                already = await kept.collection("serviceOrder").count_documents({"body.state": "completed"})
                placed = await place(stage, one, kept, body, count, already)
                if number:  # the first round warms both up
                    samples[name].append(count / placed.until_completed)
        await empty(store)
        await empty(bare)
    title = f"orders of one task beside {held} held ones"
    aim = Aim(RATIO, least=True, floor=WITHOUT)
    return Figure(PART, title, "orders/s", samples["som"], {WITHOUT: samples[WITHOUT]}, aim)


async def _register(stage: Stage, server: Child) -> None:
    broken = {
        "id": _BROKEN,
        "name": "bench broken",
        "kind": "rest",
        "endpoint": _NOWHERE,
        "retry": {"delays": []},
        "circuitBreaker": {"failures": 0},  # else most would never be asked for, and go on by themselves
        "capability": [{"specification": "bench-five-tasks", "action": "*"}],
    }
    healthy = {
        "id": _HEALTHY,
        "name": "bench healthy",
        "kind": "simulator",
        "capability": [{"specification": "bench-one-task", "action": "*"}],
    }
    for body in (broken, healthy):
        await stage.post(server.url + FULFILLERS, body)


async def _break(stage: Stage, server: Child, store: Store, count: int) -> None:
    """Place so many orders that are held, piece by piece."""
    request = Request("POST", ORDERS, orjson.dumps(orders.order(orders.FIVE_TASKS)))
    for placed in range(0, count, _PIECE):
        piece = min(_PIECE, count - placed)
        await stage.load.run(server.url, [request], connections=CONNECTIONS, most=piece)
        await until(partial(_all_held, store, placed + piece), "holding orders")


async def _all_held(store: Store, count: int) -> bool:
    where = {"tenant": "default", "body.state": "held"}
    return await store.collection("serviceOrder").count_documents(where) >= count and await completed(store)


async def _repair(stage: Stage, server: Child) -> None:
    """From now on it does what it is asked for."""
    change = {"kind": "simulator", "endpoint": None}
    async with stage.http.patch(f"{server.url}{FULFILLERS}/{_BROKEN}", json=change) as answer:
        answer.raise_for_status()


async def _all_completed(store: Store, count: int) -> bool:
    return await store.collection("serviceOrder").count_documents({"body.state": "completed"}) == count
