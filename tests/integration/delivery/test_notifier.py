"""The notifier on a real database, with real subscribers."""

import asyncio

from aiohttp import web

from tests.integration.delivery.conftest import QUICK, STATES, World
from tests.integration.delivery.subscribers import Call, listening, until


async def test_of_every_order_the_events_arrive_in_order(world: World) -> None:
    async with listening() as subscriber, world.notifier():
        await world.subscribe(subscriber.url)
        orders = await world.orders(40, STATES)
        await subscriber.has(200)
        assert subscriber.states_by_lane() == {order: list(STATES) for order in orders}
        await world.nothing_pending()
        await world.nothing_owed()
        assert len(subscriber.calls) == 200


async def test_of_every_order_the_events_arrive_in_order_although_every_third_call_fails(world: World) -> None:
    def answer(call: Call) -> int:
        return 503 if call.number % 3 == 0 else 200

    async with listening(answer) as subscriber, world.notifier():
        await world.subscribe(subscriber.url)
        orders = await world.orders(20, STATES)
        await subscriber.has(100, 20)
        assert subscriber.states_by_lane() == {order: list(STATES) for order in orders}
        assert [call.event for call in subscriber.taken] == list(dict.fromkeys(c.event for c in subscriber.taken))


async def test_a_retry_carries_the_same_event_id_and_the_lane_waits_for_it(world: World) -> None:
    async with listening(lambda call: 500 if call.number < 3 else 204) as subscriber, world.notifier():
        await world.subscribe(subscriber.url)
        await world.order(("acknowledged", "inProgress"))
        await subscriber.has(2)
        first, *retries, last = [call.event for call in subscriber.calls]
        assert retries == [first] * 3
        assert last != first
        await world.nothing_pending()
        delivery = (await world.deliveries(event=first))[0]
        assert (delivery["state"], delivery["attempts"], delivery["last"]["status"]) == ("delivered", 4, 204)


async def test_what_a_subscriber_refuses_is_a_dead_letter_and_the_lane_goes_on(world: World) -> None:
    async with listening(lambda call: 422 if call.number == 0 else 204) as subscriber, world.notifier():
        await world.subscribe(subscriber.url)
        await world.order(("acknowledged", "inProgress", "completed"))
        await subscriber.has(2)
        await world.nothing_pending()
        deliveries = await world.deliveries()
        assert [delivery["state"] for delivery in deliveries] == ["dead", "delivered", "delivered"]
        assert deliveries[0]["last"]["status"] == 422


async def test_every_attempt_is_counted_by_what_came_of_it(world: World) -> None:
    answers = {0: 500, 1: 204, 2: 422, 3: 410}
    async with listening(lambda call: answers[call.number]) as subscriber, world.notifier():
        await world.subscribe(subscriber.url)
        await world.order(("acknowledged", "inProgress", "completed"))
        await until(lambda: len(world.counted) == 4)
    assert world.counted == ["failed", "delivered", "dead", "ended"]


async def test_after_the_last_retry_it_is_a_dead_letter_and_the_lane_goes_on(world: World) -> None:
    refused: list[str] = []

    def answer(call: Call) -> int:
        if not refused:
            refused.append(call.event)
        return 500 if call.event in refused else 204

    async with listening(answer) as subscriber, world.notifier():
        await world.subscribe(subscriber.url)
        await world.order(("acknowledged", "inProgress"))
        await subscriber.has(1)
        await world.nothing_pending()
        dead = (await world.deliveries(state="dead"))[0]
        assert dead["event"] == refused[0]
        assert dead["attempts"] == len(QUICK.retry_schedule) + 1


async def test_410_ends_the_subscription_and_what_it_missed_can_be_seen(world: World) -> None:
    async with listening(lambda _call: 410) as subscriber, world.notifier():
        key = await world.subscribe(subscriber.url)
        await world.orders(3, STATES)
        await world.nothing_owed()
        await world.nothing_pending()
        stored = await world.store.get("subscription", key)
        assert stored is not None
        assert (stored["state"], stored["rev"]) == ("ended", 2)
        assert {delivery["state"] for delivery in await world.deliveries()} == {"dead"}
        calls = len(subscriber.calls)
        assert calls <= 3
        await world.order()
        await asyncio.sleep(0.3)
        assert len(subscriber.calls) == calls


async def test_slow_and_dead_subscribers_hold_up_nobody(world: World) -> None:
    async def slowly(_call: Call) -> int:
        await asyncio.sleep(0.3)
        return 204

    async with (
        listening(slowly) as slow,
        listening() as fast,
        world.notifier(patience=0.5) as notifier,
    ):
        await world.subscribe(slow.url)
        await world.subscribe("http://127.0.0.1:9/nobody")
        await world.subscribe(fast.url)
        await world.orders(200)
        await fast.has(200)
        assert len(slow.taken) < 200, "the fast one has all before the slow one"
        await slow.has(200)
        given_up = len(slow.calls) - len({call.event for call in slow.calls})  # it still works on them
        assert QUICK.concurrency <= slow.most_at_once <= QUICK.concurrency + given_up
        assert notifier is not None


async def test_a_dead_subscriber_is_probed_with_few_calls_and_gets_everything_when_it_is_back(world: World) -> None:
    healthy = asyncio.Event()

    async with listening(lambda _call: 204 if healthy.is_set() else 503) as subscriber, world.notifier():
        await world.subscribe(subscriber.url)
        orders = await world.orders(300, ("acknowledged", "completed"))
        await asyncio.sleep(2)
        assert len(subscriber.calls) < 60
        healthy.set()
        await subscriber.has(600)
        assert subscriber.states_by_lane() == {order: ["acknowledged", "completed"] for order in orders}


async def test_a_backlog_is_never_read_as_a_whole(world: World) -> None:
    async def never(_call: Call) -> int:
        await asyncio.sleep(30)
        return 204

    async with listening(never) as subscriber, world.notifier(patience=20) as notifier:
        key = await world.subscribe(subscriber.url)
        await world.orders(1500)
        await until(lambda: len(subscriber.calls) == QUICK.concurrency)
        await world.nothing_owed()
        await asyncio.sleep(0.5)
        served = notifier._subscribers[key]
        assert len(served._ready) + len(served._running) <= 5 * QUICK.concurrency + QUICK.lanes_read


async def test_a_subscription_is_told_of_what_happens_right_after_it_was_made(world: World) -> None:
    async with listening() as subscriber, world.notifier() as notifier:
        await asyncio.sleep(0.3)
        notifiers, world.notifiers = world.notifiers, []  # nobody tells the notifier of the new subscription
        await world.subscribe(subscriber.url)
        world.notifiers = notifiers
        await world.order()
        await subscriber.has(1)
        assert notifier is not None


async def test_what_no_wake_up_told_of_is_found_by_the_sweep(world: World) -> None:
    async with listening() as subscriber:
        await world.subscribe(subscriber.url)
        order = await world.order(STATES)
        async with world.notifier():
            await subscriber.has(5)
        assert subscriber.states_by_lane() == {order: list(STATES)}


async def test_a_redirect_is_not_followed(world: World) -> None:
    async with listening() as elsewhere:
        moved = web.HTTPFound(elsewhere.url)
        async with listening(lambda _call: web.Response(status=302, headers=moved.headers)) as subscriber:
            async with world.notifier():
                await world.subscribe(subscriber.url)
                await world.order()
                await world.nothing_owed()
                await world.nothing_pending()
            assert not elsewhere.calls
            assert (await world.deliveries())[0]["last"]["status"] == 302


async def test_a_subscriber_gets_what_its_query_asks_for(world: World) -> None:
    async with listening() as subscriber, world.notifier():
        wanted = "eventType=ServiceOrderStateChangeEvent&event.serviceOrder.state=completed"
        await world.subscribe(subscriber.url, f"{wanted}&fields=event.serviceOrder.state", appendListenerPath=True)
        order = await world.order(STATES, externalId="A1")
        await subscriber.has(1)
        await world.nothing_pending()
        [call] = subscriber.calls
        assert call.path == "/hook/listener/serviceOrderStateChangeEvent"
        assert set(call.envelope) == {"eventId", "eventTime", "eventType", "event"}
        href = f"http://som.example/tmf-api/serviceOrdering/v4/serviceOrder/{order}"
        assert call.envelope["event"] == {"serviceOrder": {"id": order, "href": href, "state": "completed"}}


async def test_a_deleted_resource_goes_when_its_last_event_has_left(world: World) -> None:
    async with listening() as subscriber, world.notifier():
        await world.subscribe(subscriber.url)
        order = await world.order()
        await subscriber.has(1)
        stub = {"id": "gone", "type": "ServiceOrderDeleteEvent", "seq": 2, "at": world.clock.text(), "who": "somebody"}
        change = {"$set": {"tenant": "~default", "owed": world.clock.now()}, "$push": {"outbox": stub}}
        await world.store.update("serviceOrder", {"_id": order}, change)
        await subscriber.has(2)
        assert subscriber.taken[1].envelope["eventType"] == "ServiceOrderDeleteEvent"
        await world.nothing_owed()
        assert await world.store.get("serviceOrder", order) is None


async def test_the_relay_touches_neither_revision_nor_body(world: World) -> None:
    async with world.notifier():
        order = await world.order(STATES)
        before = await world.store.get("serviceOrder", order)
        await world.nothing_owed()
        after = await world.store.get("serviceOrder", order)
    assert before is not None
    assert after is not None
    assert after["outbox"] == []
    assert {name: after[name] for name in ("rev", "seq", "body", "updated")} == {
        name: before[name] for name in ("rev", "seq", "body", "updated")
    }


async def test_an_event_that_cannot_be_made_holds_up_no_other(world: World) -> None:
    async with listening() as subscriber, world.notifier():
        await world.subscribe(subscriber.url)
        bad = await world.order()
        await subscriber.has(1)
        broken = {"id": "broken", "type": "ServiceOrderNoSuchEvent", "seq": 2, "at": "?", "who": "somebody"}
        change = {"$set": {"owed": world.clock.now()}, "$push": {"outbox": broken}}
        await world.store.update("serviceOrder", {"_id": bad}, change)
        await world.orders(5)
        await subscriber.has(6)
