"""Policies after failures, on a running engine: tables that say whether to go on, and what becomes of what is held."""

from datetime import timedelta
from typing import Any

import pytest

from models import outbox
from models.deciding import Deciding
from models.domain.caller import ANONYMOUS
from models.domain.outcomes import Done, Refused, Unreachable
from models.fallout_rules import COLLECTION, past_holds, said_by_policies
from models.policies import PolicyBook, PolicyVersions
from tests.contract.samples import table_policy
from tests.integration.engine.crash_points import die_at_every_write
from tests.integration.engine.flows import begin, until
from tests.integration.engine.harness import Document, Harness, answers, plan_of, states_told
from tests.integration.engine.recipes import bpmn, flows, service
from tests.unit.decision_models import decision, given, model, table


def told(column: str, *rules: tuple[str, str]) -> str:
    """A table over one expression."""
    name = column.partition(".")[0]
    return model(given(name) + decision("d", table("", column, list(rules)), name)).decode()


async def publish(harness: Harness, point: str, dmn: str, **attributes: Any) -> None:
    versions = PolicyVersions(harness.store, harness.clock)
    body = table_policy(dmn, **{"decisionPoint": point, "name": point, **attributes})
    made = await versions.create(ANONYMOUS, body)
    await versions.step(ANONYMOUS, made["_id"], "published", None, lambda _: None)


@pytest.fixture(autouse=True)
async def asks_tables(harness: Harness) -> None:
    async def nobody(*_: Any) -> Any:
        raise AssertionError("There is no policy service here.")

    class Silent:
        ask = staticmethod(nobody)

    harness.deciding = lambda store: Deciding(store, harness.clock, PolicyBook(store), Silent(), lambda *_: None)


async def decisions(harness: Harness, order: str, point: str) -> list[Document]:
    found = harness.store.collection("policyDecision").find({"order": order, "point": point})
    return await found.sort([("created", 1), ("_id", 1)]).to_list()


async def test_after_each_failed_attempt_a_policy_says_when_and_whether_to_try_again(harness: Harness) -> None:
    await harness.register(retry={"delays": [600]})
    await publish(harness, "retry", told("error.reason", ('"busy"', '{after: duration("PT0.05S"), atMost: 4}'),
                                         ('"broken"', '{allow: false, reason: "No use."}')))  # fmt: skip
    busy = Unreachable("busy")
    harness.fulfiller.scripts["fulfil:1/a"] = answers(busy, busy, Done())
    harness.fulfiller.scripts["fulfil:2/b"] = answers(Unreachable("broken"))
    harness.start()
    order = await harness.order(plan_of("1/a", "2/b"))
    document = await harness.until(order, "held", "partial")
    (error,) = document["body"]["serviceOrderItem"][1]["errorMessage"]
    assert "after 1 attempts; the last: broken No use. (policy retry:1.0.0)" in error["message"]

    async def is_done() -> bool:
        return bool((await harness.tasks(order))["fulfil:1/a"]["state"] == "done")

    await harness.until_true(is_done)
    made = await decisions(harness, order, "retry")
    assert sorted((one["input"]["attempts"], one["state"]) for one in made) == [
        (1, "allowed"), (1, "denied"), (2, "allowed"),
    ]  # fmt: skip
    assert [one["result"].get("after") for one in made if one["state"] == "allowed"] == [0.05, 0.05]


async def test_a_policy_hears_what_kind_of_failure_it_was_and_has_an_unusable_answer_asked_for_again(
    harness: Harness,
) -> None:
    await harness.register(retry={"delays": [600]})
    await publish(harness, "retry", told("error.cause", ('"unusable"', '{after: 0.05, atMost: 3}'),
                                         ('"status"', 'if error.status = 503 then {after: 0.05} else false'),
                                         ('"timeout"', 'false')))  # fmt: skip
    script = harness.fulfiller.scripts
    script["fulfil:1/a"] = answers(Refused("garbage", maybe_done=True), Done())
    script["fulfil:2/b"] = answers(Unreachable("busy", maybe_done=False, cause="status", status=503), Done())
    script["fulfil:3/c"] = answers(Unreachable("slow", cause="timeout"))
    script["fulfil:4/d"] = answers(Refused("no port"))
    harness.start()
    order = await harness.order(plan_of("1/a", "2/b", "3/c", "4/d"))

    async def is_over() -> bool:
        found = (await harness.get("serviceOrder", order))["body"]
        return [item["state"] for item in found["serviceOrderItem"]] == ["completed", "completed", "held", "held"]

    await harness.until_true(is_over)
    keys = {task["_id"]: name for name, task in (await harness.tasks(order)).items()}
    made = {keys[one["task"]]: one["input"]["error"] for one in await decisions(harness, order, "retry")}
    assert made == {
        "fulfil:1/a": {"code": "unusableAnswer", "reason": "garbage", "cause": "unusable", "maybeDone": True},
        "fulfil:2/b": {"code": "unreachable", "reason": "busy", "cause": "status", "maybeDone": False, "status": 503},
        "fulfil:3/c": {"code": "unreachable", "reason": "slow", "cause": "timeout", "maybeDone": True},
    }  # a refusal is none of these


async def test_a_policy_deals_with_fallout_before_rules_do_and_history_names_it(harness: Harness) -> None:
    await harness.register()
    await publish(harness, "fallout", told("task.name",
        ('"1/a"', '{do: "edit", input: {port: 9, formula: "=1 + 1"}, reason: "Another port."}'),
        ('"2/b"', '{do: "fail", undo: true}'),
        ('"3/c"', 'true'),
        ('"4/d"', '{allow: false, reason: "Legal hold."}'),
    ))  # fmt: skip
    for name in ("1/a", "2/b", "3/c", "4/d"):
        harness.fulfiller.scripts[f"fulfil:{name}"] = answers(Refused("no port"), Done())
    body = {"id": "again", "name": "again", "match": {}, "then": {"do": "retry", "delays": [0.01]}}
    rule = {"_id": "again", "tenant": "default", "body": body}
    await harness.store.insert(COLLECTION, outbox.first(rule, [], harness.clock.now()))
    harness.start()
    order = await harness.order(plan_of("1/a", "2/b", "3/c", "4/d"))

    async def is_over() -> bool:
        found = (await harness.get("serviceOrder", order))["body"]
        return [item["state"] for item in found["serviceOrderItem"]] == ["completed", "failed", "completed", "held"]

    await harness.until_true(is_over)
    tasks = await harness.tasks(order)
    by = {
        name.split(":")[1]: [(one["do"], one["who"]) for one in task["interventions"].values()]
        for name, task in tasks.items()
        if task.get("interventions")
    }
    assert by == {
        "1/a": [("edit", "policy fallout:1.0.0")],
        "2/b": [("fail", "policy fallout:1.0.0")],
        "3/c": [("retry", "rule again version 1")],
        "4/d": [("hold", "policy fallout:1.0.0")],
    }
    edited = [call.input for call in harness.fulfiller.calls if isinstance(call.input, dict)]
    assert edited == [{"port": 9, "formula": "=1 + 1"}]  # as it was said: a policy's value is no expression
    made = {one["task"]: one for one in await decisions(harness, order, "fallout")}
    assert made.keys() == {task["_id"] for task in tasks.values() if task["operation"] == "fulfil"}
    assert made[tasks["fulfil:1/a"]["_id"]]["input"]["error"] == {"code": "refused", "reason": "no port"}


async def test_policies_decide_about_the_tasks_of_a_process_flow_without_an_order(harness: Harness) -> None:
    work = 'specification="s1" action="modify"'
    harness.recipes["check", "1.0.0"] = bpmn(
        '<startEvent id="start"/>', service("look", work, site="=site"), '<endEvent id="end"/>',
        flows("start>look", "look>end"),
    )  # fmt: skip
    harness.fulfiller.name_of = lambda call: f"{call.operation}:{(call.input or {}).get('name')}"  # type: ignore[method-assign]
    await harness.register(retry={"delays": [600]})
    for recipe, after in (("check", "0.05"), ("another", "600")):
        dmn = told("processFlow.characteristic.site", ('"north"', f"{{after: {after}, atMost: 3}}"))
        await publish(harness, "retry", dmn, name=recipe, appliesTo={"recipe": [recipe]})
    await publish(harness, "fallout", told("error.code", ('"refused"', '{do: "retry", after: 0.05, atMost: 1}')))
    harness.fulfiller.scripts["fulfil:look"] = answers(Unreachable("busy"), Refused("no key"), Done())
    harness.start()
    flow = await begin(harness, "check", site="north")
    await until(harness, flow, "completed")
    made = await decisions(harness, flow, "retry") + await decisions(harness, flow, "fallout")
    assert [(one["policy"], one["state"], one["body"]["processFlow"]) for one in made] == [
        ("check:1.0.0", "allowed", flow), ("fallout:1.0.0", "allowed", flow),
    ]  # fmt: skip
    held = await past_holds(harness.store, "default", harness.clock.now() - timedelta(hours=1))
    said = await said_by_policies(harness.store, "default", held, frozenset({"fallout:1.0.0"}))
    assert [(key, rule.do) for key, rules in said.items() for rule in rules] == [((held[0]["_id"], 1), "retry")]


async def test_the_engine_may_die_at_any_write_and_what_a_policy_said_is_done_once(harness: Harness) -> None:
    await harness.register(retry={"delays": [0.01]})
    await publish(harness, "retry", told("attempts", ("-", "{after: 0.01, atMost: 2}")))
    await publish(harness, "fallout", told("count", ("1", '{do: "edit", input: "repaired"}'), ("> 1", '"hold"')))

    async def story(lives: int) -> str:
        name = f"1/{lives}"
        harness.fulfiller.scripts[f"fulfil:{name}"] = answers(Unreachable("lost"), Refused("no"))
        order = await harness.order(plan_of(name))
        await harness.until(order, "completed")
        return order

    async def check(lives: int, order: str) -> None:
        document = await harness.get("serviceOrder", order)
        assert document["body"]["state"] == "completed"
        assert "held" not in states_told(document)
        (task,) = (await harness.tasks(order)).values()
        assert [(one["do"], one["who"]) for one in task["interventions"].values()] == [("edit", "policy fallout:1.0.0")]
        assert len(await decisions(harness, order, "fallout")) == 1
        assert await decisions(harness, order, "retry")

    await die_at_every_write(harness, story, check)
