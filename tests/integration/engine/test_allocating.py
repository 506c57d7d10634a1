"""Orders take what they need out of pools before anything is done for them, and give it back with their services."""

import asyncio

import pytest

from adapters.ports import FulfillerCall
from models.domain.interventions import Wish
from models.domain.outcomes import Done, Outcome, Refused
from models.ids import new_id
from models.interventions import intervene
from tests.integration.engine.allocating import allocating, counts, grow, members, with_pool
from tests.integration.engine.harness import Document, Harness, answers, states_told


class Witness:
    """A fulfiller's script that notes how things stand when it is called."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.seen: list[tuple[str, dict[str, str]]] = []

    async def __call__(self, call: FulfillerCall) -> Outcome:
        service = await self.harness.get("service", str(call.service["id"]))
        self.seen.append((service["body"]["state"], await members(self.harness)))
        return Done()


@pytest.fixture
async def pooled(harness: Harness) -> Harness:
    await harness.register()
    await with_pool(harness)
    return harness


async def held(harness: Harness, order: str) -> Document:
    await harness.until(order, "held")
    return await harness.get("serviceOrder", order)


async def test_service_and_resource_are_reserved_before_the_first_fulfiller_is_called(pooled: Harness) -> None:
    witness = Witness(pooled)
    pooled.fulfiller.scripts = {"fulfil:1/build": witness}
    pooled.start()
    order = await pooled.order(allocating("1/build", "1/vlan"))
    await pooled.until(order, "completed")
    assert witness.seen == [("reserved", {"1": "reserved"})]
    (service,) = await pooled.store.collection("service").find({}).to_list()
    assert service["body"]["state"] == "active"
    assert [entry["name"] for entry in service["body"]["supportingResource"]]
    assert states_told(service) == ["reserved", "active"]
    assert await members(pooled) == {"1": "used"}


async def test_all_of_an_order_is_allocated_before_anything_else_is_done_for_it(pooled: Harness) -> None:
    witness = Witness(pooled)
    pooled.fulfiller.scripts = {"fulfil:1/build": witness, "fulfil:2/build": witness}
    pooled.start()
    plan = allocating("1/build", "2/vlan", "2/build", needs={"2/build": ["1/build"]})
    await pooled.until(await pooled.order(plan), "completed")
    assert [resources for _, resources in witness.seen] == [{"1": "reserved"}] * 2


async def test_an_empty_pool_holds_the_item_and_nothing_of_it_is_begun(pooled: Harness) -> None:
    pooled.start()
    first, second = [await pooled.order(allocating("1/vlan", "1/build")) for _ in range(2)]
    await pooled.until(first, "completed")
    await pooled.until(second, "completed")
    third = await pooled.order(allocating("1/vlan", "1/build"))
    body = (await held(pooled, third))["body"]
    (error,) = body["serviceOrderItem"][0]["errorMessage"]
    assert error["code"] == "poolExhausted"
    assert "vlans" in error["message"]
    assert not [call for call in pooled.fulfiller.calls if call.order_id == third]
    task = (await pooled.tasks(third))["fulfil:1/vlan"]
    assert task["error"]["pools"] == ["vlans"]

    await grow(pooled, 3, 3)
    await pooled.until(third, "completed")
    assert await members(pooled) == {"1": "used", "2": "used", "3": "used"}


async def test_who_waits_goes_on_in_order_of_priority_and_age(pooled: Harness) -> None:
    pooled.start()
    for _ in range(2):
        await pooled.until(await pooled.order(allocating("1/vlan")), "completed")
    waiting = []
    for priority in (4, 4, 0):
        waiting.append(await pooled.order(allocating("1/vlan", "1/build"), priority=priority))
        await held(pooled, waiting[-1])
    for number, expected in enumerate((waiting[2], waiting[0], waiting[1]), 3):
        await grow(pooled, number, number)
        await pooled.until(expected, "completed")
    done = [call.order_id for call in pooled.fulfiller.calls if call.order_id in waiting]
    assert done == [waiting[2], waiting[0], waiting[1]]


async def test_a_cancellation_gives_back_at_once_what_nobody_has_used(pooled: Harness) -> None:
    pooled.start()
    order = await pooled.order(allocating("1/vlan", "1/build"))
    pooled.fulfiller.scripts = {"fulfil:1/build": answers(Refused("no port"))}
    await held(pooled, order)
    taken = await pooled.order(allocating("1/vlan"))
    await pooled.until(taken, "completed")
    late = await pooled.order(allocating("1/vlan"))
    await held(pooled, late)
    await pooled.cancel(late)
    await pooled.until(late, "cancelled")
    assert await counts(pooled) == {"reserved": 1, "used": 1, "quarantined": 0}
    await pooled.cancel(order)
    await pooled.until(order, "cancelled")
    assert await members(pooled) == {"2": "used"}, "a refused call has used nothing"
    assert await counts(pooled) == {"reserved": 0, "used": 1, "quarantined": 0}


async def test_what_somebody_may_have_used_goes_through_quarantine(pooled: Harness) -> None:
    pooled.start()
    pooled.fulfiller.scripts = {"fulfil:1/second": answers(Refused("no"))}
    order = await pooled.order(allocating("1/vlan", "1/first", "1/second", needs={"1/second": ["1/first"]}))
    await held(pooled, order)
    await pooled.cancel(order)
    await pooled.until(order, "cancelled")
    undone = [call.name for call in pooled.fulfiller.calls if call.operation == "compensate"]
    assert undone == ["1/first"]
    assert await members(pooled) == {"1": "quarantined"}
    assert await counts(pooled) == {"reserved": 0, "used": 0, "quarantined": 1}


async def test_one_who_waits_goes_on_when_another_gives_back(pooled: Harness) -> None:
    pooled.start()
    pooled.fulfiller.scripts = {"fulfil:1/build": answers(Refused("no port"), Done())}
    first = await pooled.order(allocating("1/vlan", "1/build"))
    await held(pooled, first)
    await pooled.until(await pooled.order(allocating("1/vlan")), "completed")
    waiting = await pooled.order(allocating("1/vlan"))
    await held(pooled, waiting)
    await pooled.cancel(first)
    await pooled.until(waiting, "completed")
    assert await members(pooled) == {"1": "used", "2": "used"}


async def test_an_item_that_is_given_up_leaves_nothing_reserved_and_nothing_in_line(pooled: Harness) -> None:
    pooled.start()
    pooled.fulfiller.scripts = {"fulfil:1/build": answers(Refused("no"))}
    built = await pooled.order(allocating("1/vlan", "1/build"))
    await held(pooled, built)
    await pooled.until(await pooled.order(allocating("1/vlan")), "completed")
    waiting = await pooled.order(allocating("1/vlan", "1/build"))
    await held(pooled, waiting)
    for order, task in ((waiting, "1/vlan"), (built, "1/build")):
        await intervened(pooled, order, task, "fail")
        await pooled.until(order, "failed")
    assert await members(pooled) == {"2": "used"}
    assert await counts(pooled) == {"reserved": 0, "used": 1, "quarantined": 0}
    assert not await pooled.store.collection("poolDemand").count_documents({"state": "waiting"})


@pytest.mark.parametrize("do", ["skip", "complete"])
async def test_an_allocation_that_a_person_settles_waits_in_no_line(pooled: Harness, do: str) -> None:
    pooled.start()
    for _ in range(2):
        await pooled.until(await pooled.order(allocating("1/vlan")), "completed")
    waiting = await pooled.order(allocating("1/vlan", "1/build"))
    await held(pooled, waiting)
    await intervened(pooled, waiting, "1/vlan", do)
    await pooled.until(waiting, "completed")
    await grow(pooled, 3, 3)
    await asyncio.sleep(0.2)
    assert await members(pooled) == {"1": "used", "2": "used"}


async def intervened(harness: Harness, order: str, task: str, do: str) -> None:
    document = (await harness.tasks(order))[f"fulfil:{task}"]
    wish = Wish(do=do, who="anna", why="because", id=new_id(), force=True)
    await intervene(harness.store, harness.clock, document, wish)
