"""The desired and the actual side of services while orders work on them."""

import asyncio

from adapters.ports import FulfillerCall
from models.domain.outcomes import Accepted, Done, Outcome, Refused
from tests.integration.engine.harness import Document, Harness, answers, plan_of, plan_on

SPEED = {"serviceCharacteristic": [{"name": "speed", "value": 200}]}


async def the_service(harness: Harness) -> Document:
    found = await harness.store.collection("service").find_one({})
    assert found is not None
    return found


async def built(harness: Harness) -> Document:
    address = Done(service_characteristic=({"name": "address", "value": "192.0.2.7"},))
    harness.fulfiller.scripts["fulfil:1/build"] = answers(address)
    await harness.register()
    harness.start()
    await harness.until(await harness.order(plan_of("1/build")), "completed")

    async def let_go() -> bool:
        return "owner" not in await the_service(harness)

    await harness.until_true(let_go)
    return await the_service(harness)


async def test_a_new_service_is_desired_before_the_first_call_and_actual_afterwards(harness: Harness) -> None:
    seen: list[Document] = []

    async def look(_: FulfillerCall) -> Outcome:
        seen.append(await the_service(harness))
        return Done(service_characteristic=({"name": "address", "value": "192.0.2.7"},))

    await harness.register()
    harness.fulfiller.scripts["fulfil:1/build"] = look
    harness.start()
    order = await harness.order(plan_of("1/build"))
    await harness.until(order, "completed")
    assert (seen[0]["desired"]["state"], seen[0]["desired"]["serviceOrderItem"]["serviceOrderId"]) == ("active", order)
    assert "actual" not in seen[0]
    document = await the_service(harness)
    [address] = document["actual"]["serviceCharacteristic"]
    assert (address["source"], address["by"]) == ("reported", "f-scripted")
    assert (document["actual"]["state"], document["actual"]["by"]) == ("active", order)
    assert document["hasDrift"] is False


async def test_a_change_is_desired_while_it_is_made_and_actual_when_it_is_done(harness: Harness) -> None:
    before, seen = await built(harness), list[Document]()

    async def look(_: FulfillerCall) -> Outcome:
        seen.append(await the_service(harness))
        return Done()

    harness.fulfiller.scripts["fulfil:1/modify"] = look
    order = await harness.order(plan_on(before["_id"], delta=SPEED))
    await harness.until(order, "completed")
    assert seen[0]["desired"]["serviceCharacteristic"] == SPEED["serviceCharacteristic"]
    assert seen[0]["actual"] == before["actual"]
    assert seen[0]["rev"] == before["rev"] + 1
    document = await the_service(harness)
    speed = document["actual"]["serviceCharacteristic"][-1]
    assert (speed["name"], speed["source"], speed["by"]) == ("speed", "ordered", order)
    assert (document["hasDrift"], document["seq"]) == (False, len(document["outbox"]))


async def test_a_cancelled_change_leaves_both_sides_as_they_were(harness: Harness) -> None:
    before = await built(harness)
    harness.fulfiller.scripts["fulfil:1/modify"] = answers(Accepted("job"))
    order = await harness.order(plan_on(before["_id"], delta=SPEED))
    await harness.until(order, "inProgress")
    async with asyncio.timeout(10):
        while (await harness.tasks(order)).get("fulfil:1/modify", {}).get("state") != "accepted":
            await asyncio.sleep(0.01)
    await harness.cancel(order)
    await harness.until(order, "cancelled")
    document = await the_service(harness)
    assert (document["desired"], document["actual"]) == (before["desired"], before["actual"])
    assert document["body"] == before["body"]


async def test_an_order_that_ends_what_it_asked_for_desires_the_end_at_once(harness: Harness) -> None:
    before = await built(harness)
    harness.fulfiller.scripts["fulfil:1/delete"] = answers(Refused("in use"), Done())
    order = await harness.order(plan_on(before["_id"], "delete"))
    await harness.until(order, "held")
    document = await the_service(harness)
    assert (document["desired"]["state"], document["body"]["state"]) == ("terminated", "active")
    assert document["hasDrift"] is False  # an order works on it
    await harness.resume(order)
    await harness.until(order, "completed")
    document = await the_service(harness)
    assert (document["body"]["state"], document["actual"]["state"], document["hasDrift"]) == (
        "terminated",
        "terminated",
        False,
    )
