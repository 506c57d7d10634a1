"""How long the next task of an order waits after a person has completed one, on an idle system."""

import time
from statistics import median
from typing import Any

from bench import input as orders
from bench.database import empty
from bench.figures import Aim, Figure
from bench.processes import Child
from bench.stage import FULFILLERS, ORDERS, SPECIFICATIONS, Stage, completed, until

PART = "people"
ANSWER = "answer to the request"
_FLOWS = "/tmf-api/processFlowManagement/v4/taskFlow"
_QUEUE = "bench-signatures"
_SPECIFICATION = "bench-signed-1"
_TASKS = {"sign": {"capability": {"specification": _QUEUE}}, "build": {"needs": ["sign"]}}


async def measure(stage: Stage) -> list[Figure]:
    """Place orders one by one, sign each, and see when the fulfiller of the next task is called."""
    waits: list[float] = []
    answers: list[float] = []
    count = max(2, stage.scale.first_calls // 4)
    async with stage.server("people") as (server, store), stage.sink() as sink:
        await stage.post(server.url + FULFILLERS, _people())
        work = [{"specification": "bench-signed", "action": "*"}]
        await stage.post(server.url + FULFILLERS, orders.rest(f"{sink.url}/fulfil") | {"capability": work})
        specification = orders.specification(_SPECIFICATION, {"add": {"tasks": _TASKS}})
        await stage.post(server.url + SPECIFICATIONS, specification)
        stage.say(f"{count} orders, each signed by a person")
        for number in range(count + 2):
            order = await stage.post(server.url + ORDERS, orders.order(_SPECIFICATION))
            signed, answered = await _sign(stage, server)
            await until(lambda: completed(store), "completing an order")
            arrivals = await stage.get(f"{sink.url}/arrivals")
            if number >= 2:  # the first ones open connections
                waits.append(1000 * (arrivals[order["id"]] - signed))
                answers.append(1000 * (answered - signed))
        await empty(store)
    note = f"of {count} orders; the median {median(waits):.0f} ms"
    floors = {ANSWER: [max(answers)]}
    return [Figure(PART, "completion to next call, slowest", "ms", [max(waits)], floors, Aim(1000, least=False), note)]


def _people() -> dict[str, Any]:
    capability = [{"specification": _QUEUE, "action": "*"}]
    return {"name": "bench people", "kind": "manual", "capability": capability, "settings": {"queue": _QUEUE}}


async def _sign(stage: Stage, server: Child) -> tuple[float, float]:
    """Complete the one task that is open, as its person; the moments right before, and of the answer."""
    found: list[dict[str, Any]] = []

    async def there() -> bool:
        found[:] = await stage.get(f"{server.url}{_FLOWS}?queue={_QUEUE}&state=new")
        return bool(found)

    await until(there, "giving a task to people")
    now = time.monotonic()
    async with stage.http.patch(found[0]["href"], json={"assignee": "bench", "state": "completed"}) as answer:
        assert answer.status == 200, await answer.text()
    return now, time.monotonic()
