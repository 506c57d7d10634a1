"""The engine dies after its n-th write, for every n of an allocating order's life: nothing leaks, nothing doubles."""

import pytest

from models.domain.outcomes import Accepted
from tests.integration.engine.allocating import allocating, counts, grow, with_pool
from tests.integration.engine.crash_points import die_at_every_write
from tests.integration.engine.harness import Document, Harness, answers

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # sockets of the dead


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
