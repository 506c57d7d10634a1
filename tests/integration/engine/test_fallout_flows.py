"""The task flows of held tasks follow the plan: one for each hold, ended when it ends, whatever ends it."""

from datetime import timedelta
from typing import Any

from models.domain.outcomes import Accepted, Done, Refused
from tests.integration.engine.harness import Document, Harness, answers, plan_of
from tests.integration.engine.test_interventions import do, held_order


async def flows(harness: Harness, order: str) -> list[Document]:
    found = harness.store.collection("taskFlow").find({"order": order}).sort([("created", 1), ("_id", 1)])
    return await found.to_list()


async def ends(harness: Harness, order: str) -> list[tuple[Any, ...]]:
    """State, outcome, and what was done, of all flows of an order."""
    bodies = [flow["body"] for flow in await flows(harness, order)]
    return [
        (body["state"], body.get("outcome"), *(one["value"] for one in body.get("characteristic", ())))
        for body in bodies
    ]


async def until_open(harness: Harness, order: str, count: int = 1) -> Document:
    async def is_open() -> bool:
        found = await flows(harness, order)
        return len(found) == count and found[-1]["body"]["state"] == "new"

    await harness.until_true(is_open)
    return (await flows(harness, order))[-1]


async def test_each_hold_is_a_task_in_the_queue_and_ends_with_what_was_done(harness: Harness) -> None:
    await harness.register()
    order = await held_order(harness, script=answers(Refused("no port"), Refused("still none"), Done()))
    flow = await until_open(harness, order)
    assert (flow["body"]["queue"], flow["body"]["input"]["message"]) == ("fallout", "1/build: no port")
    await do(harness, do="retry", why="a port is free")
    second = await until_open(harness, order, 2)
    assert second["body"]["input"]["message"] == "1/build: still none"
    await harness.resume(order)
    await harness.until(order, "completed")
    assert await ends(harness, order) == [
        ("completed", "done", "retry", "a port is free"),
        ("completed", "done", "retry"),
    ]
    first, second = await flows(harness, order)
    assert [stub["who"] for stub in first["outbox"]][-1] == "ana"
    process = await harness.get("processFlow", first["body"]["processFlow"]["id"])
    assert {each["id"] for each in process["body"]["taskFlow"]} == {first["_id"], second["_id"]}


async def test_what_goes_on_by_itself_takes_the_task_out_of_the_queue(harness: Harness) -> None:
    await harness.register(deadline=0.1)
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Accepted("job"))
    harness.start()
    order = await harness.order(plan_of("1/build"))
    await until_open(harness, order)
    await harness.callback(harness.fulfiller.calls[0], {"status": "done"})
    await harness.until(order, "completed")
    assert await ends(harness, order) == [("cancelled", "withdrawn")]


async def test_everything_that_an_item_holds_leaves_the_queue_when_it_is_given_up(harness: Harness) -> None:
    await harness.register()
    harness.fulfiller.scripts["fulfil:1/other"] = answers(Refused("no"))
    order = await held_order(harness, "1/build", "1/other", script=answers(Refused("no")))
    await until_open(harness, order, 2)
    await do(harness, do="fail", why="enough")
    await harness.until(order, "failed")
    assert sorted(await ends(harness, order)) == [
        ("cancelled", "withdrawn"),
        ("completed", "done", "fail", "enough"),
    ]


async def cancel_by_fallout(harness: Harness, flow: Document) -> None:
    """What completing a task flow with `do: cancel` leaves: its end, and the wish in the plan's inbox."""
    body = {**flow["body"], "state": "completed", "outcome": "done"}
    await harness.store.update("taskFlow", {"_id": flow["_id"]}, {"$set": {"body": body}})
    now = harness.clock.now()
    entry = {"id": flow["_id"], "at": now, "kind": "cancelOrder", "who": "ana", "why": "given up"}
    change: Document = {"$push": {"inbox": entry}, "$set": {"poke": now, "due": now}}
    await harness.store.update("plan", {"_id": flow["plan"]}, change)


async def test_a_person_who_deals_with_fallout_can_have_the_order_cancelled(harness: Harness) -> None:
    await harness.register()
    order = await held_order(harness)
    await cancel_by_fallout(harness, await until_open(harness, order))
    await harness.until(order, "cancelled")
    [cancel] = await harness.store.collection("cancelServiceOrder").find({"order": order}).to_list()
    assert (cancel["body"]["cancellationReason"], cancel["outbox"][0]["who"]) == ("given up", "ana")
    assert len(await flows(harness, order)) == 1


async def test_where_the_cancellation_is_denied_the_task_is_offered_again(harness: Harness) -> None:
    await harness.register()
    order = await held_order(harness, "1/first", "1/build", needs={"1/build": ["1/first"]}, compensation="none")
    flow = await until_open(harness, order)
    await cancel_by_fallout(harness, flow)
    again = await until_open(harness, order, 2)
    assert again["fallout"] == flow["fallout"]
    await do(harness, do="retry")
    await harness.until(order, "completed")
    assert ("completed", "done", "retry") in await ends(harness, order)


async def test_what_a_crash_kept_from_the_queue_is_put_there_by_whoever_has_the_plan_next(harness: Harness) -> None:
    await harness.register()
    order = await held_order(harness)
    flow = await until_open(harness, order)
    await harness.stop()
    owed = {"n": 9, "flows": {"open": [{"task": flow["fallout"]["task"].partition(":")[2], "hold": 1}]}}
    await harness.store.delete("taskFlow", {"_id": flow["_id"]})
    past = {"due": harness.clock.now() - timedelta(minutes=1), "owes": [owed]}
    await harness.store.update("plan", {"_id": order}, {"$set": past})
    harness.start("n2")
    assert (await until_open(harness, order))["_id"] == flow["_id"]
