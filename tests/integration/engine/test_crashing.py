"""Engines that die: nothing is lost, nothing takes effect twice."""

import asyncio
import random

import pytest

from adapters.ports import FulfillerCall
from models.domain.outcomes import Accepted, Done, Outcome, Progress, Unreachable
from models.presence import Presence
from tests.integration.engine.harness import Harness, answers, plan_of, states_told


async def _is_let_go(harness: Harness, order: str) -> bool:
    """Whether the order's task was taken on, and its plan waits for news."""
    plan = await harness.store.get("plan", order) or {}
    return "accepted" in str(plan.get("run")) and "lease" not in plan


async def test_what_a_dead_engine_held_is_finished_by_the_next_life_of_its_node(harness: Harness) -> None:
    await harness.register()
    first_call = asyncio.Event()

    async def slow(_: FulfillerCall) -> Outcome:
        if not first_call.is_set():
            first_call.set()
            await asyncio.sleep(60)
        return Done()

    harness.fulfiller.scripts["fulfil:1/build"] = slow
    tasks = harness.start("n1", lease_seconds=60)
    order = await harness.order(plan_of("1/build"))
    await first_call.wait()
    await harness.kill(tasks)
    harness.start("n1", lease_seconds=60)
    document = await harness.until(order, "completed", seconds=10)
    assert states_told(document) == ["inProgress", "completed"]
    keys = {call.idempotency_key for call in harness.fulfiller.calls}
    assert len(harness.fulfiller.calls) == 2
    assert len(keys) == 1, "the repeated call is the same call"


async def test_a_fulfiller_that_would_do_it_twice_is_not_called_again_after_a_crash(harness: Harness) -> None:
    await harness.register(honoursIdempotencyKey=False)
    called = asyncio.Event()

    async def slow(_: FulfillerCall) -> Outcome:
        called.set()
        await asyncio.sleep(60)
        return Done()

    harness.fulfiller.scripts["fulfil:1/build"] = slow
    tasks = harness.start("n1", lease_seconds=60)
    order = await harness.order(plan_of("1/build"))
    await called.wait()
    await harness.kill(tasks)
    harness.start("n1", lease_seconds=60)
    document = await harness.until(order, "held", seconds=10)
    assert document["body"]["serviceOrderItem"][0]["errorMessage"][0]["code"] == "outcomeUnknown"
    assert len(harness.fulfiller.calls) == 1


async def test_a_callback_that_came_while_its_engine_was_dead_is_the_answer(harness: Harness) -> None:
    await harness.register()
    called = asyncio.Event()

    async def slow(_: FulfillerCall) -> Outcome:
        called.set()
        await asyncio.sleep(60)
        return Done()

    harness.fulfiller.scripts["fulfil:1/build"] = slow
    tasks = harness.start("n1", lease_seconds=60)
    order = await harness.order(plan_of("1/build"))
    await called.wait()
    await harness.kill(tasks)
    await harness.callback(harness.fulfiller.calls[0], {"status": "done", "output": {"line": 7}})
    harness.start("n1", lease_seconds=60)
    await harness.until(order, "completed", seconds=10)
    assert len(harness.fulfiller.calls) == 1, "a fulfiller that has reported may answer a repeated call with 202 alone"
    assert (await harness.tasks(order))["fulfil:1/build"]["output"] == {"line": 7}


async def test_an_outcome_of_accepted_work_that_the_plan_does_not_know_of_is_taken_up(harness: Harness) -> None:
    await harness.register()
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Accepted("r"))
    tasks = harness.start("n1", lease_seconds=60)
    order = await harness.order(plan_of("1/build"))

    await harness.until_true(lambda: _is_let_go(harness, order))
    await harness.kill(tasks)
    plan = await harness.get("plan", order)
    key = next(iter(plan["run"]))
    # As an engine leaves it that dies after it has written the task, and before it has written the plan.
    told = {"state": "done", "outcome": {"kind": "Done", "output": {"line": 7}}, "planRev": plan["rev"] + 1}
    await harness.store.update("task", {"_id": f"{order}:{key}"}, {"$set": told})
    await harness.store.update("plan", {"_id": order}, {"$set": {"due": harness.clock.now()}})
    harness.start("n1", lease_seconds=60)
    await harness.until(order, "completed", seconds=10)
    assert len(harness.fulfiller.calls) == 1


@pytest.mark.parametrize(("found", "state"), [(Done(), "completed"), (Progress(), "held"), (Unreachable("?"), "held")])
async def test_work_whose_deadline_passed_while_nobody_was_there_is_looked_at_before_it_is_held(
    harness: Harness, found: Outcome, state: str
) -> None:
    await harness.register(deadline=1)
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Accepted("job", poll_url="/job", retry_after=60))
    tasks = harness.start("n1", lease_seconds=60)
    order = await harness.order(plan_of("1/build"))
    await harness.until_true(lambda: _is_let_go(harness, order))
    await harness.kill(tasks)
    await asyncio.sleep(1)
    harness.fulfiller.polls = [found]
    harness.start("n1", lease_seconds=60)
    document = await harness.until(order, state, seconds=10)
    messages = document["body"]["serviceOrderItem"][0].get("errorMessage", [])
    assert [message["code"] for message in messages] == (["deadline"] if state == "held" else [])


async def _silent_for(harness: Harness, seconds: float) -> None:
    """As if no process had taken reports for so long, until now."""
    at = harness.clock.after(-seconds)
    await harness.store.collection("lease").replace_one({"_id": "reports are taken"}, {"at": at}, upsert=True)
    await Presence(harness.store, harness.clock).beat()


async def test_who_could_not_report_because_every_process_was_down_has_more_time(harness: Harness) -> None:
    await harness.register(deadline=1)
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Accepted("job"))
    tasks = harness.start("n1", lease_seconds=60)
    order = await harness.order(plan_of("1/build"))
    await harness.until_true(lambda: _is_let_go(harness, order))
    await harness.kill(tasks)
    await asyncio.sleep(1)
    await _silent_for(harness, 600)
    harness.start("n1", lease_seconds=60)

    async def has_more_time() -> bool:
        (run,) = (await harness.get("plan", order))["run"].values()
        return bool(run["s"] == "accepted" and run["l"] > harness.clock.after(500))

    await harness.until_true(has_more_time)
    await harness.callback(harness.fulfiller.calls[0], {"status": "done"})
    await harness.until(order, "completed")


async def test_without_a_silence_who_does_not_report_is_late(harness: Harness) -> None:
    await harness.register(deadline=1)
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Accepted("job"))
    await _silent_for(harness, 30)
    harness.start("n1", lease_seconds=60)
    order = await harness.order(plan_of("1/build"))
    document = await harness.until(order, "held")
    (message,) = document["body"]["serviceOrderItem"][0]["errorMessage"]
    assert message["code"] == "deadline"


async def test_nobody_is_late_while_nobody_takes_reports(harness: Harness) -> None:
    """The API is down, and the scheduler is not: as when they are processes of their own."""
    await harness.register(deadline=1)
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Accepted("job"))
    at = harness.clock.after(-120)
    await harness.store.insert("lease", {"_id": "reports are taken", "at": at})
    harness.start("n1", lease_seconds=60)
    order = await harness.order(plan_of("1/build"))
    await harness.until_true(lambda: _is_let_go(harness, order))

    async def has_more_time() -> bool:
        (run,) = (await harness.get("plan", order))["run"].values()
        return bool(run["s"] == "accepted" and run["l"] > harness.clock.after(60))

    await harness.until_true(has_more_time)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # sockets of the killed engine
async def test_orders_survive_engines_that_die_at_random_moments(harness: Harness) -> None:
    await harness.register()
    chance = random.Random(20261122)
    needs = {"1/b": ["1/a"], "1/c": ["1/a"], "1/d": ["1/b", "1/c"]}
    orders = [await harness.order(plan_of("1/a", "1/b", "1/c", "1/d", needs=needs)) for _ in range(30)]
    for _ in range(8):
        tasks = harness.start("n1", lease_seconds=60)
        await asyncio.sleep(chance.uniform(0.05, 0.25))
        await harness.kill(tasks)
    harness.start("n1", lease_seconds=60)
    for order in orders:
        document = await harness.until(order, "completed", seconds=20)
        assert states_told(document) == ["inProgress", "completed"]
        sequence = [stub["seq"] for stub in document["outbox"]]
        assert sequence == list(range(1, len(sequence) + 1))
    effects: dict[tuple[str | None, object], set[str]] = {}
    for key, call in harness.fulfiller.effects.items():
        effects.setdefault((call.order_id, call.input), set()).add(key)
    assert len(effects) == 30 * 4
    assert all(len(keys) == 1 for keys in effects.values())


async def test_two_engines_share_the_work_and_double_nothing(harness: Harness) -> None:
    await harness.register()
    harness.start("n1")
    harness.start("n2")
    orders = [await harness.order(plan_of("1/a", "1/b", needs={"1/b": ["1/a"]})) for _ in range(40)]
    for order in orders:
        await harness.until(order, "completed")
    assert len(harness.fulfiller.calls) == 80
    assert len(harness.fulfiller.effects) == 80
