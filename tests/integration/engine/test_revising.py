"""A modification says what its service shall have: what fits is kept, the rest goes when the order has ended well."""

import pytest

from adapters.ports import FulfillerCall
from models.domain.outcomes import Done, Outcome, Refused
from tests.integration.engine.allocating import POOL, allocating, counts, grow, members, revising, with_pool
from tests.integration.engine.crash_points import die_at_every_write
from tests.integration.engine.harness import Document, Harness, answers
from tests.integration.engine.test_allocating import held, intervened

WANTED = {"pool": POOL}
TWO = {"pool": POOL, "count": 2}
IN_BERLIN = {"pool": POOL, "where": {"place": ["berlin"]}}
CRASHING = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # sockets of the dead


@pytest.fixture
async def pooled(harness: Harness) -> Harness:
    await harness.register()
    await with_pool(harness, 1, 4)
    return harness


async def built(harness: Harness, demand: Document) -> str:
    """A service that has what is demanded; returns its id."""
    order = await harness.order(allocating("1/vlan", demand=demand))
    await harness.until(order, "completed")
    return await service_of(harness, order)


async def service_of(harness: Harness, order: str) -> str:
    (planned,) = (await harness.get("planDefinition", order))["services"]
    return str(planned["id"])


async def has(harness: Harness, service: str) -> list[str]:
    """The numbers that a service says that it rests on."""
    body = (await harness.get("service", service))["body"]
    return sorted(one["value"] for one in body["supportingResource"])


async def changed(harness: Harness, service: str, demand: Document | None) -> str:
    order = await harness.order(revising(service, "1/vlan", "1/build", demand=demand))
    await harness.until(order, "completed")
    return order


async def test_more_is_taken_beside_what_the_service_has(pooled: Harness) -> None:
    pooled.start()
    service = await built(pooled, WANTED)
    await changed(pooled, service, TWO)
    assert await members(pooled) == {"1": "used", "2": "used"}
    assert await has(pooled, service) == ["1", "2"]


async def test_less_leaves_the_service_with_the_first_and_the_others_rest(pooled: Harness) -> None:
    pooled.start()
    service = await built(pooled, TWO)
    await changed(pooled, service, WANTED)
    assert await members(pooled) == {"1": "used", "2": "quarantined"}
    assert await has(pooled, service) == ["1"]
    await changed(pooled, service, None)
    assert await members(pooled) == {"1": "quarantined", "2": "quarantined"}
    assert await has(pooled, service) == []


async def test_the_same_demand_changes_nothing(pooled: Harness) -> None:
    pooled.start()
    service = await built(pooled, TWO)
    before = await members(pooled)
    await changed(pooled, service, TWO)
    assert await members(pooled) == before
    assert await counts(pooled) == {"reserved": 0, "used": 2, "quarantined": 0}


async def test_another_condition_moves_the_service_and_it_has_both_until_the_end(pooled: Harness) -> None:
    pooled.start()
    service = await built(pooled, WANTED)
    await grow(pooled, 10, 12, place={"id": "berlin"})
    seen: list[dict[str, str]] = []

    async def look(_: FulfillerCall) -> Outcome:
        seen.append(await members(pooled))
        return Done()

    pooled.fulfiller.scripts = {"fulfil:1/build": look}
    await changed(pooled, service, IN_BERLIN)
    assert seen == [{"1": "used", "10": "reserved"}]
    assert await members(pooled) == {"1": "quarantined", "10": "used"}
    assert await has(pooled, service) == ["10"]


@pytest.mark.parametrize("end", ["cancel", "fail"])
async def test_a_modification_that_comes_to_nothing_leaves_the_service_what_it_had(pooled: Harness, end: str) -> None:
    pooled.start()
    service = await built(pooled, TWO)
    await grow(pooled, 10, 12, place={"id": "berlin"})
    pooled.fulfiller.scripts = {"fulfil:1/build": answers(Refused("no"), Done())}
    order = await pooled.order(revising(service, "1/vlan", "1/build", demand=IN_BERLIN))
    await held(pooled, order)
    if end == "cancel":
        await pooled.cancel(order)
    else:
        await intervened(pooled, order, "1/build", "fail")
    await pooled.until(order, "cancelled", "failed")
    assert await members(pooled) == {"1": "used", "2": "used"}
    assert await has(pooled, service) == ["1", "2"]
    await changed(pooled, service, TWO)
    assert await members(pooled) == {"1": "used", "2": "used"}


async def test_an_item_that_was_complete_has_back_what_it_did_without_when_its_order_is_cancelled(
    pooled: Harness,
) -> None:
    pooled.start()
    service = await built(pooled, TWO)
    pooled.fulfiller.scripts = {"fulfil:2/slow": answers(Refused("no"))}
    order = await pooled.order(revising(service, "1/vlan", "1/build", "2/slow", demand=WANTED))
    await held(pooled, order)
    assert await has(pooled, service) == ["1"]
    assert await members(pooled) == {"1": "used", "2": "used"}, "the order has not ended"
    await pooled.cancel(order)
    await pooled.until(order, "cancelled")
    assert await has(pooled, service) == ["1", "2"]
    await changed(pooled, service, TWO)
    assert await members(pooled) == {"1": "used", "2": "used"}


async def test_what_a_service_is_about_to_lose_is_not_kept_by_the_order_after(pooled: Harness) -> None:
    pooled.start()
    service = await built(pooled, TWO)
    pooled.fulfiller.scripts = {"fulfil:2/slow": answers(Refused("no"), Done())}
    first = await pooled.order(revising(service, "1/vlan", "1/build", "2/slow", demand=WANTED))
    await held(pooled, first)
    await changed(pooled, service, TWO)
    assert await has(pooled, service) == ["1", "3"]
    await pooled.resume(first)
    await pooled.until(first, "completed")
    assert await members(pooled) == {"1": "used", "2": "quarantined", "3": "used"}


@CRASHING
async def test_a_modification_neither_leaks_nor_doubles_wherever_the_engine_dies(harness: Harness) -> None:
    await harness.register()
    await with_pool(harness, 1, 400, quarantine=0)
    await grow(harness, 1000, 1400, place={"id": "berlin"})
    tasks = harness.start("n0")
    services = [await built(harness, TWO) for _ in range(40)]
    await harness.kill(tasks)

    async def story(lives: int) -> str:
        order = await harness.order(revising(services[lives], "1/vlan", "1/build", demand=IN_BERLIN))
        await harness.until(order, "completed")
        return order

    async def check(lives: int, _: str) -> None:
        mine = await harness.store.collection("resource").find({"holder.service": services[lives]}).to_list()
        assert [(one["use"], int(one["body"]["value"]) >= 1000) for one in mine] == [("used", True)], lives
        assert await counts(harness) == {"reserved": 0, "used": 80 - lives, "quarantined": 0}, lives

    await die_at_every_write(harness, story, check)
