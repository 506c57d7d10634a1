"""Cancellations in every state that an order can be in, and undoing that meets trouble."""

import asyncio

import pytest

from adapters.ports import FulfillerCall
from models import inbox
from models.callback_token import CallKey
from models.domain.outcomes import Accepted, Done, Outcome, Refused, Unreachable
from tests.integration.engine.harness import Document, Harness, answers, joined, plan_of, plan_on, states_told


async def _until_task(harness: Harness, order: str, name: str, *states: str) -> None:
    async def in_state() -> bool:
        return (await harness.tasks(order)).get(name, {}).get("state") in states

    await harness.until_true(in_state)


async def _told(harness: Harness, cancellation: str) -> Document:
    async def done() -> bool:
        return bool((await harness.get("cancelServiceOrder", cancellation))["body"]["state"] == "done")

    await harness.until_true(done)
    return await harness.get("cancelServiceOrder", cancellation)


async def _active_service(harness: Harness) -> Document:
    order = await harness.order(plan_of("1/before"))
    await harness.until(order, "completed")
    found = await harness.store.collection("service").find_one({})
    assert found is not None
    return found


def _item_states(document: Document) -> list[str]:
    return [item["state"] for item in document["body"]["serviceOrderItem"]]


async def test_a_completed_item_goes_back_to_cancelled_with_the_others(harness: Harness) -> None:
    await harness.register()
    harness.fulfiller.scripts["fulfil:2/slow"] = answers(Accepted("job"))
    harness.start()
    order = await harness.order(plan_of("1/build", "2/slow"))
    await _until_task(harness, order, "fulfil:2/slow", "accepted")
    await harness.until_true(lambda: _has_states(harness, order, "completed", "inProgress"))
    await harness.cancel(order)
    document = await harness.until(order, "cancelled")
    assert _item_states(document) == ["cancelled", "cancelled"]
    assert states_told(document) == ["inProgress", "assessingCancellation", "pendingCancellation", "cancelled"]
    assert "compensate:1/build" in harness.fulfiller.order_of_effects()


async def _has_states(harness: Harness, order: str, *states: str) -> bool:
    return _item_states(await harness.get("serviceOrder", order)) == list(states)


@pytest.mark.parametrize("slow", [True, False], ids=["of_an_item_under_way", "of_a_completed_item"])
async def test_undoing_that_fails_says_why_and_goes_on_when_resumed(harness: Harness, *, slow: bool) -> None:
    await harness.register()
    harness.fulfiller.scripts["fulfil:2/slow"] = answers(Accepted("job"))
    harness.fulfiller.scripts["compensate:1/build"] = answers(Refused("the line is in use"), Done())
    harness.start()
    more = ("1/more",) if slow else ()
    harness.fulfiller.scripts["fulfil:1/more"] = answers(Accepted("job"))
    order = await harness.order(plan_of("1/build", *more, "2/slow"))
    await _until_task(harness, order, "fulfil:2/slow", "accepted")
    await _until_task(harness, order, "fulfil:1/build", "done")
    cancellation = await harness.cancel(order)

    async def says_why() -> bool:
        body = (await harness.get("serviceOrder", order))["body"]
        return "the line is in use" in str(body.get("errorMessage"))

    await harness.until_true(says_why)
    document = await harness.get("serviceOrder", order)
    assert document["body"]["state"] == "pendingCancellation"
    assert document["body"]["errorMessage"][0]["@type"] == "ServiceOrderErrorMessage"
    assert _item_states(document)[0] == ("held" if slow else "completed")
    await harness.resume(order)
    document = await harness.until(order, "cancelled")
    assert "errorMessage" not in document["body"]
    assert _item_states(document) == ["cancelled", "cancelled"]
    await _told(harness, cancellation)


async def test_a_refused_task_has_done_nothing_that_would_have_to_be_undone(harness: Harness) -> None:
    await harness.register()
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Refused("no port is free"))
    harness.start()
    order = await harness.order(plan_of("1/build", compensation="none"))
    await harness.until(order, "held")
    await harness.cancel(order)
    document = await harness.until(order, "cancelled")
    assert states_told(document)[-3:] == ["assessingCancellation", "pendingCancellation", "cancelled"]
    assert [call.operation for call in harness.fulfiller.calls] == ["fulfil"]


async def test_a_task_between_two_attempts_is_undone_when_it_cannot_be_stopped(harness: Harness) -> None:
    await harness.register(retry={"delays": [0.3, 600]})
    harness.fulfiller.scripts = {
        "fulfil:1/build": answers(Unreachable("connection lost")),
        "cancel:1/build": answers(Refused("unknown operation")),
    }
    harness.start()
    order = await harness.order(plan_of("1/build"))
    await _until_task(harness, order, "fulfil:1/build", "retrying")
    await harness.cancel(order)
    await harness.until(order, "cancelled")
    assert [call.operation for call in harness.fulfiller.calls][-2:] == ["cancel", "compensate"]


async def test_a_task_that_was_resumed_and_not_called_again_yet_is_undone(harness: Harness) -> None:
    await harness.register(retry={"delays": []})
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Unreachable("connection lost"))
    harness.fulfiller.scripts["cancel:1/build"] = answers(Refused("unknown operation"))
    tasks = harness.start()
    order = await harness.order(plan_of("1/build"))
    await harness.until(order, "held")
    await harness.kill(tasks)
    await harness.resume(order)
    await harness.cancel(order)
    for entry in (await harness.get("plan", order))["inbox"]:
        assert entry["kind"] == "resume"
    await inbox.append(harness.store, harness.clock, order, {"kind": "cancel", "cancel": "none"})
    harness.start()
    await harness.until(order, "cancelled")
    assert harness.fulfiller.calls[-1].operation == "compensate"


async def test_a_completed_modification_is_undone_with_its_order(harness: Harness) -> None:
    await harness.register()
    harness.start()
    service = await _active_service(harness)
    harness.fulfiller.scripts["fulfil:2/slow"] = answers(Accepted("job"))
    order = await harness.order(joined(plan_on(service["_id"], delta={"category": "new"}), plan_of("2/slow")))
    await harness.until_true(lambda: _has_states(harness, order, "completed", "inProgress"))
    await _until_task(harness, order, "fulfil:2/slow", "accepted")
    assert (await harness.get("service", service["_id"]))["body"]["category"] == "new"
    await harness.cancel(order)
    await harness.until(order, "cancelled")
    after = await harness.get("service", service["_id"])
    assert after["body"] == service["body"]
    assert "owner" not in after


@pytest.mark.parametrize("meanwhile", ["works", "has worked"])
async def test_what_another_order_has_built_upon_is_not_undone(harness: Harness, meanwhile: str) -> None:
    await harness.register()
    harness.start()
    service = await _active_service(harness)
    harness.fulfiller.scripts["fulfil:2/slow"] = answers(Accepted("job"))
    order = await harness.order(joined(plan_on(service["_id"], delta={"name": "a"}), plan_of("2/slow")))
    await harness.until_true(lambda: _has_states(harness, order, "completed", "inProgress"))
    await _until_task(harness, order, "fulfil:2/slow", "accepted")
    if meanwhile == "works":
        harness.fulfiller.scripts["fulfil:1/modify"] = answers(Accepted("job"))
    other = await harness.order(plan_on(service["_id"], delta={"name": "b"}))
    if meanwhile == "works":
        await _until_task(harness, other, "fulfil:1/modify", "accepted")
    else:
        await harness.until(other, "completed")
    cancellation = await harness.cancel(order)
    told = await _told(harness, cancellation)
    assert service["_id"] in told["body"]["completionMessage"]
    assert (await harness.get("serviceOrder", order))["body"]["state"] == "inProgress"
    slow = next(call for call in harness.fulfiller.calls if call.input == "2/slow")
    await harness.callback(slow, {"status": "done"})
    document = await harness.until(order, "completed")
    assert states_told(document) == ["inProgress", "assessingCancellation", "inProgress", "completed"]


async def test_a_service_that_was_switched_off_comes_back_through_active(harness: Harness) -> None:
    await harness.register()
    harness.start()
    service = await _active_service(harness)
    await harness.store.update("service", {"_id": service["_id"]}, {"$set": {"body.state": "inactive"}})
    harness.fulfiller.scripts["fulfil:2/slow"] = answers(Accepted("job"))
    order = await harness.order(joined(plan_on(service["_id"], "delete"), plan_of("2/slow")))
    await harness.until_true(lambda: _has_states(harness, order, "completed", "inProgress"))
    await _until_task(harness, order, "fulfil:2/slow", "accepted")
    assert (await harness.get("service", service["_id"]))["body"]["state"] == "terminated"
    await harness.cancel(order)
    await harness.until(order, "cancelled")
    after = await harness.get("service", service["_id"])
    assert states_told(after)[-3:] == ["terminated", "active", "inactive"]
    assert after["body"]["state"] == "inactive"


async def test_a_cancellation_that_comes_twice_is_carried_out_once(harness: Harness) -> None:
    await harness.register()
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Accepted("job"))
    harness.start()
    order = await harness.order(plan_of("1/build"))
    await _until_task(harness, order, "fulfil:1/build", "accepted")
    going = asyncio.Event()

    async def slowly(_: FulfillerCall) -> Outcome:
        await going.wait()
        return Done()

    harness.fulfiller.scripts["cancel:1/build"] = slowly
    cancellation = await harness.cancel(order)
    await harness.until(order, "pendingCancellation")
    await inbox.append(harness.store, harness.clock, order, {"kind": "cancel", "cancel": cancellation})
    await asyncio.sleep(0.3)
    going.set()
    await harness.until(order, "cancelled")
    told = await _told(harness, cancellation)
    assert told["body"]["completionMessage"] == "The order is cancelled."


async def test_calls_that_wait_for_their_place_are_dropped_by_a_cancellation(harness: Harness) -> None:
    await harness.register(maxConcurrent=1)
    free = asyncio.Event()

    async def wait(_: FulfillerCall) -> Outcome:
        await free.wait()
        return Done()

    harness.fulfiller.scripts["fulfil:1/long"] = wait
    harness.start()
    blocking = await harness.order(plan_of("1/long"))
    await _until_task(harness, blocking, "fulfil:1/long", "running")
    order = await harness.order(plan_of("1/build"))
    await harness.until(order, "inProgress")
    await harness.cancel(order)
    await harness.until(order, "cancelled")
    free.set()
    await harness.until(blocking, "completed")
    assert [call.order_id for call in harness.fulfiller.calls] == [blocking]


async def test_whoever_cancels_or_undoes_is_told_what_was_engaged_and_what_came_of_it(harness: Harness) -> None:
    await harness.register()
    accepted = Accepted("job 7", "/jobs/7", 60.0)
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Done({"theirs": "s-7"}))
    harness.fulfiller.scripts["fulfil:2/slow"] = answers(accepted)
    harness.start()
    order = await harness.order(plan_of("1/build", "2/slow"))
    await _until_task(harness, order, "fulfil:2/slow", "accepted")
    await harness.until_true(lambda: _has_states(harness, order, "completed", "inProgress"))
    await harness.cancel(order)
    await harness.until(order, "cancelled")
    calls = {harness.fulfiller.name_of(call): call for call in harness.fulfiller.calls}
    stop, undo = calls["cancel:2/slow"], calls["compensate:1/build"]
    assert (stop.engaged, stop.output, stop.fulfil_key) == (
        accepted, None, calls["fulfil:2/slow"].idempotency_key
    )  # fmt: skip
    assert (undo.engaged, undo.output, undo.fulfil_key) == (
        None, {"theirs": "s-7"}, calls["fulfil:1/build"].idempotency_key
    )  # fmt: skip
    assert (calls["fulfil:1/build"].engaged, calls["fulfil:1/build"].fulfil_key) == (None, None)


async def test_a_modification_is_told_with_the_service_as_it_is_to_be_and_as_it_was(harness: Harness) -> None:
    await harness.register()
    harness.start()
    service = await _active_service(harness)
    value = {"name": "speed", "value": 500}
    await harness.until(
        await harness.order(plan_on(service["_id"], delta={"serviceCharacteristic": [value]})), "completed"
    )
    call = harness.fulfiller.calls[-1]
    assert call.former is not None
    assert value not in call.former.get("serviceCharacteristic", [])
    assert call.service["serviceCharacteristic"] == [value]


async def test_a_call_knows_whether_it_may_be_a_repetition(harness: Harness) -> None:
    await harness.register()
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Unreachable("silence"), Done())
    harness.start()
    await harness.until(await harness.order(plan_of("1/build")), "completed")
    assert [call.repeated for call in harness.fulfiller.calls] == [False, True]


async def test_work_that_is_found_called_off_before_its_cancellation_is_answered_is_no_trouble(
    harness: Harness,
) -> None:
    """A partner cancels its order first, and then says of the request to cancel that it is done."""
    await harness.register(pollInterval=3600)
    harness.fulfiller.scripts["fulfil:1/slow"] = answers(Accepted("theirs", "/orders/1"))
    harness.fulfiller.scripts["cancel:1/slow"] = answers(Accepted("request"))
    harness.fulfiller.polls = [Refused("The partner's order 1 is cancelled.")]
    harness.start()
    order = await harness.order(plan_of("1/slow"))
    await _until_task(harness, order, "fulfil:1/slow", "accepted")
    await harness.cancel(order)
    await _until_task(harness, order, "cancel:1/slow", "accepted")
    work, stop = harness.fulfiller.calls
    key = CallKey.parse(work.idempotency_key)
    assert key is not None
    lookup = {"kind": "lookup", "task": key.task, "operation": key.operation, "revision": key.revision}
    await inbox.append(harness.store, harness.clock, order, lookup)
    await _until_task(harness, order, "fulfil:1/slow", "cancelled")
    await harness.callback(stop, {"status": "done"})
    document = await harness.until(order, "cancelled")
    assert "held" not in states_told(document)
    assert [call.operation for call in harness.fulfiller.calls] == ["fulfil", "cancel"]
