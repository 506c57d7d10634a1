"""Fallout rules on a running engine: what they do is done before anybody is told, recorded, and comes to an end."""

from typing import Any

import pytest

from models import outbox
from models.domain.fallout_rules import rules_of
from models.domain.outcomes import Accepted, Done, Refused, Unreachable
from models.fallout_rules import COLLECTION, judged, past_holds
from models.patterns import Re2Patterns
from tests.integration.engine.harness import Document, Harness, answers, plan_of, states_told


async def rule(harness: Harness, key: str, then: Document, match: Document | None = None, position: int = 100) -> None:
    body = {"id": key, "name": f"rule {key}", "match": match or {}, "then": then, "position": position}
    document = {"_id": key, "tenant": "default", "body": body}
    await harness.store.insert(COLLECTION, outbox.first(document, [], harness.clock.now()))


async def build(harness: Harness, *outcomes: Any, **plan: Any) -> str:
    harness.fulfiller.scripts["fulfil:1/build"] = answers(*outcomes)
    harness.start()
    return await harness.order(plan_of("1/build", "2/other", **plan))


async def deeds(harness: Harness, order: str) -> list[Document]:
    task = (await harness.tasks(order))["fulfil:1/build"]
    return sorted(task["interventions"].values(), key=lambda one: str(one["at"]))


async def test_a_rule_tries_again_later_and_the_item_is_never_held(harness: Harness) -> None:
    await harness.register()
    await rule(harness, "later", {"do": "retry", "delays": [0.05, 0.1]}, {"code": "refused"})
    order = await build(harness, Refused("busy"), Refused("busy"), Done())
    document = await harness.until(order, "completed")
    assert "held" not in states_told(document)
    done = await deeds(harness, order)
    assert [(one["do"], one["who"]) for one in done] == [("retry", "rule later version 1")] * 2
    keys = [call.idempotency_key for call in harness.fulfiller.calls if call.input == "1/build"]
    assert len(set(keys)) == 3  # a refusal is asked anew
    assert [stub["who"] for stub in document["outbox"] if stub["who"].startswith("rule")] == [
        "rule later version 1"
    ] * 2
    assert sorted((await harness.tasks(order))["fulfil:1/build"]["holds"]) == ["1", "2"]


async def test_a_rule_that_is_used_up_leaves_it_to_people(harness: Harness) -> None:
    await harness.register()
    await rule(harness, "later", {"do": "retry", "delays": [0.01]}, position=1)
    await rule(harness, "queue", {"do": "hold", "queue": "access", "times": 5}, position=2)
    order = await build(harness, Refused("no port"))
    await harness.until(order, "held")
    task = (await harness.tasks(order))["fulfil:1/build"]
    assert (task["state"], task["fallout"]["count"], task["care"]["queue"]) == ("held", 2, "access")
    assert [one["do"] for one in await deeds(harness, order)] == ["retry", "hold"]


async def test_a_rule_takes_another_fulfiller(harness: Harness) -> None:
    await harness.register(name="first", priority=1)
    await harness.register(name="second", priority=2)
    await rule(harness, "elsewhere", {"do": "reassign"}, {"fulfiller": "f-first"})
    order = await build(harness, Refused("no port"), Done())
    await harness.until(order, "completed")
    assert (await harness.tasks(order))["fulfil:1/build"]["fulfiller"] == "f-second"


async def test_a_rule_repairs_a_value(harness: Harness) -> None:
    await harness.register()
    repair = {"do": "edit", "input": {"port": '=if contains(error.message, "7") then 9 else 0', "was": "=input"}}
    await rule(harness, "repair", repair, {"reason": "port \\d+ is taken"})
    order = await build(harness, Refused("port 7 is taken"))
    await harness.until(order, "completed")
    assert {"port": 9, "was": "1/build"} in [call.input for call in harness.fulfiller.calls]


@pytest.mark.parametrize(
    ("expression", "why"),
    [("=input + 1", "its expression failed"), ("=order.no.such", "its expression came to nothing")],
)
async def test_a_rule_whose_expression_does_not_work_out_leaves_it_to_people(
    harness: Harness, expression: str, why: str
) -> None:
    await harness.register()
    await rule(harness, "repair", {"do": "edit", "input": expression})
    order = await build(harness, Refused("no"))
    await harness.until(order, "held")
    (deed,) = await deeds(harness, order)
    assert deed["do"] == "hold"
    assert why in deed["why"]


async def test_a_rule_skips_what_is_optional_only(harness: Harness) -> None:
    await harness.register(retry={"delays": []}, deadline=0.1)
    await rule(harness, "skip", {"do": "skip"}, {"code": "deadline"})
    order = await build(harness, Accepted("job"), optional=frozenset({"1/build"}))
    await harness.until(order, "completed")
    assert (await harness.tasks(order))["fulfil:1/build"]["state"] == "skipped"
    other = await harness.order(plan_of("1/build"))
    await harness.until(other, "held")


async def test_a_rule_undoes_and_gives_up(harness: Harness) -> None:
    await harness.register(retry={"delays": []})
    await rule(harness, "enough", {"do": "fail", "undo": True}, {"code": "unreachable"})
    harness.fulfiller.scripts["fulfil:1/build"] = answers(Unreachable("timeout"))
    harness.start()
    order = await harness.order(plan_of("1/first", "1/build", "2/other", needs={"1/build": ["1/first"]}))
    document = await harness.until(order, "partial")
    assert [item["state"] for item in document["body"]["serviceOrderItem"]] == ["failed", "completed"]
    assert "compensate:1/first" in harness.fulfiller.order_of_effects()


async def test_a_dry_run_says_what_would_have_happened_and_changes_nothing(harness: Harness) -> None:
    await harness.register()
    before = harness.clock.now()
    order = await build(harness, Refused("no port"))
    await harness.until(order, "held")
    task = (await harness.tasks(order))["fulfil:1/build"]
    made = rules_of(
        [({"id": "r", "name": "r", "match": {"reason": "no port"}, "then": {"do": "reassign"}}, 1)], Re2Patterns()
    )
    found = judged(await past_holds(harness.store, "default", before), made, before)
    assert [(one["_id"], said.rule.id if said else None) for one, _, said in found] == [(task["_id"], "r")]
    assert (await harness.tasks(order))["fulfil:1/build"] == task
