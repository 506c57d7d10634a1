"""Services are read, drift is told of, and repaired where the specification says so."""

from dataclasses import replace
from datetime import timedelta

import pytest

from models import readings, repairs
from models.domain.caller import ANONYMOUS
from models.domain.errors import Conflict
from models.domain.outcomes import Accepted, Done, Outcome, Refused, Unreachable
from models.domain.plan import Plan
from scheduler.read_adoption import Adoption
from tests.integration.engine.harness import Document, Harness, answers, plan_of, plan_on
from tests.integration.engine.reconciling import SPEED, Mirror, World, speed, world_of


@pytest.fixture
async def world(harness: Harness) -> World:
    return await world_of(harness)


async def test_what_a_fulfiller_says_is_the_actual_side_and_the_difference_is_drift(world: World) -> None:
    await world.service()
    world.mirror.says = speed(50)
    assert await world.reconciliation.look() == 1
    document = await world.get()
    [value] = document["actual"]["serviceCharacteristic"]
    assert (value["value"], value["source"], value["by"]) == (50, "reported", "f-mirror")
    assert document["body"]["serviceCharacteristic"] == [{"name": "speed", "value": 50}]
    assert document["hasDrift"]
    told = [(stub["type"], stub["why"]) for stub in document["outbox"]]
    why = "The fulfiller f-mirror was asked what is."
    assert told == [("ServiceAttributeValueChangeEvent", why), ("ServiceDriftDetectedEvent", why)]
    assert await world.orders() == []  # proposed, not placed
    [call] = world.mirror.asked
    assert (call.operation, call.action, call.service["id"], call.callback_url) == ("read", "noChange", "x", None)
    left = document["readDue"] - world.harness.clock.now()
    assert timedelta(minutes=58) < left <= timedelta(hours=1)


async def test_a_service_that_is_as_ordered_is_read_without_a_trace_in_its_history(world: World) -> None:
    await world.service()
    world.mirror.says = speed(100)
    await world.reconciliation.look()
    document = await world.get()
    assert (document["rev"], document.get("outbox"), document["read"]["answer"][0]["outcome"]) == (1, None, "told")


async def test_drift_that_has_gone_by_itself_is_told_too(world: World) -> None:
    await world.service()
    world.mirror.says = speed(50)
    await world.reconciliation.look()
    world.mirror.says = speed(100)
    document = await world.again()
    assert not document["hasDrift"]
    assert document["outbox"][-1]["type"] == "ServiceDriftResolvedEvent"


async def test_a_service_that_is_not_there_any_more_is_to_be_built_anew_under_its_id(world: World) -> None:
    await world.service()
    world.mirror.says = Done(state="terminated")
    await world.reconciliation.look()
    document = await world.get()
    assert (document["body"]["state"], document["hasDrift"]) == ("terminated", True)
    assert await world.orders() == []  # proposed, not placed
    placed = await repairs.place(world.harness.store, world.parts.placing, ANONYMOUS, document, again=True)
    [item] = placed.document["body"]["serviceOrderItem"]
    assert (item["action"], item["service"]["id"], item["service"]["serviceCharacteristic"]) == ("add", "x", SPEED)
    world.mirror.says = Done(state="active")  # somebody has put it back meanwhile
    back = await world.again()
    assert (back["body"]["state"], back["hasDrift"]) == ("active", False)


async def test_what_one_of_two_fulfillers_says_is_gone_is_gone_whatever_the_other_says_of_its_part(
    world: World,
) -> None:
    other = Mirror()
    other.says = Done(state="active", service_characteristic=({"name": "speed", "value": 100},))
    world.harness.others["f-other"] = other
    await world.harness.register(name="other", reads=True)
    world.mirrors["f-other"] = other
    built = [{"specification": "s1", "fulfiller": key} for key in ("f-mirror", "f-other")]
    await world.service(builtBy=built)
    world.mirror.says = Done(state="terminated")
    await world.reconciliation.look()
    for _ in range(2):
        document = await world.again()
        assert document["body"]["state"] == "terminated"
    told = [stub["type"] for stub in document["outbox"] if "StateChange" in stub["type"]]
    assert told == ["ServiceStateChangeEvent"]


@pytest.mark.parametrize("says", [Refused("what is that?"), Unreachable("no answer")])
async def test_who_cannot_say_changes_nothing_and_the_reason_is_kept(world: World, says: Outcome) -> None:
    await world.service()
    world.mirror.says = says
    await world.reconciliation.look()
    document = await world.get()
    assert document["rev"] == 1
    assert document["read"]["answer"] == [
        {"fulfiller": "f-mirror", "outcome": type(says).__name__.lower(), "reason": says.reason}  # type: ignore[union-attr]
    ]
    assert document["readDue"] > world.harness.clock.now()


async def test_a_policy_of_repair_places_one_order_for_one_drift_and_then_the_drift_is_gone(world: World) -> None:
    await world.specification(policy="repair", interval="PT10M")
    await world.service()
    world.mirror.says = speed(50)
    await world.reconciliation.look()
    [order] = await world.orders()
    [item] = order["body"]["serviceOrderItem"]
    assert (item["action"], item["service"]["serviceCharacteristic"]) == ("modify", SPEED)
    assert order["body"]["category"] == "reconciliation"
    assert "speed is 50 and was ordered as 100" in order["body"]["note"][0]["text"]
    assert (await world.again())["repair"]["order"] == order["_id"]
    assert len(await world.orders()) == 1  # the same drift, the same order
    # The repair has ended, and another drift comes: another order.
    await world.harness.store.update("serviceOrder", {"_id": order["_id"]}, {"$set": {"body.state": "completed"}})
    world.mirror.says = speed(100)
    await world.again()
    world.mirror.says = speed(50)
    await world.again()
    assert len(await world.orders()) == 2


async def test_a_repair_that_did_not_help_is_not_repeated_until_a_person_wants_it(world: World) -> None:
    await world.specification(policy="repair")
    await world.service()
    world.mirror.says = speed(50)
    await world.reconciliation.look()
    [order] = await world.orders()
    await world.harness.store.update("serviceOrder", {"_id": order["_id"]}, {"$set": {"body.state": "completed"}})
    document = await world.again()
    assert len(await world.orders()) == 1
    first = await repairs.place(world.harness.store, world.parts.placing, ANONYMOUS, document, again=True)
    second = await repairs.place(world.harness.store, world.parts.placing, ANONYMOUS, document, again=True)
    assert (first.new, second.new, second.id) == (True, False, first.id)


async def test_off_is_off_but_whoever_asks_is_answered(world: World) -> None:
    await world.specification(policy="off")
    await world.service()
    await world.reconciliation.look()
    assert world.mirror.asked == []
    assert "readDue" not in await world.get()
    await readings.ask(world.harness.store, world.harness.clock, "default", "x", "noc")
    world.mirror.says = speed(50)
    await world.reconciliation.look()
    document = await world.get()
    assert document["hasDrift"]
    assert "asked" not in document
    assert "readDue" not in document


async def test_while_an_order_works_on_a_service_nobody_is_asked(world: World) -> None:
    await world.service(owner={"order": "o2", "item": "1", "plan": "o2"})
    await world.reconciliation.look()
    assert world.mirror.asked == []
    assert (await world.get())["readDue"] > world.harness.clock.now()
    with pytest.raises(Conflict, match="o2"):
        await readings.ask(world.harness.store, world.harness.clock, "default", "x", "noc")


async def test_what_is_said_of_a_service_that_an_order_takes_meanwhile_is_not_taken_in(world: World) -> None:
    await world.service()
    owner = {"owner": {"order": "o2", "item": "1", "plan": "o2"}}
    world.mirror.says = speed(50)

    async def taken() -> None:
        await world.harness.store.update("service", {"_id": "x"}, {"$set": owner, "$inc": {"rev": 1}})

    world.mirror.meanwhile = taken
    await world.reconciliation.look()
    document = await world.get()
    assert (document["hasDrift"], document["body"]["serviceCharacteristic"]) == (False, SPEED)


async def test_who_was_built_before_its_fulfiller_could_be_asked_is_found_piece_by_piece(world: World) -> None:
    for number in range(7):
        await world.service(f"x{number}", due=False)
    await world.service("other", due=False, builtBy=[{"specification": "s1", "fulfiller": "f-scripted"}])
    adoption = Adoption(world.parts)
    adoption.PIECE = 3
    for _ in range(4):
        await adoption.look()
    due = {one["_id"] async for one in world.harness.store.collection("service").find({"readDue": {"$exists": True}})}
    assert due == {f"x{number}" for number in range(7)}


async def test_to_build_a_service_anew_can_be_cancelled_and_leaves_it_as_gone_as_it_was(world: World) -> None:
    await world.service()
    world.mirror.says = Done(state="terminated")
    await world.reconciliation.look()
    harness = world.harness
    world.mirror.scripts = {"fulfil:1/add": answers(Accepted("job"))}

    def anew(order: Document) -> Plan:
        plan = plan_on("x", "add")(order)
        return replace(plan, services=(replace(plan.services[0], action="modify", anew=True),))

    harness.start()
    order = await harness.order(anew)
    await harness.until_true(lambda: _is_called(world))
    [call] = world.mirror.calls
    assert (call.action, call.service["id"], call.service["state"], call.former) == ("add", "x", "designed", None)
    assert (await world.get())["owner"]["order"] == order
    await harness.cancel(order)
    await harness.until(order, "cancelled")
    await harness.until_true(lambda: _is_free(world))
    document = await world.get()
    assert (document["body"]["state"], document["hasDrift"]) == ("terminated", True)
    # Once it is there again, an order that would build it finds that out when it takes it, and builds nothing.
    world.mirror.says = Done(state="active")
    await world.again()
    held = await harness.until(await harness.order(anew), "held")
    assert held["body"]["serviceOrderItem"][0]["errorMessage"][0]["code"] == "serviceBack"
    assert [one.operation for one in world.mirror.calls if one.operation == "fulfil"] == ["fulfil"]


async def _is_called(world: World) -> bool:
    return bool(world.mirror.calls)


async def _is_free(world: World) -> bool:
    return "owner" not in await world.get()


async def test_what_an_order_has_built_is_due_to_be_read_soon_after(world: World) -> None:
    world.harness.start()
    order = await world.harness.order(plan_of("1/build"))
    await world.harness.until(order, "completed")

    async def due() -> bool:
        found = await world.harness.store.collection("service").find_one({"owner": {"$exists": False}})
        return found is not None and "readDue" in found

    await world.harness.until_true(due)
