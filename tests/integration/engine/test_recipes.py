"""Recipes that run inside plans: their steps are tasks like any other."""

import asyncio
from typing import Any

import pytest

from adapters.ports import FulfillerCall
from models import inbox
from models.domain.outcomes import Accepted, Done, Outcome, Refused
from tests.integration.engine.harness import Document, Harness, answers
from tests.integration.engine.recipes import bpmn, flows, running, service

THREE = bpmn(
    '<startEvent id="start"/>',
    service("survey"),
    '<exclusiveGateway id="fast" default="fast_slow"/>',
    service("quick", speed="=speed"),
    service("slow"),
    '<endEvent id="end"/>',
    flows("start>survey", "survey>fast", "fast>quick[speed > 100]", "fast>slow", "quick>end", "slow>end"),
)


@pytest.fixture
async def engine(harness: Harness) -> Harness:
    harness.fulfiller.name_of = lambda call: f"{call.operation}:{(call.input or {}).get('name')}"  # type: ignore[method-assign]
    await harness.register(retry={"delays": []})
    return harness


async def run_of(engine: Harness, order: str) -> Document:
    plan = await engine.get("plan", order)
    (run,) = plan["recipes"].values()
    found: Document = run
    return found


async def test_steps_are_done_one_after_the_other_with_what_came_of_those_before(engine: Harness) -> None:
    engine.recipes["build", "1.0.0"] = THREE
    engine.fulfiller.scripts["fulfil:survey"] = answers(Done({"speed": 200}))
    engine.start()
    order = await engine.order(running("build"))
    document = await engine.until(order, "completed")
    assert engine.fulfiller.order_of_effects() == ["fulfil:survey", "fulfil:quick"]
    assert engine.fulfiller.calls[1].input == {"name": "quick", "speed": 200}
    service_id = document["body"]["serviceOrderItem"][0]["service"]["id"]
    assert (await engine.get("service", service_id))["body"]["state"] == "active"
    tasks = await engine.tasks(order)
    assert {name: task["state"] for name, task in tasks.items() if name != "fulfil:1/run"} == {
        "fulfil:survey": "done",
        "fulfil:quick": "done",
    }
    run = await run_of(engine, order)
    assert [one["id"] for one in run["path"] if one["what"] == "taken"] == [
        "start_survey", "survey_fast", "fast_quick", "quick_end"
    ]  # fmt: skip


async def test_what_a_step_reports_of_the_service_stands_on_it_and_in_the_data(engine: Harness) -> None:
    engine.recipes["build", "1.0.0"] = THREE
    engine.fulfiller.scripts["fulfil:survey"] = answers(Done({}, ({"name": "speed", "value": 150},)))
    engine.start()
    document = await engine.until(await engine.order(running("build")), "completed")
    assert engine.fulfiller.order_of_effects() == ["fulfil:survey", "fulfil:quick"]
    service_id = document["body"]["serviceOrderItem"][0]["service"]["id"]
    body = (await engine.get("service", service_id))["body"]
    assert [(one["name"], one["value"]) for one in body["serviceCharacteristic"]] == [("speed", 150)]


async def test_a_refusal_that_the_recipe_catches_leads_another_way_and_holds_nobody(engine: Harness) -> None:
    engine.recipes["build", "1.0.0"] = bpmn(
        '<startEvent id="start"/>', service("port"), service("other"), service("rest"),
        '<boundaryEvent id="none" attachedToRef="port"><errorEventDefinition errorRef="noPort"/></boundaryEvent>',
        '<exclusiveGateway id="join"/><endEvent id="end"/>',
        flows("start>port", "port>join", "none>other", "other>join", "join>rest", "rest>end"),
    )  # fmt: skip
    engine.fulfiller.scripts["fulfil:port"] = answers(Refused("no port is free", code="noPort"))
    engine.start()
    order = await engine.order(running("build"))
    document = await engine.until(order, "completed", "held")
    assert document["body"]["state"] == "completed"
    assert engine.fulfiller.order_of_effects() == ["fulfil:other", "fulfil:rest"]
    assert (await engine.tasks(order))["fulfil:port"]["state"] == "skipped"


async def test_a_refusal_that_nobody_catches_holds_the_item_and_its_repetition_leads_on(engine: Harness) -> None:
    engine.recipes["build", "1.0.0"] = THREE
    engine.fulfiller.scripts["fulfil:survey"] = answers(Refused("not today"), Done({"speed": 1}))
    engine.start()
    order = await engine.order(running("build"))
    held = await engine.until(order, "held")
    assert "not today" in held["body"]["serviceOrderItem"][0]["errorMessage"][0]["message"]
    assert (await engine.get("plan", order))["plays"][0]["held"] is True
    await engine.resume(order)
    await engine.until(order, "completed")
    assert "held" not in (await engine.get("plan", order))["plays"][0]
    assert engine.fulfiller.order_of_effects() == ["fulfil:survey", "fulfil:slow"]


async def test_a_timer_wakes_the_recipe_and_calls_off_what_takes_too_long(engine: Harness) -> None:
    engine.recipes["build", "1.0.0"] = bpmn(
        '<startEvent id="start"/>', service("port"), service("other"),
        '<boundaryEvent id="late" attachedToRef="port"><timerEventDefinition><timeDuration>PT0.3S</timeDuration>'
        "</timerEventDefinition></boundaryEvent>",
        '<endEvent id="end"/><endEvent id="end2"/>',
        flows("start>port", "port>end", "late>other", "other>end2"),
    )  # fmt: skip
    engine.fulfiller.scripts["fulfil:port"] = answers(Accepted("p1"))
    engine.start()
    order = await engine.order(running("build"))
    await engine.until(order, "completed")
    assert sorted(engine.fulfiller.order_of_effects()) == ["cancel:port", "fulfil:other", "fulfil:port"]
    assert (await engine.tasks(order))["cancel:port"]["state"] == "done"


async def test_a_message_goes_to_the_recipe_that_waits_for_it(engine: Harness) -> None:
    engine.recipes["build", "1.0.0"] = bpmn(
        '<startEvent id="start"/>', service("port"), service("other", given="=colour"),
        '<intermediateCatchEvent id="told"><messageEventDefinition messageRef="wake"/></intermediateCatchEvent>',
        '<endEvent id="end"/>', flows("start>port", "port>told", "told>other", "other>end"),
    )  # fmt: skip
    engine.start()
    order = await engine.order(running("build"))

    async def waits() -> bool:
        plan = await engine.get("plan", order) if await engine.store.get("plan", order) else {}
        return any(run["run"]["waits"] for run in plan.get("recipes", {}).values())

    await engine.until_true(waits)
    message = {"kind": "message", "name": "wake", "data": {"colour": "red"}}
    await inbox.append(engine.store, engine.clock, order, message)
    await engine.until(order, "completed")
    assert engine.fulfiller.calls[-1].input == {"name": "other", "given": "red"}


async def test_a_recipe_that_lacks_a_value_is_held_and_goes_on_with_what_a_person_gives(engine: Harness) -> None:
    engine.recipes["build", "1.0.0"] = bpmn(
        '<startEvent id="start"/><exclusiveGateway id="way"/><endEvent id="end"/><endEvent id="end2"/>',
        service("survey"), service("quick"), service("slow"),
        flows("start>survey", "survey>way", "way>quick[speed > 100]", "way>slow[speed < 9]", "quick>end", "slow>end2"),
    )  # fmt: skip
    engine.start()
    order = await engine.order(running("build"))
    document = await engine.until(order, "held")
    (error,) = document["body"]["serviceOrderItem"][0]["errorMessage"]
    assert error["code"] == "recipeStuck"
    plan = await engine.get("plan", order)
    (key,) = plan["recipes"]
    entry = {"kind": "intervene", "task": key, "hold": 1, "do": "edit", "input": {"speed": 500}, "who": "ada"}
    await inbox.append(engine.store, engine.clock, order, {**entry, "why": "measured"})
    await engine.until(order, "completed")
    assert engine.fulfiller.order_of_effects() == ["fulfil:survey", "fulfil:quick"]


async def test_an_error_end_holds_the_item_and_its_repetition_begins_anew(engine: Harness) -> None:
    engine.recipes["build", "1.0.0"] = bpmn(
        '<startEvent id="start"/>', service("survey"), '<exclusiveGateway id="way" default="way_bad"/>',
        '<endEvent id="good"/><endEvent id="bad"><errorEventDefinition errorRef="noPort"/></endEvent>',
        flows("start>survey", "survey>way", "way>good[speed > 100]", "way>bad"),
    )  # fmt: skip
    engine.fulfiller.scripts["fulfil:survey"] = answers(Done({"speed": 1}), Done({"speed": 101}))
    engine.start()
    order = await engine.order(running("build"))
    document = await engine.until(order, "held")
    (error,) = document["body"]["serviceOrderItem"][0]["errorMessage"]
    assert (error["code"], "noPort" in error["message"]) == ("recipeFailed", True)
    await engine.resume(order)
    await engine.until(order, "completed")
    assert engine.fulfiller.order_of_effects() == ["fulfil:survey", "fulfil:survey"]


async def test_a_recipe_that_is_not_there_holds_the_item(engine: Harness) -> None:
    engine.start()
    order = await engine.order(running("build"))
    document = await engine.until(order, "held")
    (error,) = document["body"]["serviceOrderItem"][0]["errorMessage"]
    assert error["code"] == "recipeGone"
    engine.recipes["build", "1.0.0"] = THREE
    engine.fulfiller.scripts["fulfil:survey"] = answers(Done({"speed": 1}))
    await engine.resume(order)
    await engine.until(order, "completed")


async def test_branches_run_beside_each_other(engine: Harness) -> None:
    together = asyncio.Barrier(2)

    async def meet(_: FulfillerCall) -> Outcome:
        async with asyncio.timeout(5):
            await together.wait()
        return Done()

    engine.recipes["build", "1.0.0"] = bpmn(
        '<startEvent id="start"/><parallelGateway id="split"/><parallelGateway id="join"/>',
        service("left"), service("right"), service("last"), '<endEvent id="end"/>',
        flows("start>split", "split>left", "split>right", "left>join", "right>join", "join>last", "last>end"),
    )  # fmt: skip
    engine.fulfiller.scripts = {"fulfil:left": meet, "fulfil:right": meet}
    engine.start()
    await engine.until(await engine.order(running("build")), "completed")
    assert engine.fulfiller.order_of_effects()[-1] == "fulfil:last"


async def test_a_cancelled_order_stops_its_recipe_and_has_undone_what_it_did(engine: Harness) -> None:
    engine.recipes["build", "1.0.0"] = THREE
    engine.fulfiller.scripts["fulfil:survey"] = answers(Accepted("s1"))
    engine.start()
    order = await engine.order(running("build", compensation="delete"))

    async def accepted() -> bool:
        return (await engine.tasks(order)).get("fulfil:survey", {}).get("state") == "accepted"

    await engine.until_true(accepted)
    await engine.cancel(order)
    document = await engine.until(order, "cancelled")
    assert document["body"]["serviceOrderItem"][0]["state"] == "cancelled"
    assert engine.fulfiller.order_of_effects() == ["fulfil:survey", "cancel:survey"]


async def test_an_item_that_is_given_up_ends_its_recipe(engine: Harness) -> None:
    engine.recipes["build", "1.0.0"] = THREE
    engine.fulfiller.scripts["fulfil:survey"] = answers(Refused("never"))
    engine.start()
    order = await engine.order(running("build"))
    await engine.until(order, "held")
    key = (await engine.tasks(order))["fulfil:survey"]["key"]
    entry = {"kind": "intervene", "task": key, "hold": 1, "do": "fail", "who": "ada", "why": "hopeless"}
    await inbox.append(engine.store, engine.clock, order, entry)
    await engine.until(order, "failed")
    plan = await engine.get("plan", order)
    assert {one["s"] for one in plan["run"].values()} == {"failed"}
    assert engine.fulfiller.order_of_effects() == []


async def test_a_run_whose_data_grows_too_large_is_held_and_holds_up_nobody(engine: Harness) -> None:
    engine.recipes["build", "1.0.0"] = THREE
    engine.fulfiller.scripts["fulfil:survey"] = answers(Done({"speed": 1, "much": "x" * 300_000}), Done({"speed": 1}))
    engine.start()
    order = await engine.order(running("build"))
    document = await engine.until(order, "held")
    (error,) = document["body"]["serviceOrderItem"][0]["errorMessage"]
    assert (error["code"], "256 KB" in error["message"]) == ("recipeStuck", True)


async def test_values_that_a_step_does_not_declare_hold_it_before_it_is_called_and_when_it_answers(
    engine: Harness,
) -> None:
    schema = '{"type": "object", "properties": {"speed": {"type": "integer", "minimum": 10}}, "required": ["speed"]}'
    declared = f"<som:inputSchema>{schema}</som:inputSchema><som:outputSchema>{schema}</som:outputSchema>"
    line = service("line", speed="=4 + 1").replace("</extensionElements>", f"{declared}</extensionElements>")
    engine.recipes["build", "1.0.0"] = bpmn(
        '<startEvent id="start"/>', line, '<endEvent id="end"/>', flows("start>line", "line>end")
    )
    engine.fulfiller.scripts["fulfil:line"] = answers(Done({"speed": "fast"}), Done({"speed": 12}))
    engine.start()
    order = await engine.order(running("build"))
    error = (await engine.until(order, "held"))["body"]["serviceOrderItem"][0]["errorMessage"][0]
    assert (error["code"], "/speed: 5 is less than" in error["message"]) == ("inputInvalid", True)
    assert engine.fulfiller.calls == []
    key = (await engine.tasks(order))["fulfil:line"]["key"]
    edited = {"kind": "intervene", "task": key, "hold": 1, "do": "edit", "input": {"name": "line", "speed": 50}}
    await inbox.append(engine.store, engine.clock, order, {**edited, "who": "ada", "why": "measured"})

    async def is_unusable() -> bool:
        error = (await engine.tasks(order))["fulfil:line"].get("error") or {}
        return bool(error.get("code") == "unusableAnswer")

    await engine.until_true(is_unusable)
    task = (await engine.tasks(order))["fulfil:line"]
    assert "/speed" in task["error"]["message"]
    await engine.resume(order)
    await engine.until(order, "completed")
    assert [call.input for call in engine.fulfiller.calls] == [{"name": "line", "speed": 50}] * 2
    assert len(engine.fulfiller.effects) == 1, "asked again with the same key, for it may have been done"
    assert (await run_of(engine, order))["data"]["values"]["1"]["speed"] == 12


async def test_a_recipe_that_an_order_starts_begins_with_what_it_declares_and_computes_what_it_declares(
    engine: Harness,
) -> None:
    many = '{"properties": {"item": {"required": ["quantity"]}}, "required": ["service"]}'
    even = '{"properties": {"half": {"type": "integer", "multipleOf": 2}}}'
    engine.recipes["build", "1.0.0"] = bpmn(
        f"<extensionElements><som:inputSchema>{many}</som:inputSchema></extensionElements>",
        '<startEvent id="start"/><scriptTask id="halve" name="Halve it"><extensionElements>'
        f'<som:script expression="item.quantity / 2" result="half"/><som:outputSchema>{even}</som:outputSchema>'
        '</extensionElements></scriptTask><endEvent id="end"/>',
        service("survey"),
        flows("start>halve", "halve>survey", "survey>end"),
    )
    engine.start()
    order = await engine.order(running("build"))
    error = (await engine.until(order, "held"))["body"]["serviceOrderItem"][0]["errorMessage"][0]
    assert (error["code"], '/item: "quantity" is a required' in error["message"]) == ("inputInvalid", True)
    assert "build:1.0.0" in error["message"]
    (key,) = (await engine.get("plan", order))["run"]
    await mend(engine, order, key, 1, item={"quantity": 6})

    async def is_stuck() -> bool:
        told = (await engine.get("serviceOrder", order))["body"]["serviceOrderItem"][0].get("errorMessage") or [{}]
        return "Halve it is not what it declares: /half: 3 is not" in str(told[0].get("message"))

    await engine.until_true(is_stuck)
    assert engine.fulfiller.calls == []
    await mend(engine, order, key, 2, item={"quantity": 8})
    await engine.until(order, "completed")
    assert (await run_of(engine, order))["data"]["values"]["1"]["half"] == 4


async def mend(engine: Harness, order: str, key: str, hold: int, **values: Any) -> None:
    entry = {"kind": "intervene", "task": key, "hold": hold, "do": "edit", "input": values, "who": "ada", "why": "so"}
    await inbox.append(engine.store, engine.clock, order, entry)
