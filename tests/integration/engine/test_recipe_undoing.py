"""What a recipe has done is undone when its order, its item or its process flow is called off: as the recipe says."""

import asyncio
from functools import partial

import pytest

from adapters.ports import FulfillerCall
from models import inbox
from models.domain.outcomes import Accepted, Done, Refused
from tests.integration.engine import reversible as drawn
from tests.integration.engine.crash_names import Death, PointStore
from tests.integration.engine.flows import begin, say
from tests.integration.engine.flows import until as until_flow
from tests.integration.engine.harness import Document, Harness, answers
from tests.integration.engine.outside import Witness
from tests.integration.engine.recipes import bpmn, flows, running, service

SECONDS = 900.0


def name_of(call: FulfillerCall) -> str:
    given = call.input or {}
    return f"{call.operation}:{given.get('name')}" + (f".{given['round']}" if given.get("round") else "")


@pytest.fixture
async def engine(harness: Harness) -> Harness:
    harness.fulfiller.name_of = name_of  # type: ignore[method-assign]
    harness.fulfiller.scripts = {
        f"fulfil:{drawn.LONG}": answers(Accepted("job 1")),
        "fulfil:buy": answers(Done({"receipt": "r-7"})),
    }
    harness.recipes["build", "1.0.0"] = drawn.reversible()
    await harness.register(retry={"delays": []}, deadline=600)
    return harness


async def test_what_undoes_and_ends_with_an_error_is_held_and_begun_anew_when_it_is_resumed(engine: Harness) -> None:
    ends = '<endEvent id="bad"><errorEventDefinition errorRef="noPort"/></endEvent>'
    engine.recipes["build", "1.0.0"] = bpmn(
        '<startEvent id="start"/>',
        service("buy"),
        '<boundaryEvent id="u" attachedToRef="buy"><compensateEventDefinition/></boundaryEvent>'
        '<association id="by" sourceRef="u" targetRef="back"/><subProcess id="back" isForCompensation="true">'
        '<startEvent id="b"/><exclusiveGateway id="g" default="g_bad"/>',
        service("ask"), service("sell"), ends,
        flows("b>ask", "ask>g", "g>sell[free = true]", "g>bad"), "</subProcess>",
        service(drawn.LONG), '<endEvent id="end"/>', flows("start>buy", f"buy>{drawn.LONG}", f"{drawn.LONG}>end"),
    )  # fmt: skip
    engine.fulfiller.scripts["fulfil:ask"] = answers(Done({"free": False}), Done({"free": True}))
    engine.start()
    order = await engine.order(running("build"))
    await engine.until_true(lambda: _goes_on(engine, order))
    await engine.cancel(order)
    await engine.until_true(lambda: _is_held(engine, order))
    plan = await engine.get("plan", order)
    ((key, held),) = [(key, run) for key, run in plan["run"].items() if run["s"] == "held"]
    assert (held["e"]["code"], "noPort" in held["e"]["message"]) == ("recipeStuck", True)
    entry = {"kind": "intervene", "task": key, "hold": 1, "do": "retry", "who": "ada", "why": "the shop takes it back"}
    await inbox.append(engine.store, engine.clock, order, entry)
    await engine.until(order, "cancelled")
    mine = [name_of(call) for call in engine.fulfiller.effects.values()]
    assert mine == [
        "fulfil:buy",
        f"fulfil:{drawn.LONG}",
        f"cancel:{drawn.LONG}",
        "fulfil:ask",
        "fulfil:ask",
        "fulfil:sell",
    ]


async def _is_held(engine: Harness, order: str) -> bool:
    return any(run["s"] == "held" for run in (await engine.get("plan", order))["run"].values())


async def _goes_on(engine: Harness, plan: str) -> bool:
    step = (await engine.tasks(plan)).get(f"fulfil:{drawn.LONG}", {})
    return bool(step.get("state") == "accepted")


async def test_an_order_or_process_flow_that_is_cancelled_has_its_recipe_undone_latest_first(engine: Harness) -> None:
    engine.start()
    order, flow = await engine.order(running("build")), await begin(engine, "build")
    for plan in (order, flow):
        await engine.until_true(partial(_goes_on, engine, plan))
    await engine.cancel(order)
    await say(engine, flow, "cancel")
    document = await engine.until(order, "cancelled")
    await until_flow(engine, flow, "cancelled")
    assert document["body"]["serviceOrderItem"][0]["state"] == "cancelled"
    for mine in ([call for call in engine.fulfiller.effects.values() if call.order_id == one] for one in (order, None)):
        assert [name_of(call) for call in mine] == [*drawn.DONE, *drawn.UNDONE]
        assert mine[-1].input == {"name": "sell", "receipt": "r-7"}
    (run,) = (await engine.get("plan", order))["recipes"].values()
    assert (run["run"]["status"], run["undoing"]) == ("cancelled", True)


async def test_a_step_that_says_that_it_cannot_be_undone_keeps_its_order_from_being_cancelled(engine: Harness) -> None:
    engine.recipes["build", "1.0.0"] = bpmn(
        '<startEvent id="start"/>', service("buy", drawn.WORK + ' compensation="none"'), service(drawn.LONG),
        '<endEvent id="end"/>', flows("start>buy", f"buy>{drawn.LONG}", f"{drawn.LONG}>end"),
    )  # fmt: skip
    engine.start()
    order = await engine.order(running("build"))
    await engine.until_true(lambda: _goes_on(engine, order))
    request = await engine.cancel(order)

    async def is_answered() -> bool:
        return bool((await engine.get("cancelServiceOrder", request))["body"]["state"] == "done")

    await engine.until_true(is_answered)
    body = (await engine.get("cancelServiceOrder", request))["body"]
    assert "buy cannot be undone" in body["completionMessage"]


async def test_an_item_that_is_given_up_has_undone_what_its_recipe_and_failed_runs_of_it_did(engine: Harness) -> None:
    engine.fulfiller.scripts[f"fulfil:{drawn.LONG}"] = answers(Refused("never"))
    engine.recipes["fails", "1.0.0"] = bpmn(
        '<startEvent id="start"/>', drawn.undone_by("buy", "sell"), '<endEvent id="bad"><errorEventDefinition '
        'errorRef="noPort"/></endEvent>', flows("start>buy", "buy>bad"),
    )  # fmt: skip
    engine.start()
    stuck, failed = await engine.order(running("build")), await engine.order(running("fails"))
    for order in (stuck, failed):
        await engine.until(order, "held")
    await engine.resume(failed)
    await engine.until_true(lambda: _is_held_again(engine, failed))
    await _give_up(engine, stuck, drawn.LONG)
    await _give_up(engine, failed, "1/run", hold=2)
    for order in (stuck, failed):
        await engine.until(order, "failed")
    done = {one: [name_of(call) for call in engine.fulfiller.effects.values() if call.order_id == one] for one in
            (stuck, failed)}  # fmt: skip
    assert done[stuck] == [*drawn.DONE[:-1], *drawn.UNDONE[1:]]
    assert done[failed] == ["fulfil:buy", "fulfil:buy", "fulfil:sell", "fulfil:sell"]


async def test_everything_is_undone_once_wherever_the_engine_dies(harness: Harness) -> None:
    death = Death()
    witness = harness.fulfiller = Witness(death)
    witness.name_of = name_of  # type: ignore[method-assign]
    witness.scripts = {f"fulfil:{drawn.LONG}": answers(Accepted("job 1"))}
    await harness.register(retry={"delays": []}, deadline=600)
    harness.recipes["build", "1.0.0"] = drawn.reversible()
    order = await harness.order(running("build"))
    asked: list[str] = []
    async with asyncio.timeout(SECONDS):
        while not await _is_over(harness, order, asked, death):
            pass
    counted = witness.order_of_effects()
    assert sorted(counted) == sorted([*drawn.DONE, *drawn.UNDONE])
    assert [name for name in counted if name in drawn.UNDONE] == list(drawn.UNDONE)
    assert len(death.died_at) > 40, death.died_at


async def _is_over(harness: Harness, order: str, asked: list[str], death: Death) -> bool:
    """Let one engine live until it dies, or until the order is cancelled; says which."""
    death.again()
    tasks = harness.start("n1", lease_seconds=60, store=PointStore(harness.store, death.passed))
    try:
        while not death.came.is_set():
            if not asked and await _goes_on(harness, order):
                asked.append(await harness.cancel(order))
            plan = await harness.store.get("plan", order) or {}
            body = (await harness.get("serviceOrder", order))["body"]
            if body["state"] == "held":
                pytest.fail(f"held after {death.died_at[-1]}: {body}")
            if plan.get("state") == "done" and "due" not in plan and body["state"] == "cancelled":
                return True
            await asyncio.sleep(0.005)
    finally:
        await harness.kill(tasks)
    return False


async def _give_up(engine: Harness, order: str, name: str, hold: int = 1) -> None:
    key = (await engine.tasks(order))[f"fulfil:{name}"]["key"]
    entry: Document = {"kind": "intervene", "task": key, "hold": hold, "do": "fail", "undo": True, "who": "ada"}
    await inbox.append(engine.store, engine.clock, order, entry)


async def _is_held_again(engine: Harness, order: str) -> bool:
    plan = await engine.get("plan", order)
    return any(run.get("h") == 2 and run["s"] == "held" for run in plan["run"].values())
