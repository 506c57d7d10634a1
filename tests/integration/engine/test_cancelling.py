"""Cancellation: dropped, stopped, undone, or denied."""

import asyncio

from adapters.ports import FulfillerCall
from models.domain.outcomes import Accepted, Done, Outcome, Refused
from tests.integration.engine.harness import Document, Harness, answers, plan_of, plan_on, states_told


async def _until_done(harness: Harness, cancellation: str) -> Document:
    async def done() -> bool:
        return bool((await harness.get("cancelServiceOrder", cancellation))["body"]["state"] == "done")

    await harness.until_true(done)
    return await harness.get("cancelServiceOrder", cancellation)


async def test_an_order_that_has_not_begun_is_cancelled_at_once(harness: Harness) -> None:
    await harness.register()
    harness.start()
    order = await harness.order(plan_of("1/build"), due_in=3600)
    cancellation = await harness.cancel(order)
    document = await harness.until(order, "cancelled")
    assert states_told(document) == ["cancelled"]
    assert document["body"]["serviceOrderItem"][0]["state"] == "cancelled"
    assert harness.fulfiller.calls == []
    told = await _until_done(harness, cancellation)
    assert states_told(told) == ["inProgress", "done"]


async def test_what_is_done_is_undone_in_reverse_and_what_runs_is_stopped(harness: Harness) -> None:
    await harness.register()
    harness.fulfiller.scripts["fulfil:1/third"] = answers(Accepted("slow"))
    harness.start()
    needs = {"1/second": ["1/first"], "1/third": ["1/second"], "1/fourth": ["1/third"]}
    order = await harness.order(plan_of("1/first", "1/second", "1/third", "1/fourth", needs=needs))

    async def accepted() -> bool:
        return any(task["state"] == "accepted" for task in (await harness.tasks(order)).values())

    await harness.until_true(accepted)
    cancellation = await harness.cancel(order, "Nobody wants it.")
    document = await harness.until(order, "cancelled")
    assert document["body"]["cancellationReason"] == "Nobody wants it."
    assert harness.fulfiller.order_of_effects() == [
        "fulfil:1/first",
        "fulfil:1/second",
        "fulfil:1/third",
        "cancel:1/third",
        "compensate:1/second",
        "compensate:1/first",
    ]
    assert states_told(document)[1:] == ["assessingCancellation", "pendingCancellation", "cancelled"]
    assert document["body"]["serviceOrderItem"][0]["state"] == "cancelled"
    await _until_done(harness, cancellation)
    services = await harness.store.collection("service").find({"tenant": "default"}).to_list()
    assert services == [], "a service that never was real leaves the inventory"


async def test_a_task_that_cannot_be_stopped_is_undone_when_it_has_ended(harness: Harness) -> None:
    await harness.register()
    harness.fulfiller.scripts = {
        "fulfil:1/build": answers(Accepted("slow")),
        "cancel:1/build": answers(Refused("too late to stop")),
    }
    harness.start()
    order = await harness.order(plan_of("1/build"))

    async def accepted() -> bool:
        return any(task["state"] == "accepted" for task in (await harness.tasks(order)).values())

    await harness.until_true(accepted)
    await harness.cancel(order)
    await harness.until(order, "pendingCancellation")
    await asyncio.sleep(0.2)
    await harness.callback(harness.fulfiller.calls[0], {"status": "done"})
    await harness.until(order, "cancelled")
    assert harness.fulfiller.order_of_effects()[-1] == "compensate:1/build"


async def test_a_cancellation_is_denied_when_something_done_cannot_be_undone(harness: Harness) -> None:
    await harness.register()
    held = asyncio.Event()

    async def wait(_: FulfillerCall) -> Outcome:
        await held.wait()
        return Done()

    harness.fulfiller.scripts["fulfil:1/second"] = wait
    harness.start()
    plan = plan_of("1/first", "1/second", needs={"1/second": ["1/first"]}, compensation="none")
    order = await harness.order(plan)

    async def second_runs() -> bool:
        return "fulfil:1/second" in await harness.tasks(order)

    await harness.until_true(second_runs)
    cancellation = await harness.cancel(order)
    told = await _until_done(harness, cancellation)
    assert "item 1: 1/first cannot be undone" in told["body"]["completionMessage"]
    held.set()
    document = await harness.until(order, "completed")
    assert states_told(document) == ["inProgress", "assessingCancellation", "inProgress", "completed"]


async def test_an_undone_modification_leaves_the_service_as_it_was(harness: Harness) -> None:
    await harness.register()
    harness.start()
    first = await harness.order(plan_of("1/build"))
    await harness.until(first, "completed")
    before = await harness.store.collection("service").find_one({})
    assert before is not None
    harness.fulfiller.scripts["fulfil:1/modify"] = answers(Accepted("slow"))
    order = await harness.order(plan_on(before["_id"], delta={"name": "other"}))

    async def accepted() -> bool:
        return any(task["state"] == "accepted" for task in (await harness.tasks(order)).values())

    await harness.until_true(accepted)
    await harness.cancel(order)
    await harness.until(order, "cancelled")
    after = await harness.get("service", before["_id"])
    assert after["body"] == before["body"]
    assert "owner" not in after


async def test_cancelling_a_finished_order_changes_nothing_and_says_so(harness: Harness) -> None:
    await harness.register()
    harness.start()
    order = await harness.order(plan_of("1/build"))
    await harness.until(order, "completed")
    told = await _until_done(harness, await harness.cancel(order))
    assert "ended already" in told["body"]["completionMessage"]
    assert (await harness.get("serviceOrder", order))["body"]["state"] == "completed"
