"""Whoever reconciles dies after its n-th write, for every n; the next one loses nothing and doubles nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from adapters.ports import Done, Outcome
from models import outbox, propagations, readings
from models.leases import Leases
from models.store import Store
from scheduler.propagations import Propagations
from scheduler.reconciliation import Reconciliation
from tests.integration.engine.crash_points import MortalStore
from tests.integration.engine.harness import Document, Harness
from tests.integration.engine.reconciling import World, reconciling, speed, world_of

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # sockets of the dead


@pytest.fixture
async def world(harness: Harness) -> World:
    return await world_of(harness)


async def die_at_every_write(
    world: World, work: Callable[[Store], Awaitable[Any]], check: Callable[[int], Awaitable[None]]
) -> int:
    """Have work done on a store of one write, of two …, and then on one that lives; returns how often it died."""
    for lives in range(1, 60):
        store = MortalStore(world.harness.store, lives)
        working = asyncio.ensure_future(work(store))
        death = asyncio.create_task(store.died.wait())
        await asyncio.wait([working, death], return_when=asyncio.FIRST_COMPLETED, timeout=10)
        death.cancel()
        working.cancel()
        await asyncio.wait([working])
        await work(world.harness.store)
        await check(lives)
        if store.left > 0:
            return lives - 1
    raise AssertionError("it never stopped writing")


async def read(world: World, store: Store) -> None:
    """One look of a scheduler that has this store."""
    await Reconciliation(reconciling(world.harness, world.mirrors, store)).look()


@pytest.mark.parametrize("says", [speed(50), Done(state="terminated")])
async def test_wherever_a_reconciliation_dies_there_is_one_drift_one_event_and_one_repair(
    world: World, says: Outcome
) -> None:
    await world.specification(policy="repair")
    world.mirror.says = says
    number = 0

    async def work(store: Store) -> None:
        nonlocal number
        if isinstance(store, MortalStore):
            number += 1
            await world.service(f"x{number}")
            await readings.ask(world.harness.store, world.harness.clock, "default", f"x{number}", "noc")
        await read(world, store)

    async def check(lives: int) -> None:
        document = await world.get(f"x{number}")
        assert document["hasDrift"], lives
        told = [stub["type"] for stub in document["outbox"]]
        assert told[0] in ("ServiceAttributeValueChangeEvent", "ServiceStateChangeEvent"), lives
        assert told[1:] == ["ServiceDriftDetectedEvent"], lives
        [order] = [one for one in await world.orders() if one["cause"]["reference"] == document["_id"]]
        assert document["repair"]["order"] == order["_id"], lives
        assert (document["read"]["answer"][0]["outcome"], "asked" in document) == ("told", False), lives
        assert document["readDue"] > world.harness.clock.now(), lives

    assert await die_at_every_write(world, work, check) >= 5  # taken in, ordered, noted, settled, and the lease


class Line:
    """A service that follows a platform: its speed is what the platform says, and a fulfiller has to act on it."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def prepare(self) -> None:
        follows = {"connect": {"output": {"characteristic": {"speed": "=reliesOn.platform.characteristic.speed"}}}}
        rules = {"reconcile": {"policy": "repair"}, "reliesOn": {"platform": {"onChange": "place"}},
                 "modify": {"tasks": follows}}  # fmt: skip
        body = {"id": "s1", "name": "Access", "version": "1", "fulfilment": rules}
        store = self.world.harness.store
        await store.collection("serviceSpecification").replace_one(
            {"_id": "s1"}, {"tenant": "default", "rev": 1, "body": body}
        )

    async def put(self, key: str) -> None:
        """A line and its platform, which has been changed from 100 to 200."""
        harness, platform = self.world.harness, f"p-{key}"
        await self.world.service(key)
        relation = {"relationshipType": "reliesOn", "role": "platform", "service": {"id": platform}}
        change = {"$set": {"body.serviceRelationship": [relation]}}
        await harness.store.update("service", {"_id": key}, change)
        values = {"serviceCharacteristic": [{"name": "speed", "value": 200}]}
        body = {"id": platform, "state": "active", **values}
        document = {"_id": platform, "tenant": "default", "body": body, "hasDrift": False}
        await harness.store.insert("service", outbox.first(document, [], harness.clock.now()))
        event = {"_id": f"e-{key}", "tenant": "default", "resource": {"type": "service", "id": platform}, "seq": 7,
                 "at": harness.clock.text(), "state": "active", "order": None,
                 "before": {"serviceCharacteristic": []}, "after": values}  # fmt: skip
        await propagations.note(harness.store, harness.clock, [event])

    async def orders(self, key: str) -> list[Document]:
        found = await self.world.orders()
        return [one for one in found if one["body"]["serviceOrderItem"][0]["service"]["id"] == key]


def propagating(world: World, store: Store) -> Propagations:
    parts = reconciling(world.harness, world.mirrors, store)
    leases = Leases(store, parts.clock, "n1/p", 60)
    return Propagations(store, parts.clock, leases, parts.catalogue, parts.placing)


async def test_a_change_that_is_placed_and_a_policy_of_repair_make_one_order_wherever_somebody_dies(
    world: World,
) -> None:
    line, number = Line(world), 0
    await line.prepare()
    world.mirror.says = speed(100)  # as it was: the order has not been carried out yet

    async def work(store: Store) -> None:
        nonlocal number
        if isinstance(store, MortalStore):
            number += 1
            await line.put(f"x{number}")
        await propagating(world, store).look()
        await world.harness.store.update(
            "service", {"_id": f"x{number}"}, {"$set": {"readDue": world.harness.clock.now()}}
        )
        await read(world, store)

    async def check(lives: int) -> None:
        document = await world.get(f"x{number}")
        assert document["desired"]["serviceCharacteristic"] == [{"name": "speed", "value": 200}], lives
        assert document["hasDrift"], lives
        [order] = await line.orders(document["_id"])
        assert (order["cause"]["kind"], document["repair"]["order"]) == ("dependency", order["_id"]), lives

    assert await die_at_every_write(world, work, check) >= 4


async def test_while_an_order_for_an_earlier_drift_is_to_be_carried_out_no_other_is_placed(world: World) -> None:
    await world.specification(policy="repair")
    await world.service()
    world.mirror.says = speed(50)
    await world.reconciliation.look()
    world.mirror.says = speed(60)
    await world.again()
    [order] = await world.orders()
    ended = {"$set": {"body.state": "failed"}}
    await world.harness.store.update("serviceOrder", {"_id": order["_id"]}, ended)
    await world.again()
    assert len(await world.orders()) == 2  # another drift, another repair
