"""The callback of one order: its own events go there, signed, and nobody else's."""

from models.domain.signatures import sign
from models.order_callbacks import key_of
from tests.integration.delivery.conftest import World
from tests.integration.delivery.subscribers import Call, listening

SECRET = "whsec_" + "c2VjcmV0" * 4


async def given(world: World, order: str, callback: str, **more: str) -> None:
    field = {"callback": {"callback": callback, "secret": SECRET, "state": "active", **more}}
    assert await world.store.update("serviceOrder", {"_id": order}, {"$set": field})


async def test_the_events_of_an_order_go_to_its_callback_and_nobody_elses_do(world: World) -> None:
    mine = await world.order(("acknowledged", "inProgress", "completed"))
    await world.order(("acknowledged",))
    async with listening() as subscriber:
        await given(world, mine, subscriber.url)
        async with world.notifier():
            await subscriber.has(3)
            await world.nothing_pending()
        states = [call.envelope["event"]["serviceOrder"]["state"] for call in subscriber.calls]
        assert states == ["acknowledged", "inProgress", "completed"]
        assert {call.envelope["event"]["serviceOrder"]["id"] for call in subscriber.calls} == {mine}
        assert all(is_signed(call) for call in subscriber.calls)


def is_signed(call: Call) -> bool:
    moment = int(call.headers["webhook-timestamp"])
    return call.headers["webhook-signature"] == sign([SECRET], call.event, moment, call.raw)


async def test_what_the_query_does_not_ask_for_is_not_sent(world: World) -> None:
    order = await world.order(("acknowledged", "inProgress", "completed"))
    async with listening() as subscriber:
        await given(world, order, subscriber.url, query="eventType=ServiceOrderCreateEvent")
        async with world.notifier():
            await subscriber.has(1)
            await world.nothing_owed()
            await world.nothing_pending()
        assert len(subscriber.calls) == 1


async def test_a_callback_that_answers_410_ends_and_leaves_the_hubs_alone(world: World) -> None:
    order = await world.order(("acknowledged", "inProgress", "completed"))
    async with listening(lambda _call: 410) as gone, listening() as hub:
        await given(world, order, gone.url)
        await world.subscribe(hub.url)
        async with world.notifier():
            await hub.has(3)
            await world.nothing_pending()
        stored = await world.store.get("serviceOrder", order)
        assert stored is not None
        assert stored["callback"]["state"] == "ended"
        assert {one["state"] for one in await world.deliveries(subscription=key_of(order))} == {"dead"}
