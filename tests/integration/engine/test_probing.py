"""Fulfillers that are probed: who is down gets no work, and it is one process that looks."""

import asyncio

from adapters.ports import Probe
from models.clock import Clock
from models.domain.fulfiller import FulfillerDefinition
from models.leases import Leases
from scheduler.directory import Directory
from scheduler.probing import LEASE_SECONDS, Probing
from tests.integration.engine.harness import Document, Harness, Scripted, plan_of


class Patient(Scripted):
    """A fulfiller that can be probed."""

    def __init__(self) -> None:
        super().__init__()
        self.down: str | None = None
        self.probes = 0

    async def probe(self, seconds: float) -> Probe | None:
        self.probes += 1
        return Probe(self.down)


async def test_one_that_is_down_gets_no_work_until_a_probe_finds_it_up(harness: Harness) -> None:
    patient = harness.others["f-patient"] = Patient()
    patient.down = "HTTP 500"
    harness.start()
    await harness.register(name="patient", priority=1, probeInterval=1)
    await harness.register(name="whole")

    async def is_down() -> bool:
        return bool((await harness.store.get("fulfillerState", "f-patient") or {}).get("down"))

    await harness.until_true(is_down)
    order = await harness.order(plan_of("1/a"))
    await harness.until(order, "completed")
    decision = (await harness.tasks(order))["fulfil:1/a"]["decision"]
    turned_away = {one["fulfiller"]: one["rejected"] for one in decision["candidates"]}
    assert (decision["chosen"], turned_away["f-patient"]) == ("f-whole", "Its last probe found it down: HTTP 500")
    assert patient.calls == []
    patient.down = None

    async def is_up() -> bool:
        return not await is_down()

    await harness.until_true(is_up)
    order = await harness.order(plan_of("1/a"))
    await harness.until(order, "completed")
    assert len(patient.calls) == 1


async def test_one_failed_probe_is_no_outage_and_only_one_process_looks(harness: Harness) -> None:
    patient = Patient()
    patient.down = "lost"
    await harness.register(name="patient", probeInterval=3600)

    def make(_: FulfillerDefinition, __: Document) -> Patient:
        return patient

    clock = Clock()
    await clock.synchronise(harness.store.database)
    processes = [
        Probing(harness.store, clock, Directory(harness.store, make), Leases(harness.store, clock, by, LEASE_SECONDS))
        for by in ("one/1", "two/2")
    ]
    await asyncio.gather(*(process.look() for process in processes for _ in range(3)))
    assert patient.probes == 1
    assert await harness.store.get("fulfillerState", "f-patient") is None
