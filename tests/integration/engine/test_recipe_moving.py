"""Runs that are moved to another version of their recipe, by whoever leads their plan."""

import pytest

from models import inbox
from models.domain.outcomes import Accepted
from models.ids import new_id
from tests.integration.engine.crash_points import die_at_every_write
from tests.integration.engine.flows import NAME, begin, until
from tests.integration.engine.harness import Document, Harness, answers
from tests.integration.engine.recipes import bpmn, flows, running, service

BEFORE = bpmn('<startEvent id="start"/>', service("slow"), '<endEvent id="end"/>', flows("start>slow", "slow>end"))
AFTER = bpmn(
    '<startEvent id="start"/>', service("slow"), service("checked"), '<endEvent id="end"/>',
    flows("start>slow", "slow>checked", "checked>end"),
)  # fmt: skip
OTHER = BEFORE.replace('"slow"', '"quick"').replace("slow", "quick")


@pytest.fixture
async def engine(harness: Harness) -> Harness:
    harness.fulfiller.name_of = lambda call: f"{call.operation}:{(call.input or {}).get('name')}"  # type: ignore[method-assign]
    harness.fulfiller.scripts["fulfil:slow"] = answers(Accepted("job 1"))
    harness.recipes = {("build", "1.0.0"): BEFORE, ("build", "1.1.0"): AFTER, ("build", "2.0.0"): OTHER}
    await harness.register(retry={"delays": []}, deadline=600)
    return harness


async def test_a_run_goes_on_with_another_version_once_wherever_the_engine_dies(engine: Harness) -> None:
    async def story(_: int) -> str:
        order = await engine.order(running("build"))
        await engine.until_true(lambda: _works(engine, order))
        entry = await _move(engine, order, "1.1.0", "CR 9")
        await inbox.append(engine.store, engine.clock, order, entry)  # asked twice
        call = next(call for call in engine.fulfiller.calls if call.order_id == order)
        await engine.callback(call, {"status": "done"})
        await engine.until(order, "completed")
        return order

    async def check(lives: int, order: str) -> None:
        done = [
            call.input["name"] for call in engine.fulfiller.effects.values() if call.order_id == order and call.input
        ]
        assert done == ["slow", "checked"], lives
        run, plan = await _run(engine, order), await engine.get("plan", order)
        moves = [(one["from"], one["to"], one["who"], one["why"]) for one in run["moves"]]
        assert (run["recipe"], moves) == (["build", "1.1.0"], [("1.0.0", "1.1.0", "ada", "CR 9")]), lives
        assert [play["version"] for play in plan["plays"]] == ["1.1.0"], lives
        outbox = (await engine.get("serviceOrder", order))["outbox"]
        told = [(stub["who"], stub["after"]["recipe"]) for stub in outbox if "recipe" in (stub.get("after") or {})]
        assert told == [("ada", "build:1.1.0")], lives

    await die_at_every_write(engine, story, check)


async def test_a_run_that_cannot_be_moved_stays_and_one_that_has_failed_begins_anew(engine: Harness) -> None:
    ends = '<endEvent id="end"><errorEventDefinition errorRef="noPort"/></endEvent>'
    engine.recipes["fails", "1.0.0"] = BEFORE.replace('<endEvent id="end"/>', ends).replace("slow", "first")
    engine.recipes["fails", "1.1.0"] = AFTER.replace("slow", "first")
    engine.start()
    stays, anew = await engine.order(running("build")), await engine.order(running("fails"))
    await engine.until_true(lambda: _works(engine, stays))
    await _move(engine, stays, "2.0.0", "CR 9")
    await engine.until_true(lambda: _told(engine, stays, "refused"))
    await engine.callback(next(call for call in engine.fulfiller.calls if call.order_id == stays), {"status": "done"})
    document = await engine.until(stays, "completed")
    (refusal,) = [stub["after"] for stub in document["outbox"] if "refused" in (stub.get("after") or {})]
    assert "slow" in refusal["refused"][0]
    assert (await _run(engine, stays))["recipe"] == ["build", "1.0.0"]

    await engine.until(anew, "held")
    await _move(engine, anew, "1.1.0", "the error is mended")
    await engine.until_true(lambda: _told(engine, anew, "recipe"))
    await engine.resume(anew)
    await engine.until(anew, "completed")
    mine = [call.input["name"] for call in engine.fulfiller.effects.values() if call.order_id == anew and call.input]
    assert mine == ["first", "first", "checked"]


async def test_a_process_flow_refers_to_the_version_that_it_runs_now(engine: Harness) -> None:
    work = '<extensionElements><som:task specification="s1" action="modify"/>'
    for version, drawn in (("1.0.0", BEFORE), ("1.1.0", AFTER)):
        engine.recipes["build", version] = drawn.replace("<extensionElements>", work)
    engine.start()
    flow = await begin(engine, "build")
    await engine.until_true(lambda: _works(engine, flow))
    first = (await engine.get(NAME, flow))["body"]["processFlowSpecificationRef"]
    assert (first["id"], first["version"]) == ("build:1.0.0", "1.0.0")
    await _move(engine, flow, "1.1.0", "CR 9")
    await engine.callback(engine.fulfiller.calls[0], {"status": "done"})
    document = await until(engine, flow, "completed")
    assert document["body"]["processFlowSpecificationRef"] == {**first, "id": "build:1.1.0", "version": "1.1.0"}
    told = [stub for stub in document["outbox"] if stub["type"] == "ProcessFlowAttributeValueChangeEvent"]
    assert "build:1.1.0" in [
        (stub.get("after") or {}).get("processFlowSpecificationRef", {}).get("id") for stub in told
    ]
    (deed,) = [stub for stub in told if "recipe" in (stub.get("after") or {})]
    assert (deed["before"]["recipe"], deed["after"]["recipe"]) == ("build:1.0.0", "build:1.1.0")


async def _told(engine: Harness, order: str, name: str) -> bool:
    return any(name in (stub.get("after") or {}) for stub in (await engine.get("serviceOrder", order))["outbox"])


async def _works(engine: Harness, order: str) -> bool:
    step = (await engine.tasks(order)).get("fulfil:slow", {})
    return bool(step.get("state") == "accepted")


async def _move(engine: Harness, order: str, to: str, why: str) -> Document:
    (key,) = (await engine.get("plan", order))["recipes"]
    entry = {"kind": "move", "id": new_id(), "task": key, "to": to, "who": "ada", "why": why}
    await inbox.append(engine.store, engine.clock, order, entry)
    return entry


async def _run(engine: Harness, order: str) -> Document:
    (run,) = (await engine.get("plan", order))["recipes"].values()
    found: Document = run
    return found
