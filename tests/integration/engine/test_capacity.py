"""Fulfillers that hang or are limited take up no more than their share, and nobody waits because of them."""

import asyncio
from typing import Any

from adapters.ports import FulfillerCall
from models.domain.outcomes import Accepted, Done, Outcome
from scheduler.capacity import EngineSettings
from tests.integration.engine.harness import Harness, Scripted, answers, plan_of, plan_with

FAST = {"specification": "fast", "action": "*"}


class Gate:
    """A fulfiller's script that answers nobody until it is opened."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()

    async def __call__(self, _: FulfillerCall) -> Outcome:
        await self.opened.wait()
        return Done()


async def _hanging(harness: Harness, **settings: Any) -> Gate:
    """The usual fulfiller hangs, and one beside it does not."""
    gate = Gate()
    await harness.register(timeout=60, **settings)
    await harness.register(name="fast", capability=[FAST])
    harness.others["f-fast"] = Scripted()
    harness.fulfiller.scripts["fulfil:1/build"] = gate
    return gate


async def _queued(harness: Harness) -> int:
    return await harness.store.collection("plan").count_documents({"queued.since": {"$exists": True}, "lease": None})


async def test_orders_for_others_go_through_while_a_fulfiller_hangs_that_everybody_else_waits_for(
    harness: Harness,
) -> None:
    gate = await _hanging(harness)
    harness.settings = EngineSettings(concurrency=8, in_hand=20)
    harness.start()
    stuck = [await harness.order(plan_of("1/build"), priority=0) for _ in range(60)]

    async def shared_out() -> bool:
        return await _queued(harness) >= 50

    await harness.until_true(shared_out, seconds=20)
    for _ in range(3):
        await harness.until(await harness.order(plan_with("fast", "1/build")), "completed")
    assert harness.fulfiller.running <= 10, "half of what can be in hand, at the most"
    gate.opened.set()
    for order in stuck:
        await harness.until(order, "completed", seconds=30)
    assert len(harness.fulfiller.calls) == 60, "each was called once, whoever had to wait outside"
    assert await _queued(harness) == 0


async def test_plans_that_wait_outside_go_on_after_a_crash_and_with_another_scheduler(harness: Harness) -> None:
    gate = await _hanging(harness, maxConcurrent=1)
    harness.settings = EngineSettings(concurrency=8, in_hand=8)
    tasks = harness.start("n1", lease_seconds=60)
    orders = [await harness.order(plan_of("1/build")) for _ in range(12)]

    async def shared_out() -> bool:
        return await _queued(harness) >= 6

    await harness.until_true(shared_out)
    await harness.kill(tasks)
    gate.opened.set()
    harness.start("n1", lease_seconds=60)
    harness.start("n2", lease_seconds=60)
    for order in orders:
        await harness.until(order, "completed", seconds=20)
    assert len({call.idempotency_key for call in harness.fulfiller.calls}) == 12


async def test_the_most_important_of_those_that_wait_outside_is_called_in_first(harness: Harness) -> None:
    gate = await _hanging(harness, maxConcurrent=1)
    harness.settings = EngineSettings(concurrency=4, in_hand=4)
    harness.start()
    usual = [await harness.order(plan_of("1/build")) for _ in range(10)]

    async def shared_out() -> bool:
        return await _queued(harness) >= 7

    await harness.until_true(shared_out)
    urgent = await harness.order(plan_of("1/build"), priority=0)
    document = await harness.until(urgent, "inProgress")
    assert document["body"]["state"] == "inProgress"
    gate.opened.set()
    for order in (*usual, urgent):
        await harness.until(order, "completed", seconds=20)
    called = [call.order_id for call in harness.fulfiller.calls]
    assert called.index(urgent) <= 3, "only those went before it that were called already"


async def test_an_order_of_many_items_leaves_others_a_place_in_line(harness: Harness) -> None:
    gate = await _hanging(harness, maxConcurrent=1)
    harness.settings = EngineSettings(concurrency=8, in_hand=200)
    for item in range(1, 61):
        harness.fulfiller.scripts[f"fulfil:{item}/build"] = gate
    harness.start()
    big = await harness.order(plan_of(*(f"{item}/build" for item in range(1, 61))))

    async def called() -> bool:
        return len(harness.fulfiller.calls) == 1

    await harness.until_true(called)
    small = await harness.order(plan_of("1/build"))
    await harness.until(small, "inProgress")
    await harness.until_true(_in_hand(harness, small))
    gate.opened.set()
    await harness.until(small, "completed", seconds=20)
    await harness.until(big, "completed", seconds=30)
    order = [call.order_id for call in harness.fulfiller.calls]
    assert len(order) == 61
    assert order.index(small) < 40, "it did not wait for all of the big one"


def _in_hand(harness: Harness, order: str) -> Any:
    async def check() -> bool:
        return "lease" in await harness.get("plan", order)

    return check


async def test_a_fulfiller_that_hangs_when_it_is_polled_takes_up_no_more_than_its_share(harness: Harness) -> None:
    await _hanging(harness)
    polls, opened = 0, asyncio.Event()

    class Slow(Scripted):
        async def poll(self, reference: Accepted, call: FulfillerCall) -> Outcome:
            nonlocal polls
            polls += 1
            await opened.wait()
            return Done()

    harness.fulfiller = Slow()
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Accepted("job", poll_url="/job", retry_after=0.2))
    harness.settings = EngineSettings(concurrency=8, in_hand=20)
    harness.start()
    stuck = [await harness.order(plan_of("1/build")) for _ in range(40)]

    async def shared_out() -> bool:
        return await _queued(harness) >= 25

    await harness.until_true(shared_out, seconds=20)
    await harness.until(await harness.order(plan_with("fast", "1/build")), "completed")
    assert polls <= 10
    opened.set()
    for order in stuck:
        await harness.until(order, "completed", seconds=30)
