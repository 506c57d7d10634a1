"""What an order says of its end, what is learnt for it, and the alert when its date is in jeopardy."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from models.clock import parse, to_text
from models.domain.outcomes import Accepted, Refused
from models.domain.plan import Plan
from models.durations import ENOUGH, Durations
from tests.integration.engine.harness import Document, Harness, answers, plan_of


class Planned:
    """A plan of tasks, one after the other, each expected to take so long."""

    def __init__(self, seconds: float, tasks: tuple[str, ...]) -> None:
        self._seconds = seconds
        self._make = plan_of(*tasks, needs={task: [before] for before, task in pairwise(tasks)})

    def __call__(self, order: Document) -> Plan:
        made = self._make(order)
        return replace(made, tasks=tuple(replace(task, duration=self._seconds) for task in made.tasks))


def taking(seconds: float, *tasks: str) -> Planned:
    return Planned(seconds, tasks)


async def wanted_in(harness: Harness, order: str, seconds: float) -> None:
    """Before the engine takes it up: when its customer wants it."""
    now = harness.clock.now()
    dates = {"orderDate": to_text(now), "requestedCompletionDate": to_text(now + timedelta(seconds=seconds))}
    fields = {f"body.{name}": value for name, value in dates.items()}
    await harness.store.update("serviceOrder", {"_id": order}, {"$set": fields})


def alerts(document: Document) -> list[Document]:
    return [stub["fields"]["jeopardyAlert"] for stub in document["outbox"] if "Jeopardy" in stub["type"]]


async def test_an_order_says_when_it_will_probably_be_done(harness: Harness) -> None:
    await harness.register()
    harness.fulfiller.scripts["fulfil:1/a"] = answers(Accepted("later"))
    order = await harness.order(taking(3600, "1/a", "1/b"))
    harness.start()
    body = (await harness.until(order, "inProgress"))["body"]
    left = parse(body["expectedCompletionDate"]) - harness.clock.now()
    assert timedelta(minutes=110) < left <= timedelta(minutes=120)
    assert "jeopardyAlert" not in body


async def test_a_date_that_a_client_has_set_stands(harness: Harness) -> None:
    await harness.register()
    harness.fulfiller.scripts["fulfil:1/a"] = answers(Accepted("later"))
    order = await harness.order(taking(3600, "1/a", "1/b"))
    harness.start()
    await harness.until(order, "inProgress")
    mine = "2031-01-01T00:00:00.000Z"
    change = {"$set": {"body.expectedCompletionDate": mine}, "$inc": {"rev": 1}}
    await harness.store.update("serviceOrder", {"_id": order}, change)
    await harness.callback(harness.fulfiller.calls[0], {"status": "done"})
    assert (await harness.until(order, "completed"))["body"]["expectedCompletionDate"] == mine


async def test_an_order_that_cannot_be_done_in_time_tells_so_once(harness: Harness) -> None:
    await harness.register()
    harness.fulfiller.scripts["fulfil:1/a"] = answers(Accepted("later"))
    order = await harness.order(taking(3600, "1/a", "1/b"))
    await wanted_in(harness, order, 60.0)
    harness.start()

    async def told() -> bool:
        alerted = bool((await harness.get("serviceOrder", order))["body"].get("jeopardyAlert"))
        return alerted and bool(harness.fulfiller.calls)

    await harness.until_true(told)
    await harness.callback(harness.fulfiller.calls[0], {"status": "done"})
    document = await harness.until(order, "completed")
    (told_of,) = alerts(document)
    assert document["body"]["jeopardyAlert"] == [told_of]
    assert told_of["jeopardyType"] == "tooLate"
    assert "wanted by" in told_of["message"]
    assert told_of["serviceOrderItem"][0]["serviceOrderId"] == order


async def test_a_held_order_is_looked_at_again_before_its_date_is_missed(harness: Harness) -> None:
    """Nothing moves: only the clock makes it late."""
    await harness.register()
    harness.fulfiller.scripts["fulfil:1/a"] = answers(Refused("no port is free"))
    order = await harness.order(taking(2, "1/a", "1/b"))
    await wanted_in(harness, order, 5.0)
    harness.start()
    held = await harness.until(order, "held")
    assert alerts(held) == []

    async def told() -> bool:
        return bool(alerts(await harness.get("serviceOrder", order)))

    await harness.until_true(told)
    document = await harness.get("serviceOrder", order)
    (alert,) = alerts(document)
    assert (alert["jeopardyType"], alert["id"].endswith("-refused")) == ("stuck", True)
    assert alert["alertDate"] < document["body"]["requestedCompletionDate"]
    assert document["body"]["state"] == "held"


async def test_what_tasks_take_is_learnt_and_then_trusted(harness: Harness) -> None:
    durations = Durations(harness.store, harness.clock)
    plan = taking(3600, "1/a")({"_id": "o"})
    (task,) = plan.tasks
    assert await durations.expected("default", plan.tasks, {}) == {task.key: 3600}
    for _ in range(ENOUGH):
        durations.note("default", task, "f-1", 60.0)
    await durations.flush()
    learnt = Durations(harness.store, harness.clock)
    assert await learnt.expected("default", plan.tasks, {task.key: "f-1"}) == {task.key: 60.0}
    assert await learnt.expected("default", plan.tasks, {task.key: "f-2"}) == {task.key: 60.0}  # as all do
    assert await learnt.expected("other", plan.tasks, {}) == {task.key: 3600}


async def test_what_was_learnt_long_ago_fades(harness: Harness) -> None:
    durations = Durations(harness.store, harness.clock)
    (task,) = taking(1, "1/a")({"_id": "o"}).tasks
    for seconds, times in ((10.0, 100), (20.0, 200)):
        for _ in range(times // 10):
            for _ in range(10):
                durations.note("default", task, "f-1", seconds)
            await durations.flush()
    known = await Durations(harness.store, harness.clock).expected("default", [task], {})
    assert 19.0 < known[task.key] <= 20.0


async def test_the_engine_learns_from_what_it_has_done(harness: Harness) -> None:
    await harness.register()
    harness.start()
    await harness.until(await harness.order(plan_of("1/a")), "completed")
    await harness.durations.flush()
    kept = await harness.store.collection("duration").find().to_list()
    assert sorted(entry["fulfiller"] for entry in kept) == ["", "f-scripted"]
    assert all((entry["count"], entry["task"]) == (1, "1/a") for entry in kept)
