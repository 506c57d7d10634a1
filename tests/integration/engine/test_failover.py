"""Fulfillers that fail: the breaker, the next candidate, and tasks that are taken up again by themselves."""

from typing import Any

import pytest

from models import fulfillers, outbox
from models.domain.outcomes import Accepted, Done, Unreachable
from tests.integration.engine.harness import Document, Harness, Scripted, answers, plan_of

NOBODY_THERE = Unreachable("no connection", maybe_done=False)
LOST = Unreachable("the answer was lost")
SWIFT = {"retry": {"delays": [0.05] * 8}}


@pytest.fixture
async def running(harness: Harness) -> Harness:
    harness.start()
    return harness


async def a_broken_one(running: Harness, *outcomes: Any, **attributes: Any) -> Scripted:
    """A fulfiller of its own that is preferred, and answers with these outcomes."""
    broken = running.others["f-broken"] = Scripted()
    broken.scripts["fulfil:1/a"] = answers(*outcomes)
    await running.register(name="broken", priority=1, **{**SWIFT, **attributes})
    return broken


async def task_of(running: Harness, order: str) -> Document:
    return (await running.tasks(order))["fulfil:1/a"]


async def patch(running: Harness, key: str, **attributes: Any) -> None:
    """Change a registration as the API does."""
    stored = await running.get("fulfiller", key)
    body = {**stored["body"], **attributes}
    change = outbox.change(stored, {"body": body}, [], running.clock.now())
    assert await running.store.update("fulfiller", fulfillers.guard(stored), change)


async def test_when_the_breaker_opens_the_next_candidate_is_taken_and_both_decisions_are_kept(
    running: Harness,
) -> None:
    broken = await a_broken_one(running, NOBODY_THERE, circuitBreaker={"failures": 2, "openSeconds": 60})
    await running.register(name="whole")
    order = await running.order(plan_of("1/a"))
    await running.until(order, "completed")
    task = await task_of(running, order)
    assert len(broken.calls) == 2
    assert [attempt["fulfiller"] for attempt in task["attempts"]] == ["f-broken", "f-broken", "f-whole"]
    assert (task["fulfiller"], task["decision"]["chosen"]) == ("f-whole", "f-whole")
    assert [one["chosen"] for one in task["formerDecisions"]] == ["f-broken"]
    turned_away = {one["fulfiller"]: one["row"] for one in task["decision"]["candidates"]}
    assert turned_away["f-broken"] == "circuitBreaker"
    keys = {call.idempotency_key for call in (*broken.calls, *running.fulfiller.calls)}
    assert len(keys) == 1


async def test_a_call_that_may_have_had_an_effect_stays_with_its_fulfiller(running: Harness) -> None:
    rules = {"failures": 2, "openSeconds": 60}
    broken = await a_broken_one(running, LOST, NOBODY_THERE, NOBODY_THERE, Done(), circuitBreaker=rules)
    await running.register(name="whole")
    order = await running.order(plan_of("1/a"))
    await running.until(order, "completed")
    task = await task_of(running, order)
    assert len(broken.calls) == 4
    assert running.fulfiller.calls == []
    assert {attempt["fulfiller"] for attempt in task["attempts"]} == {"f-broken"}


async def test_one_that_was_never_reached_gives_way_when_its_attempts_are_used_up(running: Harness) -> None:
    never = {"circuitBreaker": {"failures": 0}, "retry": {"delays": [0.05]}}
    broken = await a_broken_one(running, NOBODY_THERE, **never)
    await running.register(name="whole")
    order = await running.order(plan_of("1/a"))
    await running.until(order, "completed")
    task = await task_of(running, order)
    assert (len(broken.calls), task["fulfiller"]) == (2, "f-whole")
    assert task["decision"]["situation"]["givenUp"] == ["f-broken"]


async def test_where_nobody_else_is_left_the_task_is_held_with_its_fulfiller(running: Harness) -> None:
    never = {"circuitBreaker": {"failures": 0}, "retry": {"delays": [0.05]}}
    await a_broken_one(running, NOBODY_THERE, **never)
    order = await running.order(plan_of("1/a"))
    await running.until(order, "held")
    task = await task_of(running, order)
    assert (task["error"]["code"], task["fulfiller"]) == ("unreachable", "f-broken")


async def test_a_task_that_nobody_can_have_goes_on_by_itself_when_the_breaker_has_closed(running: Harness) -> None:
    rules = {"failures": 2, "openSeconds": 2, "longestSeconds": 2}
    broken = await a_broken_one(running, NOBODY_THERE, NOBODY_THERE, NOBODY_THERE, Done(), circuitBreaker=rules)
    order = await running.order(plan_of("1/a"))
    await running.until(order, "completed")
    assert len(broken.calls) == 4
    task = await task_of(running, order)
    held = [one for one in task["formerDecisions"] if one["chosen"] is None]
    assert [one["candidates"][0]["row"] for one in held] == ["circuitBreaker"] * len(held) != []
    assert (await running.store.get("fulfillerState", "f-broken") or {}).get("breaker") is None


async def test_one_task_tries_a_half_open_breaker_and_the_others_wait(running: Harness) -> None:
    running.fulfiller.scripts |= {f"fulfil:{number}/a": answers(NOBODY_THERE) for number in range(1, 21)}
    rules = {"failures": 3, "openSeconds": 0.5, "longestSeconds": 60}
    await running.register(circuitBreaker=rules, retry={"delays": [0.05] * 8})
    order = await running.order(plan_of(*(f"{number}/a" for number in range(1, 21))))

    async def has_opened_twice() -> bool:
        state = await running.store.get("fulfillerState", "f-scripted") or {}
        return bool(state.get("breaker", {}).get("times") == 2)

    await running.until_true(has_opened_twice)
    # All twenty were called before it opened; of them and their retries one more call was let through.
    first = [call for call in running.fulfiller.calls if call.attempt == 1]
    assert 21 <= len(running.fulfiller.calls) <= 2 * 20 + 1
    assert len({call.task_id for call in first}) == 20
    running.fulfiller.scripts.clear()
    await running.store.update("fulfillerState", {"_id": "f-scripted"}, {"$unset": {"breaker": ""}})
    await running.until(order, "completed", seconds=30)


@pytest.mark.parametrize("change", ["registered", "enabled", "window", "place"])
async def test_a_held_task_goes_on_by_itself_when_somebody_can_have_it(running: Harness, change: str) -> None:
    soon = running.clock.after(1.5).isoformat()
    window = [{"startDateTime": "2020-01-01T00:00:00Z", "endDateTime": soon}]
    elsewhere = [{"specification": "s1", "action": "*", "place": ["elsewhere"]}]
    before: dict[str, dict[str, Any]] = {
        "enabled": {"administrativeState": "draining"},
        "window": {"maintenanceWindow": window},
        "place": {"capability": elsewhere},
    }
    if change in before:
        await running.register(**before[change])
    order = await running.order(plan_of("1/a"))
    await running.until(order, "held")
    assert (await task_of(running, order))["error"]["code"] == "noFulfiller"
    match change:
        case "registered":
            await running.register()
        case "enabled":
            await patch(running, "f-scripted", administrativeState="enabled")
        case "place":
            await patch(running, "f-scripted", capability=[{"specification": "s1", "action": "*"}])
    await running.until(order, "completed")


async def test_a_task_that_is_held_for_another_reason_stays_held(running: Harness) -> None:
    await a_broken_one(running, NOBODY_THERE, circuitBreaker={"failures": 0}, retry={"delays": []})
    order = await running.order(plan_of("1/a", "1/b"))
    await running.until(order, "held")
    await running.register(name="other", capability=[{"specification": "s2", "action": "*"}])
    other = await running.order(plan_of("1/b"))
    await running.until(other, "completed")
    assert (await task_of(running, order))["state"] == "held"


async def test_a_capacity_holds_what_is_too_much_until_something_is_done(running: Harness) -> None:
    for name in "ab":
        running.fulfiller.scripts[f"fulfil:1/{name}"] = answers(Accepted(reference=name))
    await running.register(capacity=1)
    order = await running.order(plan_of("1/a"))

    async def is_accepted() -> bool:
        return (await running.tasks(order)).get("fulfil:1/a", {}).get("state") == "accepted"

    await running.until_true(is_accepted)
    second = await running.order(plan_of("1/b"))
    await running.until(second, "held")
    held = (await running.tasks(second))["fulfil:1/b"]
    assert [one["row"] for one in held["decision"]["candidates"]] == ["capacity"]
    await running.callback(running.fulfiller.calls[0], {"status": "done"})
    await running.until(order, "completed")


async def test_no_more_held_tasks_are_woken_than_a_capacity_has_room_for(running: Harness) -> None:
    names = [f"1/{number}" for number in range(6)]
    for name in names:
        running.fulfiller.scripts[f"fulfil:{name}"] = answers(Accepted(reference=name))
    orders = [await running.order(plan_of(name)) for name in names]
    for order in orders:
        await running.until(order, "held")
    await running.register(capacity=2)

    async def open_tasks() -> int:
        return await running.store.collection("task").count_documents({"state": "accepted"})

    async def two_are_accepted() -> bool:
        return await open_tasks() == 2

    await running.until_true(two_are_accepted)
    woken = [task async for task in running.store.collection("task").find({"decision.chosen": "f-scripted"})]
    assert len(woken) == 2
    assert [len(task["holds"]) for task in woken] == [1, 1]
