"""Several notifiers on one database, and notifiers that die."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from models.leases import Leases
from models.sealing import Sealer
from scheduler.delivery.audience import Audience
from scheduler.relay import Relay
from tests.integration.delivery.conftest import QUICK, STATES, World
from tests.integration.delivery.subscribers import Call, listening


@asynccontextmanager
async def notifier_process(world: World, by: str) -> AsyncIterator[asyncio.subprocess.Process]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integration.delivery.notifier_process",
        world.url,
        world.store.database.name,
        by,
        env=environment,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()


async def test_two_notifiers_share_the_work_and_send_nothing_twice(world: World) -> None:
    async with (
        listening() as one,
        listening() as other,
        world.notifier("one"),
        world.notifier("two"),
    ):
        await world.subscribe(one.url)
        await world.subscribe(other.url)
        orders = await world.orders(50, STATES)
        for subscriber in (one, other):
            await subscriber.has(250, 20)
            assert subscriber.states_by_lane() == {order: list(STATES) for order in orders}
        await world.nothing_pending()
        assert (len(one.calls), len(other.calls)) == (250, 250)


async def test_a_notifier_takes_over_from_one_that_stops(world: World) -> None:
    async with listening() as subscriber:
        await world.subscribe(subscriber.url)
        async with world.notifier("two"):
            async with world.notifier("one"):
                orders = await world.orders(30, ("acknowledged",))
                await subscriber.has(10)
            for order in orders:
                await world.move(order, "completed")
            await subscriber.has(60)
    assert subscriber.states_by_lane() == {order: ["acknowledged", "completed"] for order in orders}
    assert len(subscriber.calls) == 60


async def test_killed_at_random_moments_it_delivers_everything_with_the_same_ids_and_in_order(world: World) -> None:
    async def answer(call: Call) -> int:
        await asyncio.sleep(0.005)
        return 503 if call.number % 10 == 0 else 200

    dice = random.Random(7)
    async with listening(answer) as subscriber:
        await world.subscribe(subscriber.url)
        orders = []
        for life in range(4):
            async with notifier_process(world, f"life {life}"):
                orders += await world.orders(60, STATES)
                enough = len(subscriber.taken) + dice.randint(20, 150)
                await subscriber.takes(enough, 30)
        taken_by_the_dead = len(subscriber.taken)
        async with notifier_process(world, "last life"):
            await subscriber.has(4 * 60 * 5, 40)
            await world.nothing_pending()
        assert 0 < taken_by_the_dead < 4 * 60 * 5
        assert subscriber.states_by_lane() == {order: list(STATES) for order in orders}
        stored = {event["_id"] async for event in world.store.collection("event").find({}, {"_id": 1})}
        assert {call.event for call in subscriber.taken} == stored
        # What a kill hid is repeated: at most what was under way in each life, never a second delivery of the rest.
        assert len(subscriber.taken) - len(stored) <= 4 * QUICK.concurrency * 4


async def test_two_relays_at_once_make_every_event_and_every_delivery_once(world: World) -> None:
    await world.subscribe("http://127.0.0.1:9/nobody")
    await world.subscribe("http://127.0.0.1:9/somebody", "eventType=ServiceOrderStateChangeEvent")
    orders = await world.orders(60, STATES)
    small = replace(QUICK, relay_batch=7)
    relays = [Relay(world.store, world.clock, _audience(world), small, lambda _keys: None) for _ in range(3)]
    await asyncio.gather(*(relay.sweep() for relay in relays))
    await world.nothing_owed()
    assert await world.store.collection("event").count_documents({}) == len(orders) * 5
    assert await world.store.collection("delivery").count_documents({}) == len(orders) * (5 + 4)


async def test_a_relay_that_died_half_way_leaves_nothing_that_the_next_one_would_double(world: World) -> None:
    await world.subscribe("http://127.0.0.1:9/nobody")
    [order] = await world.orders(1, STATES)
    relay = Relay(world.store, world.clock, _audience(world), QUICK, lambda _keys: None)
    stored = await world.store.get("serviceOrder", order)
    assert stored is not None
    await relay.sweep()
    await world.store.collection("serviceOrder").replace_one({"_id": order}, stored)  # nothing was struck off
    await world.store.collection("delivery").delete_one({"seq": 5})  # nor was everything inserted
    await relay.sweep()
    assert [delivery["seq"] for delivery in await world.deliveries()] == [1, 2, 3, 4, 5]
    assert await world.store.collection("event").count_documents({}) == 5


async def test_what_comes_while_a_relay_works_stays_owed(world: World) -> None:
    order = await world.order(STATES)
    relay = Relay(world.store, world.clock, _audience(world), QUICK, lambda _keys: None)
    await asyncio.gather(relay.sweep(), *(world.move(order, "held") for _ in range(1)))
    await relay.sweep()
    await world.nothing_owed()
    seqs = [event["seq"] async for event in world.store.collection("event").find().sort("seq", 1)]
    assert seqs == [1, 2, 3, 4, 5, 6]


async def test_of_two_takers_one_has_the_lease_until_it_runs_out(world: World) -> None:
    one, two = (Leases(world.store, world.clock, by, 0.3) for by in ("one", "two"))
    lease = await one.take("job")
    assert lease is not None
    assert await two.take("job") is None
    await asyncio.sleep(0.2)
    await one.renew()
    await asyncio.sleep(0.2)
    assert one.holds(lease)
    assert await two.take("job") is None
    await asyncio.sleep(0.2)
    assert not one.holds(lease)
    assert await two.take("job") is not None
    await one.renew()
    assert not one.holds(lease)


async def test_a_lease_given_back_is_free_at_once(world: World) -> None:
    one, two = (Leases(world.store, world.clock, by, 30) for by in ("one", "two"))
    lease = await one.take("job")
    assert lease is not None
    await one.give_back(lease)
    assert not one.holds(lease)
    assert await two.take("job") is not None


def _audience(world: World) -> Audience:
    return Audience(world.store, world.clock, "http://som.example", Sealer())
