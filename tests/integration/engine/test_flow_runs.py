"""Recipes that process flows run, without an order: by the same engine, as tasks like any other."""

import pytest

from models.domain.outcomes import Accepted, Done, Refused
from tests.integration.engine.crash_points import die_at_every_write
from tests.integration.engine.flows import NAME, begin, say, steps, until, values
from tests.integration.engine.harness import Harness, answers, states_told
from tests.integration.engine.recipes import bpmn, flows, service

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # sockets of the dead

WORK = 'specification="s1" action="modify"'
THREE = bpmn(
    '<startEvent id="start"/>',
    service("survey", WORK, site="=site"),
    '<exclusiveGateway id="fast" default="fast_slow"/>',
    service("quick", WORK, speed="=speed"),
    service("slow", WORK),
    '<endEvent id="end"/>',
    flows("start>survey", "survey>fast", "fast>quick[speed > 100]", "fast>slow", "quick>end", "slow>end"),
)


@pytest.fixture
async def engine(harness: Harness) -> Harness:
    harness.fulfiller.name_of = lambda call: f"{call.operation}:{(call.input or {}).get('name')}"  # type: ignore[method-assign]
    harness.recipes["build", "1.0.0"] = THREE
    await harness.register(retry={"delays": []})
    return harness


async def test_a_process_flow_runs_a_recipe_and_tells_what_came_of_it(engine: Harness) -> None:
    engine.fulfiller.scripts["fulfil:survey"] = answers(Done({"speed": 200}))
    engine.start()
    flow = await begin(engine, "build", site="north")
    document = await until(engine, flow, "completed")
    assert states_told(document) == ["completed"]
    assert values(document) == {"site": "north", "speed": 200}
    first, second = engine.fulfiller.calls
    assert (first.input, second.input) == ({"name": "survey", "site": "north"}, {"name": "quick", "speed": 200})
    assert (first.order_id, first.process_flow_id, first.service, first.action) == (None, flow, {}, "modify")
    made = await steps(engine, flow)
    assert [one["body"]["state"] for one in made.values()] == ["completed", "completed"]
    assert [one["id"] for one in document["body"]["taskFlow"]] == [made["survey"]["_id"], made["quick"]["_id"]]
    assert [stub["type"] for stub in made["survey"]["outbox"]] == [
        "TaskFlowCreateEvent", "TaskFlowStateChangeEvent", "TaskFlowStateChangeEvent"
    ]  # fmt: skip
    assert await engine.store.collection("serviceOrder").count_documents({}) == 0


async def test_a_step_that_is_held_holds_the_process_flow_until_it_is_resumed(engine: Harness) -> None:
    engine.fulfiller.scripts["fulfil:survey"] = answers(Refused("not today"), Done({"speed": 1}))
    engine.start()
    flow = await begin(engine, "build", site="north")
    held = await until(engine, flow, "hold")
    (error,) = held["body"]["errorMessage"]
    assert "not today" in error["message"]
    (fallout,) = await engine.store.collection("taskFlow").find({"fallout": {"$exists": True}}).to_list()
    assert fallout["body"]["processFlow"]["id"] == flow
    assert "order" not in (await engine.tasks(flow))["fulfil:survey"]
    await say(engine, flow, "resume")
    done = await until(engine, flow, "completed")
    assert "errorMessage" not in done["body"]
    assert states_told(done) == ["hold", "active", "completed"]
    assert [call.input["name"] for call in engine.fulfiller.calls] == ["survey", "survey", "slow"]


async def test_interrupted_nothing_new_begins_until_it_is_resumed(engine: Harness) -> None:
    engine.fulfiller.scripts["fulfil:survey"] = answers(Accepted("job"))
    engine.start()
    flow = await begin(engine, "build", site="north")

    async def is_accepted() -> bool:
        return (await engine.tasks(flow)).get("fulfil:survey", {}).get("state") == "accepted"

    await engine.until_true(is_accepted)
    await say(engine, flow, "pause")
    await until(engine, flow, "hold")
    await engine.callback(engine.fulfiller.calls[0], {"status": "done", "output": {"speed": 7}})

    async def is_done() -> bool:
        plan = await engine.get("plan", flow)
        return "lease" not in plan and (await steps(engine, flow))["survey"]["body"]["state"] == "completed"

    await engine.until_true(is_done)
    assert (await engine.get(NAME, flow))["body"]["state"] == "hold"
    assert len(engine.fulfiller.calls) == 1
    await say(engine, flow, "resume")
    await until(engine, flow, "completed")
    assert [call.input["name"] for call in engine.fulfiller.calls] == ["survey", "slow"]


async def test_cancelled_what_runs_is_stopped_and_what_is_done_stays(engine: Harness) -> None:
    engine.fulfiller.scripts["fulfil:survey"] = answers(Done({"speed": 1}))
    engine.fulfiller.scripts["fulfil:slow"] = answers(Accepted("job"))
    engine.start()
    flow = await begin(engine, "build", site="north")

    async def is_accepted() -> bool:
        return (await engine.tasks(flow)).get("fulfil:slow", {}).get("state") == "accepted"

    await engine.until_true(is_accepted)
    await say(engine, flow, "cancel")
    document = await until(engine, flow, "cancelled")
    assert document["body"]["cancellation"]["state"] == "done"
    assert [engine.fulfiller.name_of(call) for call in engine.fulfiller.calls] == [
        "fulfil:survey", "fulfil:slow", "cancel:slow"
    ]  # fmt: skip
    made = await steps(engine, flow)
    assert {name: one["body"]["state"] for name, one in made.items()} == {"survey": "completed", "slow": "cancelled"}


async def test_wherever_the_engine_dies_a_process_flow_ends_and_nothing_is_done_or_told_twice(engine: Harness) -> None:
    engine.fulfiller.scripts["fulfil:survey"] = answers(Done({"speed": 200}))

    async def story(_: int) -> str:
        engine.fulfiller.effects.clear()
        flow = await begin(engine, "build", site="north")
        await until(engine, flow, "completed")
        return flow

    async def check(lives: int, flow: str) -> None:
        document = await engine.get(NAME, flow)
        assert states_told(document) == ["completed"], lives
        assert values(document) == {"site": "north", "speed": 200}, lives
        assert engine.fulfiller.order_of_effects() == ["fulfil:survey", "fulfil:quick"], lives
        made = await steps(engine, flow)
        assert {name: states_told(one) for name, one in made.items()} == {
            "survey": ["active", "completed"],
            "quick": ["active", "completed"],
        }, lives
        assert {one["id"] for one in document["body"]["taskFlow"]} == {one["_id"] for one in made.values()}, lives
        assert "due" not in document, lives

    await die_at_every_write(engine, story, check)


async def test_wherever_the_engine_dies_a_process_flow_is_cancelled(engine: Harness) -> None:
    engine.fulfiller.scripts["fulfil:survey"] = answers(Done({"speed": 1}))
    engine.fulfiller.scripts["fulfil:slow"] = answers(Accepted("job"))

    async def story(_: int) -> str:
        engine.fulfiller.effects.clear()
        flow = await begin(engine, "build", site="north")

        async def is_accepted() -> bool:
            return (await engine.tasks(flow)).get("fulfil:slow", {}).get("state") == "accepted"

        await engine.until_true(is_accepted)
        await say(engine, flow, "cancel")
        return flow

    async def check(lives: int, flow: str) -> None:
        document = await engine.get(NAME, flow)
        assert states_told(document) == ["cancelled"], lives
        assert document["body"]["cancellation"]["state"] == "done", lives
        assert engine.fulfiller.order_of_effects() == ["fulfil:survey", "fulfil:slow", "cancel:slow"], lives
        assert "said" not in document or not document["said"], lives

    await die_at_every_write(engine, story, check)
