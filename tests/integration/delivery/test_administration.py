"""Looking at deliveries, replaying them, changing secrets, removing what is old."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from standardwebhooks import Webhook as Verifier

from models import deliveries
from models.domain.caller import ANONYMOUS, Caller
from models.domain.errors import Conflict, NotFound
from models.retention import Retention, remove_old
from models.sealing import Sealer
from tests.integration.delivery.conftest import QUICK, SEALER, STATES, World
from tests.integration.delivery.subscribers import listening, until

STRANGER = Caller("stranger", frozenset(), "elsewhere")


async def test_dead_letters_are_replayed_in_order_with_their_event_ids(world: World) -> None:
    broken = [True]
    async with listening(lambda _call: 400 if broken else 200) as subscriber, world.notifier():
        key = await world.subscribe(subscriber.url)
        orders = await world.orders(5, STATES)
        await world.nothing_owed()
        await world.nothing_pending()
        broken.clear()
        assert await deliveries.replay_subscription(world.store, world.clock, ANONYMOUS, key, deliveries.Replay()) == 25
        await subscriber.has(25)
        assert subscriber.states_by_lane() == {order: list(STATES) for order in orders}
        assert {call.event for call in subscriber.calls} == {call.event for call in subscriber.taken}


async def test_one_delivery_is_replayed_once(world: World) -> None:
    async with listening() as subscriber, world.notifier():
        await world.subscribe(subscriber.url)
        await world.order()
        await subscriber.has(1)
        await world.nothing_pending()
        [delivery] = await world.deliveries()
        await deliveries.replay_delivery(world.store, world.clock, ANONYMOUS, delivery["_id"])
        await world.nothing_pending()
        assert [call.event for call in subscriber.calls] == [delivery["event"]] * 2


async def test_what_waits_is_tried_at_once_when_it_is_replayed(world: World) -> None:
    patient = replace(QUICK, retry_schedule=(3600.0,))
    async with (
        listening(lambda call: 503 if call.number == 0 else 204) as subscriber,
        world.notifier(settings=patient),
    ):
        await world.subscribe(subscriber.url)
        await world.order(("acknowledged", "completed"))
        await until(lambda: len(subscriber.calls) == 1)
        await asyncio.sleep(0.4)
        last = (await world.deliveries())[1]
        await deliveries.replay_delivery(world.store, world.clock, ANONYMOUS, last["_id"])
        await subscriber.has(2)
        assert subscriber.calls[0].event == subscriber.calls[1].event != last["event"]


async def test_other_tenants_see_and_replay_nothing(world: World) -> None:
    async with listening() as subscriber, world.notifier():
        key = await world.subscribe(subscriber.url)
        order = await world.order()
        await subscriber.has(1)
        [delivery] = await world.deliveries()
        assert await deliveries.order_events(world.store, STRANGER, order, 0) == []
        with pytest.raises(NotFound):
            await deliveries.retrieve_event(world.store, STRANGER, delivery["event"])
        with pytest.raises(NotFound):
            await deliveries.retrieve_delivery(world.store, STRANGER, delivery["_id"])
        with pytest.raises(NotFound):
            await deliveries.rotate_secret(world.store, world.clock, SEALER, STRANGER, key)
        with pytest.raises(NotFound):
            await deliveries.remove_subscription(world.store, STRANGER, key)


async def test_an_orders_events_can_be_read_on_from_any_number(world: World) -> None:
    async with world.notifier():
        order = await world.order(STATES)
        await world.nothing_owed()
        found = await deliveries.order_events(world.store, ANONYMOUS, order, 2)
        assert [(event["seq"], event["state"], event["body"]["state"]) for event in found] == [
            (3, "held", "held"),
            (4, "inProgress", "inProgress"),
            (5, "completed", "completed"),
        ]


async def test_what_waits_and_what_was_given_up_is_counted_by_subscription(world: World) -> None:
    patient = replace(QUICK, retry_schedule=(3600.0,))
    async with (
        listening(lambda call: 400 if call.number == 0 else 503) as subscriber,
        listening() as other,
        world.notifier(settings=patient),
    ):
        key = await world.subscribe(subscriber.url)
        fine = await world.subscribe(other.url)
        await world.order(STATES)
        await until(lambda: len(subscriber.calls) == 2)
        await other.has(5)
        await asyncio.sleep(0.2)
        counts = await deliveries.backlogs(world.store, ANONYMOUS, [key, fine])
        assert counts == {(key, "pending"): 4, (key, "dead"): 1}
        assert await deliveries.backlogs(world.store, STRANGER, [key, fine]) == {}


async def test_after_a_change_of_secret_both_verify_for_a_while(world: World) -> None:
    async with listening() as subscriber, world.notifier() as notifier:
        key = await world.subscribe(subscriber.url)
        former = (await world.store.get("subscription", key) or {})["secret"]
        secret = await deliveries.rotate_secret(world.store, world.clock, SEALER, ANONYMOUS, key)
        notifier.subscriptions_changed()
        await world.order()
        await subscriber.has(1)
        [call] = subscriber.calls
        for known in (former, secret):
            assert Verifier(known).verify(call.raw, call.headers) == call.envelope


async def test_what_cannot_be_signed_is_not_sent_and_waits_for_a_secret_that_can_be_read(world: World) -> None:
    async with listening() as subscriber, world.notifier() as notifier:
        lost = Sealer(["a key that nobody has any more, sadly"])
        key = await world.subscribe(subscriber.url)
        sealed = lost.seal_text("whsec_bG9zdA==", f"subscription/{key}")
        await world.store.update("subscription", {"_id": key}, {"$set": {"secret": sealed}})
        notifier.subscriptions_changed()
        other = await world.subscribe(f"{subscriber.url}/other")
        await world.order(STATES)
        await until(lambda: len(subscriber.calls) == len(STATES))
        waiting = await world.deliveries(subscription=key)
        assert [(row["state"], row["attempts"]) for row in waiting] == [("pending", 0)] * len(STATES)
        assert {row["state"] for row in await world.deliveries(subscription=other)} <= {"delivered", "pending"}
        secret = await deliveries.rotate_secret(world.store, world.clock, SEALER, ANONYMOUS, key)
        notifier.subscriptions_changed()
        await until(lambda: len(subscriber.calls) == 2 * len(STATES))
        for call in subscriber.calls[len(STATES) :]:
            assert Verifier(secret).verify(call.raw, call.headers) == call.envelope


async def test_who_has_unsubscribed_gets_nothing_more(world: World) -> None:
    async with listening(lambda _call: 503) as subscriber, world.notifier() as notifier:
        key = await world.subscribe(subscriber.url)
        await world.orders(3, STATES)
        await world.nothing_owed()
        await deliveries.remove_subscription(world.store, ANONYMOUS, key)
        notifier.subscriptions_changed()
        assert await world.deliveries(state="pending") == []
        with pytest.raises(NotFound):
            await deliveries.remove_subscription(world.store, ANONYMOUS, key)
        with pytest.raises(Conflict):
            await deliveries.replay_subscription(world.store, world.clock, ANONYMOUS, key, deliveries.Replay())
        await asyncio.sleep(0.2)
        calls = len(subscriber.calls)
        await world.order()
        await world.nothing_owed()
        await world.nothing_pending()
        assert len(subscriber.calls) == calls


async def test_what_arrived_can_be_sent_again(world: World) -> None:
    async with listening() as subscriber, world.notifier():
        key = await world.subscribe(subscriber.url)
        await world.order(STATES)
        await subscriber.has(5)
        await world.nothing_pending()
        again = deliveries.Replay(dead_only=False, since=world.clock.now() - timedelta(minutes=1))
        assert await deliveries.replay_subscription(world.store, world.clock, ANONYMOUS, key, again) == 5
        await world.nothing_pending()
        assert [call.event for call in subscriber.calls[:5]] == [call.event for call in subscriber.calls[5:]]


async def test_old_deliveries_go_and_events_stay_as_long_as_a_dead_letter_needs_them(world: World) -> None:
    async with listening(lambda call: 400 if call.number == 0 else 204) as subscriber, world.notifier():
        await world.subscribe(subscriber.url)
        await world.order(STATES)
        await world.nothing_owed()
        await world.nothing_pending()
    long_ago = world.clock.now() - timedelta(days=40)
    for name in ("event", "delivery"):
        await world.store.collection(name).update_many({"seq": {"$lt": 5}}, {"$set": {"created": long_ago}})
    removed = {"deliveries": 3, "events": 3, "subscriptions": 0, "resolutions": 1, "processes": 0, "decisions": 0}
    done = {"_id": "j", "tenant": "default", "state": "done", "updated": long_ago}
    await world.store.insert("falloutResolution", done)
    assert await remove_old(world.store, world.clock, Retention()) == {**removed, "messages": 0}
    assert [delivery["seq"] for delivery in await world.deliveries()] == [1, 5]
    assert await remove_old(world.store, world.clock, Retention(dead=39)) == {
        "deliveries": 1,
        "events": 1,
        "subscriptions": 0,
        "resolutions": 0,
        "processes": 0,
        "decisions": 0,
        "messages": 0,
    }
    assert [event["seq"] async for event in world.store.collection("event").find()] == [5]
