"""The engine dies after its n-th write, for every n of an allocating order's life: nothing leaks, nothing doubles."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from models.domain.outcomes import Accepted
from tests.integration.engine.allocating import allocating, counts, grow, with_pool
from tests.integration.engine.crash_points import MortalPools, MortalStore
from tests.integration.engine.harness import Document, Harness, answers

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # sockets of the dead

SECONDS = 10.0


async def die_at_every_write(
    harness: Harness, story: Callable[[int], Awaitable[str]], check: Callable[[int, str], Awaitable[None]]
) -> None:
    """Tell a story to an engine of one write, of two …, and its successor, until one does not die of it."""
    for lives in range(1, 100):
        store = MortalStore(harness.store, lives)
        tasks = harness.start("n1", lease_seconds=60, store=store, pools=MortalPools(harness.pools, store))
        told = asyncio.create_task(_told(harness, story, lives), name="Task-story")
        death = asyncio.create_task(store.died.wait(), name="Task-death")
        await asyncio.wait([told, death], return_when=asyncio.FIRST_COMPLETED, timeout=SECONDS)
        death.cancel()
        await harness.kill(tasks)
        tasks = harness.start("n1", lease_seconds=60)
        try:
            async with asyncio.timeout(SECONDS):
                order = await told
        except TimeoutError:
            plan = await harness.store.collection("plan").find_one({"state": {"$ne": "done"}})
            pytest.fail(f"stuck after the death at write {lives}: {plan}")
        finally:
            await harness.kill(tasks)
        await check(lives, order)
        if store.left > 0:
            return
    pytest.fail("the engine never stopped writing")


async def _told(harness: Harness, story: Callable[[int], Awaitable[str]], lives: int) -> str:
    order = await story(lives)

    async def at_rest() -> bool:
        plan = await harness.get("plan", order)
        return plan["state"] == "done" and "due" not in plan

    await harness.until_true(at_rest)
    return order


async def of_order(harness: Harness, order: str) -> list[Document]:
    return await harness.store.collection("resource").find({"holder.order": order}).to_list()


async def no_lines(harness: Harness) -> bool:
    return not await harness.store.collection("poolDemand").count_documents({"state": "waiting"})


async def test_who_waits_for_a_pool_gets_one_member_wherever_the_engine_dies(harness: Harness) -> None:
    await harness.register()
    await with_pool(harness, 1, 1)
    tasks = harness.start("n0")
    await harness.until(await harness.order(allocating("1/vlan")), "completed")
    await harness.kill(tasks)

    async def story(lives: int) -> str:
        order = await harness.order(allocating("1/vlan", "1/build"))
        await harness.until(order, "held")
        await grow(harness, lives + 1, lives + 1)
        await harness.until(order, "completed")
        return order

    async def check(lives: int, order: str) -> None:
        mine = await of_order(harness, order)
        assert [(one["use"], one["body"]["value"]) for one in mine] == [("used", str(lives + 1))], lives
        assert await counts(harness) == {"reserved": 0, "used": lives + 1, "quarantined": 0}, lives
        assert await no_lines(harness), lives

    await die_at_every_write(harness, story, check)


async def test_a_cancelled_order_leaves_nothing_taken_wherever_the_engine_dies(harness: Harness) -> None:
    await harness.register()
    await with_pool(harness, 1, 200)
    harness.fulfiller.scripts = {"fulfil:1/slow": answers(Accepted("job"))}

    async def story(_: int) -> str:
        order = await harness.order(allocating("1/vlan", "2/vlan", "1/slow"))

        async def accepted() -> bool:
            return (await harness.tasks(order)).get("fulfil:1/slow", {}).get("state") == "accepted"

        await harness.until_true(accepted)
        await harness.cancel(order)
        await harness.until(order, "cancelled")
        return order

    async def check(lives: int, order: str) -> None:
        assert await of_order(harness, order) == [], lives
        assert await counts(harness) == {"reserved": 0, "used": 0, "quarantined": lives}, "item 1 was worked on"
        left = await harness.store.collection("service").distinct("body.state", {"tenant": "default"})
        assert left == ["terminated"], "item 2 was complete already"

    await die_at_every_write(harness, story, check)
