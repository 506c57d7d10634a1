"""Looking at deliveries, replaying them, changing secrets, removing what is old."""

from datetime import timedelta

import pytest
from standardwebhooks import Webhook as Verifier

from models import deliveries
from models.domain.caller import ANONYMOUS, Caller
from models.domain.errors import Conflict, NotFound
from models.retention import Retention, remove_old
from tests.integration.delivery.conftest import STATES, World
from tests.integration.delivery.subscribers import Call, listening

STRANGER = Caller("stranger", frozenset(), "elsewhere")
NEWEST = deliveries.Page()


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
        [delivery] = await deliveries.list_deliveries(world.store, ANONYMOUS, deliveries.DeliveryFilter(), NEWEST)
        await deliveries.replay_delivery(world.store, world.clock, ANONYMOUS, delivery["_id"])
        await world.nothing_pending()
        assert [call.event for call in subscriber.calls] == [delivery["event"]] * 2


async def test_what_is_pending_cannot_be_replayed(world: World) -> None:
    async with listening(lambda _call: 503) as subscriber, world.notifier():
        await world.subscribe(subscriber.url)
        await world.order()
        await world.nothing_owed()
        [delivery] = await world.deliveries()
        with pytest.raises(Conflict):
            await deliveries.replay_delivery(world.store, world.clock, ANONYMOUS, delivery["_id"])


async def test_other_tenants_see_and_replay_nothing(world: World) -> None:
    async with listening() as subscriber, world.notifier():
        key = await world.subscribe(subscriber.url)
        order = await world.order()
        await subscriber.has(1)
        [delivery] = await world.deliveries()
        nothing = deliveries.DeliveryFilter()
        assert await deliveries.list_deliveries(world.store, STRANGER, nothing, NEWEST) == []
        assert await deliveries.list_events(world.store, STRANGER, deliveries.EventFilter(), NEWEST) == []
        assert await deliveries.order_events(world.store, STRANGER, order, 0) == []
        with pytest.raises(NotFound):
            await deliveries.retrieve_delivery(world.store, STRANGER, delivery["_id"])
        with pytest.raises(NotFound):
            await deliveries.rotate_secret(world.store, world.clock, STRANGER, key)
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


async def test_lists_are_filtered_and_newest_first(world: World) -> None:
    async with listening(lambda call: 400 if call.number == 0 else 204) as subscriber, world.notifier():
        key = await world.subscribe(subscriber.url)
        order = await world.order(STATES)
        await world.nothing_owed()
        await world.nothing_pending()
        dead = await deliveries.list_deliveries(
            world.store, ANONYMOUS, deliveries.DeliveryFilter(subscription=key, state="dead"), NEWEST
        )
        assert [delivery["seq"] for delivery in dead] == [1]
        wanted = deliveries.EventFilter(resource=order, type="ServiceOrderStateChangeEvent")
        events = await deliveries.list_events(world.store, ANONYMOUS, wanted, deliveries.Page(limit=3))
        assert len(events) == 3
        assert (await deliveries.retrieve_event(world.store, ANONYMOUS, events[0]["_id"]))["correlation"] == order


async def test_after_a_change_of_secret_both_verify_for_a_while(world: World) -> None:
    async with listening() as subscriber, world.notifier() as notifier:
        key = await world.subscribe(subscriber.url)
        former = (await world.store.get("subscription", key) or {})["secret"]
        secret = await deliveries.rotate_secret(world.store, world.clock, ANONYMOUS, key)
        notifier.subscriptions_changed()
        await world.order()
        await subscriber.has(1)
        [call] = subscriber.calls
        for known in (former, secret):
            assert Verifier(known).verify(call.raw, call.headers) == call.envelope


async def test_a_removed_subscription_gets_nothing_more(world: World) -> None:
    def refuse(_call: Call) -> int:
        return 503

    async with listening(refuse) as subscriber, world.notifier() as notifier:
        key = await world.subscribe(subscriber.url)
        await world.orders(3, STATES)
        await world.nothing_owed()
        await deliveries.remove_subscription(world.store, ANONYMOUS, key)
        notifier.subscriptions_changed()
        assert await world.deliveries(state="pending") == []
        await world.order()
        await world.nothing_owed()
        await world.nothing_pending()
        assert await world.deliveries(state="dead") == []


async def test_old_deliveries_go_and_events_stay_as_long_as_a_dead_letter_needs_them(world: World) -> None:
    async with listening(lambda call: 400 if call.number == 0 else 204) as subscriber, world.notifier():
        await world.subscribe(subscriber.url)
        await world.order(STATES)
        await world.nothing_owed()
        await world.nothing_pending()
    long_ago = world.clock.now() - timedelta(days=40)
    for name in ("event", "delivery"):
        await world.store.collection(name).update_many({"seq": {"$lt": 5}}, {"$set": {"created": long_ago}})
    assert await remove_old(world.store, world.clock, Retention()) == {"deliveries": 3, "events": 3}
    assert [delivery["seq"] for delivery in await world.deliveries()] == [1, 5]
    assert await remove_old(world.store, world.clock, Retention(dead=39)) == {"deliveries": 1, "events": 1}
    assert [event["seq"] async for event in world.store.collection("event").find()] == [5]
