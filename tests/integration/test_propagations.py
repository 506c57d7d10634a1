"""A change of a service on its way to those who rely on it, on a real database, with workers that die."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from models import migrations, outbox, propagations
from models.catalogue import Catalogue
from models.clock import Clock
from models.inventory import Inventory
from models.leases import Leases
from models.order_placing import OrderPlacing
from models.patterns import Re2Patterns
from models.store import Store, connect
from models.surface import Surface
from scheduler.propagations import PIECE, Propagations
from tests.integration.engine.crash_points import MortalStore
from tests.unit.planning.examples import specification

Document = dict[str, Any]
TENANT = "default"


class Estate:
    """A service, others that rely on it, and workers that tell them of its changes."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock

    def worker(self, name: str, store: Store | None = None, lease_seconds: float = 15.0) -> Propagations:
        store, patterns = store or self.store, Re2Patterns()
        catalogue, inventory = Catalogue(store, patterns), Inventory(store)
        surface = Surface(catalogue, inventory, patterns, self.clock, catalogue_check=True)
        placing = OrderPlacing(store, self.clock, surface, lambda _: None)
        return Propagations(store, self.clock, Leases(store, self.clock, name, lease_seconds), catalogue, placing)

    async def put(self, *bodies: Document) -> None:
        documents = [
            outbox.first({"_id": body["id"], "tenant": TENANT, "body": body}, [], self.clock.now()) for body in bodies
        ]
        await self.store.insert_missing("service", documents)

    async def change(self, seq: int, order: str | None = None, **value: Any) -> None:
        """The relay meets an event of the platform."""
        after = {"serviceCharacteristic": [{"name": name, "value": given} for name, given in value.items()]}
        event = {"_id": f"e{seq}", "tenant": TENANT, "resource": {"type": "service", "id": "p"}, "seq": seq}
        event |= {"at": self.clock.text(), "state": "active", "before": {"serviceCharacteristic": []}, "after": after}
        await propagations.note(self.store, self.clock, [{**event, "order": order}])

    async def jobs(self) -> list[Document]:
        return await self.store.collection("propagation").find().sort("created", 1).to_list()

    async def told(self) -> list[tuple[int, int]]:
        """Of each dependent: how many events it owes, and the number of the last change that it was told of."""
        found = self.store.collection("service").find({"_id": {"$ne": "p"}})
        return [(len(one.get("outbox", ())), one["relied"][0]["seq"]) async for one in found if "relied" in one]

    async def finish(self, worker: Propagations) -> None:
        for _ in range(100):
            if all(job["state"] == "done" for job in await self.jobs()):
                return
            await worker.look()
        raise AssertionError(await self.jobs())


def dependent(number: int, state: str = "active") -> Document:
    relation = {"relationshipType": "reliesOn", "role": "platform", "service": {"id": "p"}}
    return {"id": f"a{number:03}", "state": state, "serviceSpecification": {"id": "app"},
            "serviceRelationship": [relation], "serviceCharacteristic": []}  # fmt: skip


@pytest.fixture
async def estate(mongodb_url: str, database_name: str) -> AsyncIterator[Estate]:
    client = connect(mongodb_url)
    async with client:
        store, clock = Store(client, database_name), Clock()
        await clock.synchronise(store.database)
        await migrations.run(store.database, clock, "test")
        made = Estate(store, clock)
        body = {**specification("app"), "id": "app"}
        await store.insert(
            "serviceSpecification", outbox.first({"_id": "app", "tenant": TENANT, "body": body}, [], clock.now())
        )
        await made.put({"id": "p", "state": "active"}, *(dependent(number) for number in range(2 * PIECE + 5)))
        await made.put(dependent(900, "terminated"))
        yield made


async def test_everybody_is_told_once_piece_by_piece_and_the_progress_can_be_read(estate: Estate) -> None:
    await estate.change(7, endpoint="new")
    worker, progress = estate.worker("one"), []
    while (job := (await estate.jobs())[0])["state"] != "done":
        progress.append((job["told"], job["total"]))
        await worker.look()
    assert progress == [(0, 0), (PIECE, 2 * PIECE + 5), (2 * PIECE, 2 * PIECE + 5)]
    assert (job["told"], job["revised"], job["problems"]) == (2 * PIECE + 5, 2 * PIECE + 5, [])
    assert await estate.told() == [(1, 7)] * (2 * PIECE + 5)


@pytest.mark.parametrize("lives", [2, 20, PIECE + 1, PIECE + 2, 2 * PIECE + 3])
async def test_a_worker_that_dies_anywhere_loses_and_doubles_nothing(estate: Estate, lives: int) -> None:
    await estate.change(7, endpoint="new")
    mortal = MortalStore(estate.store, lives)
    first = estate.worker("one", mortal, lease_seconds=0.05)

    async def work() -> None:
        while True:
            await first.look()

    task = asyncio.create_task(work())
    await asyncio.wait_for(mortal.died.wait(), 30)
    task.cancel()
    await asyncio.wait([task])
    await asyncio.sleep(0.1)  # its lease runs out
    await estate.finish(estate.worker("two"))
    assert await estate.told() == [(1, 7)] * (2 * PIECE + 5)
    (job,) = await estate.jobs()
    assert (job["told"], job["revised"]) == (2 * PIECE + 5, 2 * PIECE + 5)


async def test_several_writes_of_one_order_are_one_change_and_an_event_that_comes_twice_is_none(estate: Estate) -> None:
    for seq in (7, 8, 7):
        await estate.change(seq, "o1", endpoint=seq)
    await estate.finish(estate.worker("one"))
    await estate.change(8, "o1", endpoint=8)
    assert [(job["order"], job["seq"], job["state"]) for job in await estate.jobs()] == [("o1", 8, "done")]
    assert set(await estate.told()) == {(1, 8)}


async def test_while_an_order_works_on_the_service_nobody_is_told_yet(estate: Estate) -> None:
    owner = {"order": "o1", "item": "1", "plan": "o1"}
    await estate.store.update("service", {"_id": "p"}, {"$set": {"owner": owner}})
    await estate.change(7, "o1", endpoint="new")
    await estate.worker("one").look()
    assert await estate.told() == []
    await estate.store.update("service", {"_id": "p"}, {"$unset": {"owner": ""}})
    (job,) = await estate.jobs()
    await estate.store.update("propagation", {"_id": job["_id"]}, {"$set": {"due": estate.clock.now()}})
    await estate.finish(estate.worker("one"))
    assert set(await estate.told()) == {(1, 7)}


async def test_a_service_that_nobody_relies_on_has_nobody_to_tell(estate: Estate) -> None:
    event = {"_id": "e1", "tenant": TENANT, "resource": {"type": "service", "id": "a000"}, "seq": 2, "at": "x"}
    changed = {"state": "inactive", "before": {"state": "active"}, "after": {"state": "inactive"}}
    await propagations.note(estate.store, estate.clock, [event | changed])
    assert await estate.jobs() == []
