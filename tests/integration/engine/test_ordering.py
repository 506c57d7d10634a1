"""Orders that are placed with another system: one each, linked both ways, awaited, cancelled with ours."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from adapters.credentials import Credentials
from adapters.http_session import Tools, open_session
from adapters.ports import FulfillerCall, Outcome
from adapters.tmforum.order_kinds import Tmf622Fulfiller
from handlers.validation import schema_check
from models.domain.fulfiller import FulfillerDefinition
from models.domain.outcomes import Accepted
from models.domain.plan import Capability, Plan
from tests.integration.engine.crash_points import die_at_every_write
from tests.integration.engine.harness import Document, Harness, answers, plan_of
from tests.integration.tmforum.stand_in import ProductOrders

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # sockets of the dead

OURS = "http://us.example/serviceOrder"
SETTINGS: Document = {
    "hub": False,
    "item": {"productOffering": {"id": "router-offer"}, "quantity": 1},
    "receive": {"characteristic": {"port": "= characteristic.port"}, "output": {"port": "= characteristic.port"}},
}


@pytest.fixture
async def seller(harness: Harness) -> AsyncIterator[ProductOrders]:
    """The stand-in for a seller of products, registered for the orders of routers."""
    async with ProductOrders() as stand_in, open_session() as session:
        endpoint = {"kind": "tmf622", "endpoint": stand_in.url, "pollInterval": 0.1}
        capability = [{"specification": "router", "action": "order"}]
        await harness.register()
        await harness.register(name="seller", capability=capability, settings=SETTINGS, **endpoint)
        made = Tmf622Fulfiller.create(definition(stand_in), Credentials(None), tools(session))
        harness.others["f-seller"] = made
        yield stand_in
        await harness.stop()
    assert stand_in.broken == []


def definition(seller: ProductOrders) -> FulfillerDefinition:
    return FulfillerDefinition("f-seller", "seller", "tmf622", seller.url, settings=SETTINGS)


def tools(session: aiohttp.ClientSession) -> Tools:
    return Tools(lambda: session, None, schema_check, order_url=lambda order: f"{OURS}/{order}")


def ordering(*tasks: str) -> Callable[[Document], Plan]:
    """A plan in which the tasks whose name ends in `router` order one; the others need it."""
    router = next(task for task in tasks if task.endswith("router"))
    plan = plan_of(*tasks, needs={task: [router] for task in tasks if task != router}, compensation="operation")

    def make(order: Document) -> Plan:
        made, capability = plan(order), Capability("router", "order")
        return replace(made, tasks=tuple(
            replace(task, kind="order", capability=capability, input={"colour": "red"}) if task.name == router else task
            for task in made.tasks
        ))  # fmt: skip

    return make


async def link_events(harness: Harness, order: str) -> list[Document]:
    document = await harness.get("serviceOrder", order)
    return [stub for stub in document["outbox"] if "orderRelationship" in stub.get("after", {})]


async def linked(harness: Harness, seller: ProductOrders, order: str, placed: Document) -> None:
    """That our order and theirs name each other, once, and that it was told."""
    body = (await harness.get("serviceOrder", order))["body"]
    assert body["orderRelationship"] == [
        {
            "id": placed["id"],
            "href": f"{seller.url}/productOrder/{placed['id']}",
            "relationshipType": "dependency",
            "@referredType": "ProductOrder",
        }
    ]
    (event,) = await link_events(harness, order)
    assert event["type"] == "ServiceOrderAttributeValueChangeEvent"
    assert event["after"] == {"orderRelationship": placed["id"]}
    assert placed["note"][0]["text"] == f"Placed for the service order {order} ({OURS}/{order})."


def of(seller: ProductOrders, order: str) -> list[Document]:
    """The seller's orders for one of ours."""
    return [one for one in seller.orders.values() if one["externalId"].startswith(order)]


async def open_at(harness: Harness, seller: ProductOrders, order: str) -> Document:
    """The seller's order for ours, once our order says so."""

    async def there() -> bool:
        return "orderRelationship" in (await harness.get("serviceOrder", order))["body"]

    await harness.until_true(there)
    (placed,) = of(seller, order)
    return placed


async def test_what_needs_the_product_waits_for_its_order_and_the_service_shows_what_came(
    harness: Harness, seller: ProductOrders
) -> None:
    seller.seconds = 3600
    harness.start()
    order = await harness.order(ordering("1/router", "1/configure"))
    placed = await open_at(harness, seller, order)
    await linked(harness, seller, order, placed)
    assert harness.fulfiller.calls == []
    await seller.complete(placed["id"])
    await harness.until(order, "completed")
    assert harness.fulfiller.order_of_effects() == ["fulfil:1/configure"]
    (service,) = await harness.store.collection("service").find({}).to_list()
    (product,) = seller.built
    (rests_on,) = service["body"]["supportingService"]
    assert rests_on == {"id": product, "@referredType": "Product", "fulfiller": "f-seller", "task": "1/router"}
    assert {"name": "port", "value": 7} in service["body"]["serviceCharacteristic"]
    assert (await harness.tasks(order))["fulfil:1/router"]["output"]["order"] == placed["id"]


async def test_an_order_that_was_refused_as_it_was_placed_is_linked_all_the_same(
    harness: Harness, seller: ProductOrders
) -> None:
    seller.first_state = "rejected"
    harness.start()
    order = await harness.order(ordering("1/router"))
    await harness.until(order, "held")
    (placed,) = of(seller, order)
    await linked(harness, seller, order, placed)


async def test_a_cancelled_order_has_theirs_cancelled_and_a_finished_one_undone(
    harness: Harness, seller: ProductOrders
) -> None:
    seller.seconds = 3600
    harness.start()
    early = await harness.order(ordering("1/router"))
    placed = await open_at(harness, seller, early)
    await harness.cancel(early)
    await harness.until(early, "cancelled")
    assert placed["state"] == "cancelled"
    late = await harness.order(ordering("1/router", "1/configure"))
    harness.fulfiller.scripts["fulfil:1/configure"] = answers(Accepted("job"))
    done = await open_at(harness, seller, late)
    seller.seconds = 0
    await seller.complete(done["id"])

    async def under_way() -> bool:
        return bool(harness.fulfiller.calls)

    await harness.until_true(under_way)
    await harness.cancel(late)
    await harness.until(late, "cancelled")
    assert seller.built == {}
    actions = [one["productOrderItem"][0]["action"] for one in of(seller, late)]
    assert actions == ["add", "delete"]
    body = (await harness.get("serviceOrder", late))["body"]
    assert [entry["id"] for entry in body["orderRelationship"]] == [one["id"] for one in of(seller, late)]


class Deaf(Tmf622Fulfiller):
    """Calls the seller, but its process dies before it hears the answer."""

    def __init__(self, *made: Any) -> None:
        super().__init__(*made)
        self.answered = asyncio.Event()

    async def engage(self, call: FulfillerCall) -> Outcome:
        await super().engage(call)
        self.answered.set()
        await asyncio.Event().wait()
        raise AssertionError("nobody lives so long")


async def test_an_answer_that_nobody_lived_to_write_down_is_found_again_and_linked_once(
    harness: Harness, seller: ProductOrders
) -> None:
    seller.seconds = 3600
    sound = harness.others["f-seller"]
    async with open_session() as session:
        deaf = Deaf(definition(seller), Credentials(None), tools(session))
        harness.others["f-seller"] = deaf
        first = harness.start("n1", lease_seconds=60)
        order = await harness.order(ordering("1/router"))
        await deaf.answered.wait()
        await harness.kill(first)
    assert "orderRelationship" not in (await harness.get("serviceOrder", order))["body"]
    harness.others["f-seller"] = sound
    harness.start("n1", lease_seconds=60)
    placed = await open_at(harness, seller, order)
    await seller.complete(placed["id"])
    await harness.until(order, "completed")
    await linked(harness, seller, order, placed)
    assert len(of(seller, order)) == 1


async def test_one_order_is_placed_and_linked_once_wherever_the_engine_dies(
    harness: Harness, seller: ProductOrders
) -> None:
    async def story(_: int) -> str:
        order = await harness.order(ordering("1/router", "1/configure"))
        await harness.until(order, "completed")
        return order

    async def check(lives: int, order: str) -> None:
        (placed,) = of(seller, order)
        await linked(harness, seller, order, placed)
        assert len(seller.built) == lives

    await die_at_every_write(harness, story, check)
