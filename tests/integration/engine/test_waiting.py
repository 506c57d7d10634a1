"""Plans that wait: for services of other orders, for polls, for the database."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from adapters.ports import FulfillerCall
from models import inbox
from models.callback_token import CallKey
from models.domain.errors import Unavailable
from models.domain.outcomes import Accepted, Done, Outcome, Progress
from scheduler.places import Places
from scheduler.plan_run import PlanRun
from tests.integration.engine.harness import Document, Harness, answers, joined, plan_of, plan_on, states_told


async def _service(harness: Harness) -> str:
    order = await harness.order(plan_of("1/before"))
    await harness.until(order, "completed")
    found = await harness.store.collection("service").find_one({})
    assert found is not None
    return str(found["_id"])


async def _is_accepted(harness: Harness, order: str) -> bool:
    return any(task["state"] == "accepted" for task in (await harness.tasks(order)).values())


async def _is_let_go(harness: Harness, order: str) -> bool:
    return "lease" not in (await harness.store.get("plan", order) or {"lease": None})


async def _waits(harness: Harness, order: str) -> bool:
    return bool((await harness.store.get("plan", order) or {}).get("waits"))


async def test_an_item_that_waits_for_another_order_is_acknowledged_and_the_plan_says_for_what(
    harness: Harness,
) -> None:
    await harness.register()
    harness.start()
    service = await _service(harness)
    harness.fulfiller.scripts["fulfil:1/modify"] = answers(Accepted("slow"), Done())
    slow = await harness.order(plan_on(service, delta={"name": "slow"}))
    await harness.until_true(lambda: _is_accepted(harness, slow))
    alone = await harness.order(plan_on(service, delta={"name": "alone"}))
    both = await harness.order(joined(plan_on(service, delta={"name": "both"}), plan_of("2/build")))
    await harness.until_true(lambda: _waits(harness, alone))
    await harness.until_true(lambda: _waits(harness, both))
    await harness.until(both, "inProgress")
    document = await harness.get("serviceOrder", alone)
    assert document["body"]["state"] == "acknowledged"
    assert [item["state"] for item in document["body"]["serviceOrderItem"]] == ["acknowledged"]

    async def half_done() -> bool:
        items = (await harness.get("serviceOrder", both))["body"]["serviceOrderItem"]
        return [item["state"] for item in items] == ["acknowledged", "completed"]

    await harness.until_true(half_done)
    wait = (await harness.get("plan", alone))["waits"][0]
    assert wait.pop("since") <= harness.clock.now()
    assert wait == {"item": "1", "service": service, "order": slow, "orderItem": "1"}
    first = next(call for call in harness.fulfiller.calls if call.order_id == slow)
    await harness.callback(first, {"status": "done"})
    for order in (slow, alone, both):
        assert states_told(await harness.until(order, "completed"))[0] == "inProgress"
    assert (await harness.get("plan", alone))["waits"] == []


async def test_whoever_is_let_go_of_while_the_service_becomes_free_is_woken(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wake-up comes between the look at the service and the end of the waiting plan's run."""
    await harness.register()
    harness.start()
    service = await _service(harness)
    harness.fulfiller.scripts["fulfil:1/modify"] = answers(Accepted("slow"), Done())
    slow = await harness.order(plan_on(service))
    await harness.until_true(lambda: _is_accepted(harness, slow))
    let_go = PlanRun._let_go

    async def late(run: PlanRun) -> bool:
        if run._record.waits:
            monkeypatch.setattr(PlanRun, "_let_go", let_go)
            await harness.callback(harness.fulfiller.calls[-1], {"status": "done"})
            await harness.until(slow, "completed")
            await asyncio.sleep(0.1)
            run._poked = False  # the change stream was slower still
            run._signal.clear()
        return await let_go(run)

    monkeypatch.setattr(PlanRun, "_let_go", late)
    waiting = await harness.order(plan_on(service))
    await harness.until(waiting, "completed", seconds=5)


async def test_a_plan_does_not_spin_while_a_poll_is_under_way(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    await harness.register()
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Accepted("job", poll_url="/jobs/1", retry_after=0.05))
    turns = 0
    turn = PlanRun._turn

    async def counted(run: PlanRun) -> bool:
        nonlocal turns
        turns += 1
        return await turn(run)

    async def slow_poll(*_: Any) -> Outcome:
        await asyncio.sleep(0.5)
        return Done()

    monkeypatch.setattr(PlanRun, "_turn", counted)
    monkeypatch.setattr(harness.fulfiller, "poll", slow_poll)
    harness.start()
    await harness.until(await harness.order(plan_of("1/build")), "completed")
    assert turns < 15


async def test_a_progress_report_keeps_the_task_open_and_is_told_as_a_milestone_once(harness: Harness) -> None:
    await harness.register()
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Accepted("job", poll_url="/jobs/1", retry_after=0.05))
    harness.fulfiller.polls = [Progress("dug", retry_after=0.05), Progress("dug", retry_after=0.05), Done()]
    harness.start()
    document = await harness.until(await harness.order(plan_of("1/build")), "completed")
    told = [stub for stub in document["outbox"] if stub["type"] == "ServiceOrderMilestoneEvent"]
    assert [stub["fields"]["milestone"]["name"] for stub in told] == ["dug"]


async def test_a_database_that_is_away_for_a_moment_costs_no_attempt(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that never was made is no failed call of the fulfiller: else an outage would hold every order."""
    await harness.register(retry={"delays": []}, maxConcurrent=1)
    failures = 3
    slot = Places._slot

    def failing(places: Places, *arguments: Any) -> Any:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise Unavailable
        return slot(places, *arguments)

    monkeypatch.setattr(Places, "_slot", failing)
    harness.start()
    document = await harness.until(await harness.order(plan_of("1/build")), "completed", "held")
    assert document["body"]["state"] == "completed"


async def test_a_kind_that_raises_or_never_answers_is_an_unreachable_fulfiller(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.engagement.PATIENCE", 0.05)
    await harness.register(timeout=0.1)
    calls = 0

    async def bad(_: FulfillerCall) -> Outcome:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise ValueError
        if calls == 2:
            await asyncio.sleep(60)
        return Done()

    harness.fulfiller.scripts["fulfil:1/build"] = bad
    harness.start()
    order = await harness.order(plan_of("1/build"))
    await harness.until(order, "completed")
    attempts = (await harness.tasks(order))["fulfil:1/build"]["attempts"]
    assert [attempt["outcome"] for attempt in attempts] == ["unreachable", "unreachable", "done"]


async def test_a_plan_whose_lease_ran_out_makes_no_call(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    await harness.register(maxConcurrent=1)
    free = asyncio.Event()

    async def wait(_: FulfillerCall) -> Outcome:
        await free.wait()
        return Done()

    harness.fulfiller.scripts["fulfil:1/long"] = wait
    tasks = harness.start("n1", lease_seconds=1.0)
    monkeypatch.setattr("scheduler.claims.Claims.extend", _nothing_extended)
    blocking = await harness.order(plan_of("1/long"))
    order = await harness.order(plan_of("1/build"))
    await harness.until(order, "inProgress")
    await asyncio.sleep(1.3)
    free.set()
    await asyncio.sleep(0.5)
    await harness.kill(tasks)
    keys = [call.idempotency_key for call in harness.fulfiller.calls if call.order_id == order]
    assert len(keys) <= 1, "only whoever holds the plan calls"
    monkeypatch.undo()
    harness.start("n1")
    for key in (blocking, order):
        await harness.until(key, "completed")


async def _nothing_extended(*_: Any) -> tuple[Any, frozenset[str]]:
    raise Unavailable


async def test_an_order_whose_plan_is_at_work_is_never_planned_again(harness: Harness) -> None:
    """After a crash the order may be claimed once more; by then its own work would let it be rejected."""
    await harness.register()
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Accepted("job"))
    tasks = harness.start()
    order = await harness.order(plan_of("1/build"))
    await harness.until_true(lambda: _is_let_go(harness, order))
    await harness.kill(tasks)
    now = harness.clock.now()
    await harness.store.update("serviceOrder", {"_id": order}, {"$set": {"due": now}})

    def planned_twice(_: Document) -> Any:
        raise AssertionError

    harness.plans[order] = planned_twice
    harness.start()

    async def is_left_alone() -> bool:
        return "due" not in await harness.get("serviceOrder", order)

    await harness.until_true(is_left_alone)
    await harness.callback(harness.fulfiller.calls[0], {"status": "done"})
    await harness.until(order, "completed")


async def _hinted(harness: Harness, call: FulfillerCall) -> None:
    """As the hub of a fulfiller does by a notification."""
    key = CallKey.parse(call.idempotency_key)
    assert key is not None
    entry = {"kind": "lookup", "task": key.task, "operation": key.operation, "revision": key.revision}
    await inbox.append(harness.store, harness.clock, key.plan, entry)


async def test_a_hint_has_accepted_work_looked_at_now_however_far_away_its_next_look_is(harness: Harness) -> None:
    await harness.register(pollInterval=3600)
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Accepted("theirs", poll_url="/o/1"))
    harness.start()
    order = await harness.order(plan_of("1/build"))
    await harness.until_true(lambda: _is_accepted(harness, order))
    harness.fulfiller.polls = [Progress("dug"), Done()]
    call = harness.fulfiller.calls[0]
    await _hinted(harness, call)

    async def polled() -> bool:
        return len(harness.fulfiller.polls) == 1

    await harness.until_true(polled)
    await _hinted(harness, call)
    document = await harness.until(order, "completed")
    assert [milestone["name"] for milestone in document["body"]["milestone"]] == ["dug"]


async def test_a_hint_that_overtakes_the_acceptance_is_not_lost(harness: Harness) -> None:
    await harness.register(pollInterval=3600)
    harness.fulfiller.polls = [Done()]
    told = asyncio.Event()

    async def accept(call: FulfillerCall) -> Outcome:
        await _hinted(harness, call)
        with suppress(TimeoutError):  # time for the plan to take the hint in while it is called
            await asyncio.wait_for(told.wait(), 0.3)
        return Accepted("theirs", poll_url="/o/1")

    harness.fulfiller.scripts["fulfil:1/build"] = accept
    harness.start()
    await harness.until(await harness.order(plan_of("1/build")), "completed")


async def test_hints_of_strangers_and_for_ended_work_change_nothing(harness: Harness) -> None:
    await harness.register(pollInterval=3600)
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Accepted("theirs", poll_url="/o/1"))
    harness.start()
    order = await harness.order(plan_of("1/build"))
    await harness.until_true(lambda: _is_accepted(harness, order))
    call = harness.fulfiller.calls[0]
    for key in (f"{order}:ffff:fulfil:0", f"{order}:ffff:cancel:0", call.idempotency_key[:-1] + "7"):
        await _hinted(harness, replace(call, idempotency_key=key))
    await harness.callback(call, {"status": "done"})
    await harness.until(order, "completed")
    await _hinted(harness, call)
    assert harness.fulfiller.polls == []


async def test_milestones_are_told_once_and_what_the_fulfiller_rests_on_stands_in_the_service(harness: Harness) -> None:
    await harness.register()
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Accepted("theirs", poll_url="/o/1", retry_after=0.02))
    harness.fulfiller.polls = [
        Progress(milestones=("dug",), reason="It waits for the road.", retry_after=0.02),
        Progress(milestones=("dug", "laid"), retry_after=0.02),
        Done(milestones=("dug", "laid", "tested"), supporting_service=({"id": "theirs-7"},)),
    ]
    harness.start()
    document = await harness.until(await harness.order(plan_of("1/build")), "completed")
    assert [told["name"] for told in document["body"]["milestone"]] == ["dug", "laid", "tested"]
    service = await harness.store.collection("service").find_one({})
    assert service is not None
    assert service["body"]["supportingService"] == [{"id": "theirs-7"}]
