"""Services that several orders rely on, and that one of them builds: claimed once, waited for, taken over."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from models import migrations, outbox
from models.catalogue import Catalogue
from models.clock import Clock
from models.domain.plan import Awaited, Plan
from models.enabling import COLLECTION, BuiltByOthers, EnablingServices
from models.inventory import Inventory
from models.patterns import Re2Patterns
from models.store import Store, connect
from scheduler.planner import Planner
from tests.unit.planning.examples import catalogue, fulfilled, item, ordered

Document = dict[str, Any]
WORKER = "n1/1"


class Yard:
    """A database with the example catalogue, and orders that schedulers have claimed."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.enabling = EnablingServices(store, clock)
        inventory = Inventory(store)
        self.planner = Planner(Catalogue(store, Re2Patterns()), inventory, clock, self.enabling)

    async def put(self, collection: str, *bodies: Document) -> None:
        for body in bodies:
            document = {"_id": body["id"], "tenant": "default", "body": body}
            await self.store.insert(collection, outbox.first(document, [], self.clock.now()))

    async def order(self, key: str, zone: str = "north") -> Document:
        """An order of a virtual machine, which relies on the platform of a zone, claimed by a scheduler."""
        values = [{"name": "hostname", "value": key}, {"name": "zone", "value": zone}]
        body = {**ordered(item("1", "add", "virtual-machine-1", service={"serviceCharacteristic": values})), "id": key}
        body["state"] = "acknowledged"
        document = {"_id": key, "tenant": "default", "body": body, "fence": 1, "due": self.clock.now()}
        document["lease"] = {"by": WORKER, "until": self.clock.after(5)}
        await self.store.insert("serviceOrder", outbox.first(document, [], self.clock.now()))
        return document

    async def waits_for(self, order: Document) -> tuple[Awaited, ...]:
        with pytest.raises(BuiltByOthers) as caught:
            await self.planner.plan(order)
        return caught.value.awaits

    async def claims(self) -> list[Document]:
        return await self.store.collection(COLLECTION).find().to_list()

    async def is_called(self, order: str) -> bool:
        document = await self.store.get("serviceOrder", order)
        return document is not None and "poke" in document and document["due"] <= self.clock.now()


@pytest.fixture
async def yard(mongodb_url: str, database_name: str) -> AsyncIterator[Yard]:
    client = connect(mongodb_url)
    async with client:
        store, clock = Store(client, database_name), Clock()
        await clock.synchronise(store.database)
        await migrations.run(store.database, clock, "test")
        made = Yard(store, clock)
        await made.put("serviceSpecification", *catalogue().values())
        yield made


def builds(plan: Plan) -> bool:
    return any(task.name == "provision" for task in plan.tasks)


async def test_of_two_orders_one_builds_what_both_need_and_the_other_waits_for_it(yard: Yard) -> None:
    first, second, elsewhere = await yard.order("a"), await yard.order("b"), await yard.order("c", "south")
    plan = await yard.planner.plan(first)
    assert builds(plan)
    shared = next(service for service in plan.services if service.share)
    assert [(one.order, one.service) for one in await yard.waits_for(second)] == [("a", shared.id)]
    assert builds(await yard.planner.plan(elsewhere))
    assert {claim["order"] for claim in await yard.claims()} == {"a", "c"}


async def test_planned_again_after_a_crash_an_order_keeps_what_it_has_claimed(yard: Yard) -> None:
    order = await yard.order("a")
    before = await yard.planner.plan(order)
    assert await yard.planner.plan({**order, "fence": 2}) == before
    assert len(await yard.claims()) == 1


async def test_who_waits_is_called_when_the_service_is_in_use_and_relies_on_it_then(yard: Yard) -> None:
    first, second = await yard.order("a"), await yard.order("b")
    plan = await yard.planner.plan(first)
    assert await yard.enabling.wait(second, await yard.waits_for(second), WORKER)
    assert not await yard.is_called("b")
    await yard.put("service", *fulfilled(plan))
    shared = next(service for service in plan.services if service.share)
    await yard.enabling.release("default", "a", [shared.share])
    assert await yard.is_called("b")
    later = await yard.planner.plan(second)
    assert not builds(later)
    assert shared.id in later.services[0].relies_on


async def test_who_waits_takes_over_where_the_builder_ends_without_it(yard: Yard) -> None:
    first, second = await yard.order("a"), await yard.order("b")
    await yard.planner.plan(first)
    assert await yard.enabling.wait(second, await yard.waits_for(second), WORKER)
    await yard.enabling.release_all("default", "a")
    assert await yard.is_called("b")
    assert builds(await yard.planner.plan(second))


async def test_a_claim_whose_order_has_ended_binds_nobody(yard: Yard) -> None:
    first, second = await yard.order("a"), await yard.order("b")
    await yard.planner.plan(first)
    await yard.store.update("serviceOrder", {"_id": "a"}, {"$set": {"body.state": "cancelled"}})
    assert builds(await yard.planner.plan(second))
    assert [claim["order"] for claim in await yard.claims()] == ["b"]


async def test_who_begins_to_wait_for_what_has_just_ended_is_called_at_once(yard: Yard) -> None:
    first, second = await yard.order("a"), await yard.order("b")
    await yard.planner.plan(first)
    awaits = await yard.waits_for(second)
    await yard.enabling.release_all("default", "a")
    assert await yard.enabling.wait(second, awaits, WORKER)
    assert await yard.is_called("b")


async def test_an_order_that_has_to_wait_claims_nothing_meanwhile(yard: Yard) -> None:
    await yard.order("a")
    assert await yard.enabling.claim("default", "a", {"y": "s1"}) == []
    await yard.order("b")
    assert [one.order for one in await yard.enabling.claim("default", "b", {"x": "s2", "y": "s3"})] == ["a"]
    assert [claim["key"] for claim in await yard.claims()] == ["y"]


async def test_an_order_that_is_rejected_leaves_no_claim(yard: Yard) -> None:
    order = await yard.order("a")
    order["body"]["serviceOrderItem"].append(item("2", "delete", service={"id": "nowhere"}))
    with pytest.raises(Exception, match="nowhere"):
        await yard.planner.plan(order)
    assert await yard.claims() == []
