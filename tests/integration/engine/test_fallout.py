"""Fallout as task documents: every hold is in one, and none says so longer than it is true."""

from datetime import timedelta
from functools import partial

from models.domain.outcomes import Accepted, Done, Refused, Unreachable
from tests.integration.engine.harness import Document, Harness, answers, plan_of, plan_on


async def held(harness: Harness) -> dict[str, Document]:
    found = await harness.store.collection("task").find({"state": "held"}).to_list()
    return {document["name"]: document for document in found}


async def test_a_refusal_is_written_with_its_cause_and_struck_off_when_it_goes_on(harness: Harness) -> None:
    await harness.register()
    harness.fulfiller.scripts["fulfil:1/build"] = answers(
        Refused("port 7 is taken"), Refused("port 9 is taken"), Done()
    )
    harness.start()
    order = await harness.order(plan_of("1/build"))
    causes = []
    for count in (1, 2):
        await harness.until_true(partial(_held_for_the, harness, count))
        document = (await held(harness))["1/build"]
        assert document["error"]["code"] == document["fallout"]["code"] == "refused"
        assert [attempt["reason"] for attempt in document["attempts"]][-1].startswith("port")
        causes.append(document["fallout"]["cause"])
        await harness.resume(order)
    assert causes[0] == causes[1]
    await harness.until(order, "completed")
    assert await held(harness) == {}
    document = (await harness.tasks(order))["fulfil:1/build"]
    assert (document["state"], sorted(document["holds"])) == ("done", ["1", "2"])


async def _held_for_the(harness: Harness, count: int) -> bool:
    return [document["fallout"]["count"] for document in (await held(harness)).values()] == [count]


async def test_holds_without_any_call_are_fallout_too(harness: Harness) -> None:
    """Nobody there, and an input that cannot be made, and a service that is gone."""
    harness.start()
    order = await harness.order(plan_of("1/build"))
    await harness.until(order, "held")
    found = await held(harness)
    assert found["1/build"]["fallout"]["code"] == "noFulfiller"
    assert found["1/build"]["decision"]["chosen"] is None
    gone = await harness.order(plan_on("no-such-service"))
    await harness.until(gone, "held")
    assert (await held(harness))["1/modify"]["fallout"]["code"] == "serviceGone"


async def test_a_deadline_that_passes_is_fallout_and_a_late_report_ends_it(harness: Harness) -> None:
    await harness.register(deadline=0.1)
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Accepted("job"))
    harness.start()
    order = await harness.order(plan_of("1/build"))
    await harness.until(order, "held")
    assert (await held(harness))["1/build"]["fallout"]["code"] == "deadline"
    await harness.callback(harness.fulfiller.calls[0], {"status": "done"})
    await harness.until(order, "completed")
    assert await held(harness) == {}


async def test_what_a_cancellation_drops_is_no_fallout_any_more(harness: Harness) -> None:
    await harness.register()
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Refused("no"))
    harness.start()
    order = await harness.order(plan_of("1/build"))
    await harness.until(order, "held")
    await harness.cancel(order)
    await harness.until(order, "cancelled")
    assert await held(harness) == {}


async def test_one_broken_fulfiller_holds_its_orders_for_one_cause_and_the_others_go_on(harness: Harness) -> None:
    await harness.register(retry={"delays": []})
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Unreachable("timeout"), Unreachable("connection refused"))
    harness.start()
    broken = [await harness.order(plan_of("1/build", "2/other")) for _ in range(3)]
    for order in broken:
        document = await harness.until(order, "held")
        assert [item["state"] for item in document["body"]["serviceOrderItem"]] == ["held", "completed"]
    found = await harness.store.collection("task").find({"state": "held"}).to_list()
    assert len(found) == 3
    assert len({document["fallout"]["cause"] for document in found}) == 1


async def test_a_hold_that_a_crash_kept_from_the_plan_is_struck_off_when_the_order_is_cancelled(
    harness: Harness,
) -> None:
    """The task's document says held, the plan does not know of it yet."""
    harness.start()
    order = await harness.order(plan_of("1/build"))
    await harness.until(order, "held")
    await harness.stop()
    plans = harness.store.collection("plan")
    (key,) = (await harness.get("plan", order))["run"]
    await plans.update_one({"_id": order}, {"$set": {f"run.{key}": {"s": "waiting"}}, "$inc": {"fence": 1}})
    await harness.cancel(order)
    long_ago = harness.clock.now() - timedelta(minutes=1)
    await plans.update_one({"_id": order}, {"$set": {"due": long_ago}, "$unset": {"lease": ""}})
    harness.start("n2")
    await harness.until(order, "cancelled")
    assert await held(harness) == {}
