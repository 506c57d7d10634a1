"""How long others wait while the server works on a large body: the longest pause of its event loop, seen from outside.

The bodies are the dearest ones that the limits allow, one after the other, and an honest one beside them.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from bench import input as orders
from bench.figures import Figure
from bench.load import Request, Run
from bench.processes import Child
from bench.stage import ORDERS, Stage

PART = "waits"
NOTHING = "nothing else"
_PROBE = [Request("GET", "/healthz")]


@dataclass(frozen=True, slots=True)
class Body:
    """A large body.

    Attributes:
        name: what it is.
        raw: JSON.
        status: that it has to be answered with.
    """

    name: str
    raw: bytes
    status: int


def bodies() -> list[Body]:
    """What is sent."""
    return [
        Body("an order of 1,000 items", orders.thousand(), 201),
        Body("24,000 dates to be put into their one form", orders.dates(24_000), 201),
        Body("95,000 objects inside each other", orders.nested(95_000), 201),
        Body("45,000 items that lack everything", orders.lacking(45_000), 400),
        Body("95,000 attributes, and no item", orders.attributes(95_000), 400),
    ]


async def measure(stage: Stage) -> list[Figure]:
    """What a probe has to wait, while each of the bodies is sent again and again."""
    beside: defaultdict[str, list[Run]] = defaultdict(list)
    alone: list[Run] = []
    async with stage.server("waits", "api") as (server, _):
        for _ in range(stage.scale.rounds):
            alone.append(await _probe(stage, server))
            for body in bodies():
                stage.say(f"probes beside {body.name}")
                beside[body.name].append(await _probe_beside(stage, server, body))
    floor = {NOTHING: [run.p99 for run in alone]}
    return [Figure(PART, f"p99 beside {name}", "ms", [run.p99 for run in runs], floor, note=_note(runs, alone))
            for name, runs in beside.items()]  # fmt: skip


def _note(runs: Sequence[Run], alone: Sequence[Run]) -> str:
    """The slowest of all tells of the machine, too: whoever else works on it makes some probe wait."""
    return f"the slowest probe {max(run.slowest for run in runs):.0f} ms, alone {max(run.slowest for run in alone):.0f}"


async def _probe(stage: Stage, server: Child) -> Run:
    return await stage.load.run(server.url, _PROBE, connections=1, seconds=stage.scale.seconds)


async def _probe_beside(stage: Stage, server: Child, body: Body) -> Run:
    await _send(stage, server, body)  # at least once, however short the probing is
    probing = asyncio.create_task(_probe(stage, server))
    while not probing.done():
        await _send(stage, server, body)
    return await probing


async def _send(stage: Stage, server: Child, body: Body) -> None:
    headers = {"content-type": "application/json"}
    async with stage.http.post(server.url + ORDERS, data=body.raw, headers=headers) as answer:
        if answer.status != body.status:
            raise RuntimeError(f"{body.name}: {answer.status} {(await answer.text())[:500]}")
        await answer.read()
