"""Policies in the choice of fulfillers: an engine, tables and a policy service, and orders."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.http_session import open_session
from adapters.opa import OpenPolicyAgent
from models.deciding import Deciding
from models.domain.caller import ANONYMOUS
from models.domain.outcomes import Done, Unreachable
from models.policies import PolicyBook, PolicyVersions
from tests.contract.samples import policy, table_policy
from tests.integration.engine.crash_points import MortalStore
from tests.integration.engine.harness import Document, Harness, answers, plan_of
from tests.integration.rego_server import RegoServer, rego_server
from tests.unit.decision_models import decision, given, model, table

NORTH_IS_AUDITED = """
package som
import rego.v1

select := {"refuse": [{"fulfiller": "north", "reason": "It is audited."}]} if input.task.name == "1/a"

select := {"prefer": ["south"]} if input.task.name != "1/a"
"""


class Office:
    """Three fulfillers, of which north is the cheapest, and a policy service."""

    def __init__(self, harness: Harness, server: RegoServer) -> None:
        self.harness, self.server = harness, server

    async def publish(self, body: Document) -> None:
        versions = PolicyVersions(self.harness.store, self.harness.clock)
        made = await versions.create(ANONYMOUS, body)
        await versions.step(ANONYMOUS, made["_id"], "published", None, lambda _: None)

    async def retire(self, key: str) -> None:
        await PolicyVersions(self.harness.store, self.harness.clock).step(
            ANONYMOUS, key, "retired", None, lambda _: None
        )

    def body(self, **attributes: Any) -> Document:
        asked = {"decisionPoint": "select", "url": self.server.url, "path": "som/select"}
        return policy("audit", **{**asked, **attributes})

    async def decided(self, order: str) -> list[Document]:
        return await self.harness.store.collection("policyDecision").find({"order": order}).sort("_id").to_list()


@pytest.fixture
async def office(harness: Harness) -> AsyncIterator[Office]:
    for cost, name in enumerate(("north", "south", "west")):
        await harness.register(name=name, cost=cost)
    async with rego_server(NORTH_IS_AUDITED) as server, open_session() as session:
        service = OpenPolicyAgent(session)
        harness.deciding = lambda store: Deciding(store, harness.clock, PolicyBook(store), service, lambda *_: None)
        yield Office(harness, server)
        await harness.stop()


async def test_a_policy_turns_one_away_and_prefers_another_once_and_the_choice_says_so(office: Office) -> None:
    await office.publish(office.body())
    lost = Unreachable("gone", maybe_done=False)
    office.harness.fulfiller.scripts["fulfil:2/b"] = answers(lost, lost, Done())
    office.harness.start()
    order = await office.harness.order(plan_of("1/a", "2/b"), externalId="X")
    await office.harness.until(order, "completed")
    tasks = await office.harness.tasks(order)
    first, second = tasks["fulfil:1/a"]["decision"], tasks["fulfil:2/b"]["decision"]
    assert (first["chosen"], second["chosen"], second["row"]) == ("f-south", "f-south", "preference")
    refused = next(one for one in first["candidates"] if one["fulfiller"] == "f-north")
    assert (refused["row"], refused["rejected"]) == ("policy", "It is audited. (policy audit:1.0.0)")
    assert first["situation"]["advice"][0]["policy"] == "audit:1.0.0"
    made = {one["task"]: one for one in await office.decided(order)}
    assert made.keys() == {task["_id"] for task in tasks.values()}
    assert made[tasks["fulfil:1/a"]["_id"]]["result"]["refuse"] == [{"fulfiller": "north", "reason": "It is audited."}]
    assert len(office.harness.fulfiller.calls) == 4  # one was tried three times, and asked about once
    assert Counter(one["task"]["name"] for one in office.server.inputs) == {"1/a": 1, "2/b": 1}
    (told,) = [one for one in office.server.inputs if one["task"]["name"] == "1/a"]
    assert [one["name"] for one in told["candidates"]] == ["north", "south", "west"]
    assert (told["order"]["externalId"], "serviceOrderItem" in told["order"], told["item"]["id"]) == ("X", False, "1")


async def test_where_all_are_refused_the_task_is_held_until_the_policy_goes(office: Office) -> None:
    nobody = model(given("candidates") + decision("d", table("", "count(candidates)", [
        ("> 0", '{allow: false, reason: "Moratorium"}'),
    ]), "candidates")).decode()  # fmt: skip
    await office.publish(table_policy(nobody, decisionPoint="select"))
    office.harness.start()
    order = await office.harness.order(plan_of("1/a"))
    held = await office.harness.until(order, "held")
    (error,) = held["body"]["serviceOrderItem"][0]["errorMessage"]
    assert error["code"] == "noFulfiller"
    assert "Moratorium (policy size:1.0.0)" in error["message"]
    assert office.harness.fulfiller.calls == []
    await office.retire("size:1.0.0")
    await office.harness.until(order, "completed")


@pytest.mark.parametrize("down", [{"allow": True}, {"hold": True, "reason": "Wait."}], ids=["goes on", "waits"])
async def test_without_an_answer_the_configured_one_is_taken_and_told(office: Office, down: Document) -> None:
    office.server.status = 500
    await office.publish(office.body(whenDown=down))
    office.harness.start()
    order = await office.harness.order(plan_of("1/a"))
    if down.get("hold"):

        async def waits() -> bool:
            plan = await office.harness.store.get("plan", order)
            runs = list((plan or {}).get("run", {}).values())
            return [one["s"] for one in runs] == ["retrying"] and "lease" not in (plan or {})

        await office.harness.until_true(waits)
        assert office.harness.fulfiller.calls == []
        office.server.status = 200
        plans, now = office.harness.store.collection("plan"), office.harness.clock.now()
        (key,) = (await office.harness.get("plan", order))["run"]
        await plans.update_one({"_id": order}, {"$set": {"due": now, f"run.{key}.d": now}})
    await office.harness.until(order, "completed")
    (made,) = await office.decided(order)
    assert [stub["type"] for stub in made["outbox"]] == ["PolicyDecisionFallbackEvent"]
    chosen = (await office.harness.tasks(order))["fulfil:1/a"]["fulfiller"]
    assert (made["state"], chosen) == (("allowed", "f-south") if down.get("hold") else ("allowedByDefault", "f-north"))


async def test_what_was_decided_before_a_crash_stands_whatever_the_policy_says_by_now(office: Office) -> None:
    """The engine dies at each write of an order in turn; its successor meets a policy that has changed its mind."""
    await office.publish(office.body())
    changed = NORTH_IS_AUDITED.replace('"north", "reason"', '"south", "reason"')
    for lives in range(1, 100):
        office.server.rego = NORTH_IS_AUDITED
        store = MortalStore(office.harness.store, lives)
        tasks = office.harness.start("n1", lease_seconds=60, store=store)
        order = await office.harness.order(plan_of("1/a"))

        async def over(store: MortalStore = store, order: str = order) -> bool:
            found = await office.harness.get("serviceOrder", order)
            return store.died.is_set() or found["body"]["state"] == "completed"

        await office.harness.until_true(over)
        known = await office.decided(order)
        await office.harness.kill(tasks)
        office.server.rego = changed
        tasks = office.harness.start("n1", lease_seconds=60)
        await office.harness.until(order, "completed")
        (made,) = await office.decided(order)
        refused = made["result"]["refuse"][0]["fulfiller"]
        assert not known or (known[0]["result"], refused) == (made["result"], "north")
        task = (await office.harness.tasks(order))["fulfil:1/a"]
        assert task["fulfiller"] == ("f-south" if refused == "north" else "f-north")
        await office.harness.kill(tasks)
        if store.left > 0:
            return
    pytest.fail("the engine never stopped writing")
