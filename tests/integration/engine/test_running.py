"""Plans that run: order, parallelism, faults, reports."""

import asyncio
from dataclasses import replace

from adapters.ports import FulfillerCall
from models.domain.ids import derived_id
from models.domain.outcomes import Accepted, Done, Outcome, Refused, Unreachable
from models.domain.plan import Plan
from tests.integration.engine.harness import Document, Harness, answers, plan_of, plan_on, states_told


async def test_an_order_of_one_task_completes_and_its_service_is_active(harness: Harness) -> None:
    await harness.register()
    harness.start()
    order = await harness.order(plan_of("1/build"))
    document = await harness.until(order, "completed")
    assert states_told(document) == ["inProgress", "completed"]
    assert document["body"]["serviceOrderItem"][0]["state"] == "completed"
    assert "due" not in document
    service = await harness.store.collection("service").find_one({"owner": {"$exists": False}})
    assert service is not None
    assert document["body"]["serviceOrderItem"][0]["service"]["id"] == service["_id"]
    assert service["body"]["state"] == "active"
    assert [stub["type"] for stub in service["outbox"]] == ["ServiceCreateEvent", "ServiceStateChangeEvent"]


async def test_branches_of_a_diamond_run_at_the_same_time_and_respect_what_they_need(harness: Harness) -> None:
    await harness.register()
    together = asyncio.Barrier(2)

    async def meet(_: FulfillerCall) -> Outcome:
        async with asyncio.timeout(5):
            await together.wait()
        return Done()

    harness.fulfiller.scripts = {"fulfil:1/left": meet, "fulfil:1/right": meet}
    harness.start()
    needs = {"1/left": ["1/top"], "1/right": ["1/top"], "1/bottom": ["1/left", "1/right"]}
    order = await harness.order(plan_of("1/top", "1/left", "1/right", "1/bottom", needs=needs))
    await harness.until(order, "completed")
    effects = harness.fulfiller.order_of_effects()
    assert effects[0] == "fulfil:1/top"
    assert effects[-1] == "fulfil:1/bottom"


async def test_an_unreachable_fulfiller_is_tried_again_with_the_same_call(harness: Harness) -> None:
    await harness.register()
    gone = Unreachable("connection refused")
    harness.fulfiller.scripts["fulfil:1/build"] = answers(gone, gone, gone, Done())
    harness.start()
    order = await harness.order(plan_of("1/build"))
    await harness.until(order, "completed")
    assert len(harness.fulfiller.calls) == 4
    assert len({call.idempotency_key for call in harness.fulfiller.calls}) == 1
    assert len({call.callback_url for call in harness.fulfiller.calls}) == 1
    task = (await harness.tasks(order))["fulfil:1/build"]
    assert [attempt["outcome"] for attempt in task["attempts"]] == ["unreachable"] * 3 + ["done"]


async def test_exhausted_retries_hold_the_item_with_a_message_and_resuming_completes_it(harness: Harness) -> None:
    await harness.register()
    gone = Unreachable("connection refused")
    harness.fulfiller.scripts["fulfil:1/build"] = answers(gone, gone, gone, gone, Done())
    harness.start()
    order = await harness.order(plan_of("1/build", "2/other"))
    document = await harness.until(order, "held")
    first, second = document["body"]["serviceOrderItem"]
    assert first["state"] == "held"
    assert "connection refused" in first["errorMessage"][0]["message"]
    assert second["state"] == "completed"
    await harness.resume(order)
    document = await harness.until(order, "completed")
    assert "errorMessage" not in document["body"]["serviceOrderItem"][0]
    assert len({call.idempotency_key for call in harness.fulfiller.calls if call.input == "1/build"}) == 1


async def test_a_refused_task_is_called_anew_with_another_key_when_resumed(harness: Harness) -> None:
    await harness.register()
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Refused("no port is free"), Done())
    harness.start()
    order = await harness.order(plan_of("1/build"))
    document = await harness.until(order, "held")
    assert "no port is free" in document["body"]["serviceOrderItem"][0]["errorMessage"][0]["message"]
    await harness.resume(order, "1")
    await harness.until(order, "completed")
    assert len({call.idempotency_key for call in harness.fulfiller.calls}) == 2


async def test_an_answer_that_makes_no_sense_is_asked_for_again_with_the_same_key_when_resumed(
    harness: Harness,
) -> None:
    await harness.register()
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Refused("It is HTML.", maybe_done=True), Done())
    harness.start()
    order = await harness.order(plan_of("1/build"))
    document = await harness.until(order, "held")
    assert document["body"]["serviceOrderItem"][0]["errorMessage"][0]["code"] == "unusableAnswer"
    await harness.resume(order)
    await harness.until(order, "completed")
    assert len(harness.fulfiller.calls) == 2
    assert len({call.idempotency_key for call in harness.fulfiller.calls}) == 1


async def test_an_optional_task_that_is_refused_is_skipped(harness: Harness) -> None:
    await harness.register()
    harness.fulfiller.scripts["fulfil:1/greet"] = answers(Refused("not today"))
    harness.start()
    plan = plan_of("1/greet", "1/build", needs={"1/build": ["1/greet"]}, optional=frozenset({"1/greet"}))
    await harness.until(await harness.order(plan), "completed")


async def test_accepted_work_is_finished_by_its_callback_and_a_duplicate_changes_nothing(harness: Harness) -> None:
    await harness.register()
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Accepted(reference="job 7"))
    harness.start()
    order = await harness.order(plan_of("1/build"))
    await harness.until_true(lambda: _task_in(harness, order, "accepted"))
    call = harness.fulfiller.calls[0]
    report = {"status": "done", "serviceCharacteristic": [{"name": "vlan", "value": 12}]}
    await harness.callback(call, report)
    await harness.until(order, "completed")
    await harness.callback(call, report)
    service = await harness.store.collection("service").find_one({})
    assert service is not None
    assert service["body"]["serviceCharacteristic"] == [{"name": "vlan", "value": 12}]


async def _task_in(harness: Harness, order: str, state: str) -> bool:
    return any(task["state"] == state for task in (await harness.tasks(order)).values())


async def test_a_callback_may_come_before_the_answer_to_the_call(harness: Harness) -> None:
    await harness.register()

    async def hasty(call: FulfillerCall) -> Outcome:
        await harness.callback(call, {"status": "done"})
        await asyncio.sleep(0.3)
        return Accepted(reference="job 8")

    harness.fulfiller.scripts["fulfil:1/build"] = hasty
    harness.start()
    order = await harness.order(plan_of("1/build"))
    await harness.until(order, "completed")

    async def is_over() -> bool:
        plan = await harness.get("plan", order)
        return plan["state"] == "done" and "lease" not in plan

    await harness.until_true(is_over)


async def test_a_callback_counts_although_the_call_seemed_to_fail(harness: Harness) -> None:
    await harness.register(retry={"delays": [60]})
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Unreachable("The connection broke.", maybe_done=True))
    harness.start()
    order = await harness.order(plan_of("1/build"))
    await harness.until_true(lambda: _task_in(harness, order, "retrying"))
    await harness.callback(harness.fulfiller.calls[0], {"status": "done", "output": {"line": 7}})
    await harness.until(order, "completed")
    assert len(harness.fulfiller.calls) == 1
    assert (await harness.tasks(order))["fulfil:1/build"]["state"] == "done"


async def test_accepted_work_is_finished_by_a_poll(harness: Harness) -> None:
    await harness.register()
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Accepted("job 9", poll_url="/jobs/9", retry_after=0.1))
    harness.fulfiller.polls = [Done(output={"ip": "192.0.2.1"})]
    harness.start()
    order = await harness.order(plan_of("1/build"))
    await harness.until(order, "completed")
    assert (await harness.tasks(order))["fulfil:1/build"]["output"] == {"ip": "192.0.2.1"}


async def test_work_that_is_never_reported_is_held_at_its_deadline_and_a_late_report_heals_it(harness: Harness) -> None:
    await harness.register(deadline=0.3)
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Accepted(reference="job 10"))
    harness.start()
    order = await harness.order(plan_of("1/build"))
    document = await harness.until(order, "held")
    assert document["body"]["serviceOrderItem"][0]["errorMessage"][0]["code"] == "deadline"
    await harness.callback(harness.fulfiller.calls[0], {"status": "done"})
    await harness.until(order, "completed")


async def test_without_a_fulfiller_the_item_is_held_and_says_so(harness: Harness) -> None:
    harness.start()
    order = await harness.order(plan_of("1/build"))
    document = await harness.until(order, "held")
    assert document["body"]["serviceOrderItem"][0]["errorMessage"][0]["code"] == "noFulfiller"
    await harness.register()
    await harness.resume(order)
    await harness.until(order, "completed")


async def test_an_order_starts_at_its_time_and_not_before(harness: Harness) -> None:
    await harness.register()
    harness.start()
    order = await harness.order(plan_of("1/build"), due_in=1.2)
    await asyncio.sleep(0.6)
    assert (await harness.get("serviceOrder", order))["body"]["state"] == "acknowledged"
    document = await harness.until(order, "completed")
    assert (document["updated"] - document["created"]).total_seconds() >= 1.2


async def test_a_later_order_waits_for_the_service_that_an_earlier_one_works_on(harness: Harness) -> None:
    await harness.register()
    harness.start()
    first = await harness.order(plan_of("1/build"))
    await harness.until(first, "completed")
    service = await harness.store.collection("service").find_one({})
    assert service is not None
    harness.fulfiller.scripts["fulfil:1/modify"] = answers(Accepted("slow"), Done())
    slow = await harness.order(plan_on(service["_id"], delta={"name": "slow"}))
    await harness.until_true(lambda: _task_in(harness, slow, "accepted"))
    waiting = await harness.order(plan_on(service["_id"], delta={"name": "later"}))

    async def waits() -> bool:
        plan = await harness.store.get("plan", waiting)
        return bool(plan and plan.get("waits"))

    await harness.until_true(waits)
    assert (await harness.get("plan", waiting))["waits"][0]["order"] == slow
    await harness.callback(harness.fulfiller.calls[-1], {"status": "done"})
    await harness.until(slow, "completed")
    await harness.until(waiting, "completed")
    assert (await harness.get("service", service["_id"]))["body"]["name"] == "later"


async def test_the_more_important_order_goes_first_when_work_queues_up(harness: Harness) -> None:
    await harness.register(maxConcurrent=1)
    free = asyncio.Event()

    async def wait(_: FulfillerCall) -> Outcome:
        await free.wait()
        return Done()

    harness.fulfiller.scripts["fulfil:1/long"] = wait
    harness.start()
    blocking = await harness.order(plan_of("1/long"))
    await harness.until_true(lambda: _task_in(harness, blocking, "running"))
    orders = {priority: await harness.order(plan_of("1/build"), priority=priority) for priority in (4, 3, 0)}
    for order in orders.values():
        await harness.until(order, "inProgress")
    await asyncio.sleep(0.2)  # until all of them queue for the fulfiller's only place
    free.set()
    for order in orders.values():
        await harness.until(order, "completed")
    assert [call.order_id for call in harness.fulfiller.calls] == [blocking, orders[0], orders[3], orders[4]]


async def test_the_input_of_a_modification_reads_the_service_as_it_is_to_be(harness: Harness) -> None:
    await harness.register()
    harness.start()
    built = await harness.until(await harness.order(plan_of("1/build")), "completed")
    service = derived_id(built["_id"], "1")
    change = plan_on(service, delta={"serviceCharacteristic": [{"name": "speed", "value": 200}]})

    def reading(order: Document) -> Plan:
        plan = change(order)
        asked = replace(plan.tasks[0], input={"speed": "=service.characteristic.speed"})
        return replace(plan, tasks=(asked,))

    await harness.until(await harness.order(reading), "completed")
    assert harness.fulfiller.calls[-1].input == {"speed": 200}
