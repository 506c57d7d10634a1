"""An item that needs information from its customer waits for it, says what, and goes on with what it is given."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from adapters.ports import FulfillerCall
from models import inbox
from models.domain.outcomes import Accepted, Done, InformationRequired, Outcome, Progress
from tests.integration.engine.harness import Document, Harness, answers, plan_of, plan_on, states_told

CONTACT = {"characteristic": "siteContact", "description": "who opens the door"}
ASKS = InformationRequired("The site is locked.", (CONTACT,))
GIVEN = {"serviceCharacteristic": [{"name": "siteContact", "value": "Ada"}]}


async def give(harness: Harness, order: str, item: str, service: Document) -> None:
    """As PATCH of the order does: the order and what the plan must hear are one write, then it is passed on."""
    entry = inbox.saying(harness.clock, {"kind": "information", "item": item, "service": service, "who": "customer"})
    fields = {"body.serviceOrderItem.0.state": "inProgress", "body.state": "inProgress", "said": [entry]}
    await harness.store.update("serviceOrder", {"_id": order}, {"$set": fields, "$inc": {"rev": 1}})


def questions(document: Document) -> list[Document]:
    return [stub for stub in document["outbox"] if "InformationRequired" in stub["type"]]


async def test_a_question_makes_the_item_pending_and_says_what_and_where(harness: Harness) -> None:
    await harness.register()
    harness.fulfiller.scripts["fulfil:1/a"] = answers(ASKS, Done())
    order = await harness.order(plan_of("1/a", "1/b", needs={"1/b": ["1/a"]}))
    harness.start()
    document = await harness.until(order, "pending")
    (item,) = document["body"]["serviceOrderItem"]
    (error,) = item["errorMessage"]
    assert (item["state"], error["code"], error["missing"]) == ("pending", "informationRequired", [CONTACT])
    assert "siteContact (who opens the door)" in error["message"]
    (asked,) = questions(document)
    assert asked["fields"]["itemPath"] == "1"
    place = "$.serviceOrderItem[?(@.id=='1')].service.serviceCharacteristic[?(@.name=='siteContact')]"
    assert asked["fields"]["fieldPath"] == place
    assert states_told(document)[-1] == "pending"


async def test_what_is_given_reaches_the_service_and_the_fulfiller_in_a_new_call(harness: Harness) -> None:
    await harness.register()
    harness.fulfiller.scripts["fulfil:1/a"] = answers(ASKS, Done())
    order = await harness.order(plan_of("1/a", "1/b", needs={"1/b": ["1/a"]}))
    harness.start()
    await harness.until(order, "pending")
    await give(harness, order, "1", GIVEN)
    await inbox.pass_on(harness.store, harness.clock, order)
    document = await harness.until(order, "completed")
    first, second = (call for call in harness.fulfiller.calls if call.input == "1/a")
    assert first.idempotency_key != second.idempotency_key
    assert second.service["serviceCharacteristic"] == GIVEN["serviceCharacteristic"]
    assert "errorMessage" not in document["body"]["serviceOrderItem"][0]
    assert "said" not in document or document["said"] == []
    service = await harness.store.collection("service").find_one({})
    assert service is not None
    assert service["body"]["serviceCharacteristic"] == GIVEN["serviceCharacteristic"]


async def test_what_was_said_before_a_crash_is_passed_on_by_whoever_comes_next(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    await harness.register()
    harness.fulfiller.scripts["fulfil:1/a"] = answers(ASKS, Done())
    order = await harness.order(plan_of("1/a"))
    harness.start()
    await harness.until(order, "pending")
    await give(harness, order, "1", GIVEN)  # and nobody passes it on
    monkeypatch.setattr(inbox, "LEFT_AFTER_SECONDS", 0.0)
    await inbox.pass_on_what_is_left(harness.store, harness.clock)
    await harness.until(order, "completed")


async def test_the_holder_of_the_plan_hears_it_before_it_shows_the_item_pending_again(harness: Harness) -> None:
    """Another branch of the order moves in the moment between the write of the order and the passing on."""
    await harness.register()
    harness.fulfiller.scripts["fulfil:1/a"] = answers(ASKS, Done())
    harness.fulfiller.scripts["fulfil:2/b"] = answers(Accepted("slow"))
    order = await harness.order(plan_of("1/a", "2/b"))
    harness.start()

    async def asked() -> bool:
        document = await harness.get("serviceOrder", order)
        return bool(document["body"]["serviceOrderItem"][0]["state"] == "pending")

    await harness.until_true(asked)
    await give(harness, order, "1", GIVEN)
    slow = next(call for call in harness.fulfiller.calls if call.input == "2/b")
    await harness.callback(slow, {"status": "done"})
    document = await harness.until(order, "completed")
    assert len(questions(document)) == 1


async def test_a_question_may_come_by_callback_after_acceptance(harness: Harness) -> None:
    await harness.register()
    harness.fulfiller.scripts["fulfil:1/a"] = answers(Accepted("x"), Done())
    order = await harness.order(plan_of("1/a"))
    harness.start()
    await harness.until(order, "inProgress")
    await harness.until_true(lambda: _called(harness))
    report = {"status": "informationRequired", "reason": "Which floor?", "missing": [{"characteristic": "floor"}]}
    await harness.callback(harness.fulfiller.calls[0], report)
    await harness.until(order, "pending")
    await harness.resume(order, "1")  # without an answer: the fulfiller is asked again all the same
    await harness.until(order, "completed")


async def test_work_that_was_taken_on_and_has_asked_goes_on_where_it_is(harness: Harness) -> None:
    """Its fulfiller is told what it goes on with, after a crash too; and that is what a cancellation is about."""
    await harness.register()
    left: list[Outcome | None] = [Accepted("order-7"), None, Accepted("order-7")]

    async def script(_: FulfillerCall) -> Outcome:
        outcome = left.pop(0)
        if outcome is None:  # the server dies while it waits for the answer
            await asyncio.Event().wait()
        return outcome or Done()

    harness.fulfiller.scripts["fulfil:1/a"] = script
    order = await harness.order(plan_of("1/a"))
    tasks = harness.start()
    await harness.until_true(lambda: _called(harness))
    await harness.until_true(lambda: _accepted(harness))
    await harness.callback(harness.fulfiller.calls[0], {"status": "informationRequired", "reason": "Which floor?"})
    await harness.until(order, "pending")
    await give(harness, order, "1", GIVEN)
    await inbox.pass_on(harness.store, harness.clock, order)
    await harness.until_true(lambda: _called(harness, 2))
    await harness.kill(tasks)
    harness.start()
    await harness.until_true(lambda: _called(harness, 3))
    first, second, third = harness.fulfiller.calls
    assert [call.engaged for call in (first, second, third)] == [None, Accepted("order-7"), Accepted("order-7")]
    assert first.idempotency_key != second.idempotency_key == third.idempotency_key
    await harness.cancel(order)
    await harness.until_true(lambda: _called(harness, 4))
    stop = harness.fulfiller.calls[3]
    assert (stop.operation, stop.engaged) == ("cancel", Accepted("order-7"))


async def test_a_question_is_looked_at_again_where_that_is_possible_and_may_be_answered_there(harness: Harness) -> None:
    await harness.register()
    asks = replace(ASKS, retry_after=0.1)
    harness.fulfiller.scripts["fulfil:1/a"] = answers(Accepted("order-7", poll_url="there", retry_after=0.1))
    harness.fulfiller.polls = [asks, asks, asks, Progress(retry_after=0.1), Done()]
    order = await harness.order(plan_of("1/a"))
    harness.start()
    document = await harness.until(order, "completed")
    assert len(questions(document)) == 1
    assert len(harness.fulfiller.calls) == 1
    assert "errorMessage" not in document["body"]["serviceOrderItem"][0]


async def test_an_order_that_waits_for_its_customer_can_be_cancelled(harness: Harness) -> None:
    await harness.register()
    harness.fulfiller.scripts["fulfil:1/a"] = answers(ASKS)
    order = await harness.order(plan_of("1/a"))
    harness.start()
    await harness.until(order, "pending")
    await harness.cancel(order)
    assert (await harness.until(order, "cancelled"))["body"]["serviceOrderItem"][0]["state"] == "cancelled"


@pytest.mark.parametrize("undone", [False, True])
async def test_what_is_given_to_a_change_stands_at_its_end_and_goes_when_it_is_undone(
    harness: Harness, *, undone: bool
) -> None:
    await harness.register()
    harness.start()
    await harness.until(await harness.order(plan_of("1/before")), "completed")
    service = await harness.store.collection("service").find_one({})
    assert service is not None
    harness.fulfiller.scripts["fulfil:1/modify"] = answers(ASKS, Accepted("x"))
    order = await harness.order(plan_on(service["_id"], delta={"name": "renamed"}))
    await harness.until(order, "pending")
    await give(harness, order, "1", GIVEN)
    await inbox.pass_on(harness.store, harness.clock, order)
    await harness.until_true(lambda: _called(harness, 3))
    if undone:
        await harness.cancel(order)
        await harness.until(order, "cancelled")
    else:
        await harness.callback(harness.fulfiller.calls[-1], {"status": "done"})
        await harness.until(order, "completed")
    body: dict[str, Any] = (await harness.get("service", service["_id"]))["body"]
    assert body.get("serviceCharacteristic", []) == ([] if undone else GIVEN["serviceCharacteristic"])
    assert body["name"] == ("1" if undone else "renamed")


async def _accepted(harness: Harness) -> bool:
    return await harness.store.collection("task").find_one({"state": "accepted"}) is not None


async def _called(harness: Harness, times: int = 1) -> bool:
    return len(harness.fulfiller.calls) >= times
