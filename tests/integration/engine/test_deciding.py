"""Policies at work: an engine, a real Rego engine behind the API of Open Policy Agent, and orders."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.http_session import open_session
from adapters.opa import OpenPolicyAgent
from models.deciding import Deciding
from models.domain.caller import ANONYMOUS
from models.domain.errors import InvalidRequest
from models.policies import PolicyBook, PolicyVersions
from tests.contract.samples import policy, table_policy
from tests.integration.engine.harness import Document, Harness, plan_of
from tests.integration.rego_server import RegoServer, rego_server
from tests.unit.decision_models import decision, given, model, table

AT_MOST_TWO = """
package som
import rego.v1

default accept := {"allow": true}

accept := {"allow": false, "reason": sprintf("%d items are too many.", [count(input.order.serviceOrderItem)])} if {
    count(input.order.serviceOrderItem) > 2
}

words := "perhaps"
"""


QUOTA = model(given("openOrders") + decision("quota", table("", "openOrders", [
    ("< 2", '{allow: true}'),
    (">= 2", '{allow: false, reason: "You have " + string(openOrders) + " open orders."}'),
]), "openOrders")).decode()  # fmt: skip


class Office:
    """A policy service, who asks it, and what was counted."""

    def __init__(self, harness: Harness, server: RegoServer, deciding: Deciding, counted: Counter[Any]) -> None:
        """Have all these."""
        self.harness, self.server, self.deciding, self.counted = harness, server, deciding, counted

    async def publish(self, version: str = "1.0.0", **attributes: Any) -> None:
        await self.publish_body(policy("size", version, **{"url": self.server.url, **attributes}))

    async def publish_body(self, body: Document) -> None:
        versions = PolicyVersions(self.harness.store, self.harness.clock)
        made = await versions.create(ANONYMOUS, body)
        await versions.step(ANONYMOUS, made["_id"], "published", None, lambda _: None)

    async def decided(self, order: str) -> list[Document]:
        return await self.harness.store.collection("policyDecision").find({"order": order}).to_list()


@pytest.fixture
async def office(harness: Harness) -> AsyncIterator[Office]:
    await harness.register()
    counted: Counter[Any] = Counter()
    async with rego_server(AT_MOST_TWO) as server, open_session() as session:
        book = PolicyBook(harness.store)
        deciding = Deciding(
            harness.store, harness.clock, book, OpenPolicyAgent(session), lambda *what: counted.update([what])
        )
        harness.accept = deciding.accept
        yield Office(harness, server, deciding, counted)
        await harness.stop()


async def test_an_order_that_a_policy_denies_is_rejected_with_its_reason_and_another_goes_on(office: Office) -> None:
    await office.publish()
    office.harness.start()
    large = await office.harness.order(plan_of("1/a", "2/b", "3/c"))
    small = await office.harness.order(plan_of("1/a"))
    rejected = await office.harness.until(large, "rejected")
    await office.harness.until(small, "completed")
    (error,) = rejected["body"]["errorMessage"]
    assert error["code"] == "policyDenied"
    assert "3 items are too many. (policy size:1.0.0)" in error["message"]
    assert {item["state"] for item in rejected["body"]["serviceOrderItem"]} == {"rejected"}
    (denied,), (allowed,) = await office.decided(large), await office.decided(small)
    assert (denied["state"], denied["policy"], denied["result"]["allow"]) == ("denied", "size:1.0.0", False)
    assert (allowed["state"], allowed["input"]["items"]) == ("allowed", 1)
    assert "owed" not in denied  # the policy has answered: the history has nothing to tell of
    assert office.counted == {("accept", "denied"): 1, ("accept", "allowed"): 1}


@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ({"url": "http://127.0.0.1:9"}, "cannot be reached"),
        ({"path": "som/words"}, "neither true or false"),
        ({"path": "som/unheard_of"}, "undefined"),
    ],
    ids=["down", "garbage", "undefined"],
)
@pytest.mark.parametrize("allow", [True, False])
async def test_without_an_answer_the_configured_one_is_taken_and_the_history_is_told(
    office: Office, how: dict[str, str], problem: str, *, allow: bool
) -> None:
    await office.publish(whenDown={"allow": allow, "reason": "Nobody could say."}, **how)
    office.harness.start()
    order = await office.harness.order(plan_of("1/a"))
    document = await office.harness.until(order, "completed" if allow else "rejected")
    (decision,) = await office.decided(order)
    assert decision["state"] == ("allowedByDefault" if allow else "deniedByDefault")
    assert problem in decision["problem"]
    (told,) = decision["outbox"]
    assert (told["type"], told["why"]) == ("PolicyDecisionFallbackEvent", decision["problem"])
    if not allow:
        assert "Nobody could say." in document["body"]["errorMessage"][0]["message"]


async def test_what_was_decided_before_a_crash_stays_decided_whatever_the_policy_says_by_now(office: Office) -> None:
    await office.publish()
    order: Document = {"_id": "o", "tenant": "default", "fence": 1}
    order["body"] = {"serviceOrderItem": [{"id": str(number)} for number in range(3)]}
    with pytest.raises(InvalidRequest, match="3 items"):
        await office.deciding.accept(order)
    office.server.rego = AT_MOST_TWO.replace("> 2", "> 9")
    await office.publish("1.1.0")
    with pytest.raises(InvalidRequest, match=r"3 items are too many. \(policy size:1\.0\.0\)"):
        await office.deciding.accept({**order, "fence": 2})
    assert len(office.server.inputs) == 1
    await office.deciding.accept({**order, "_id": "another"})


async def test_a_policy_is_asked_only_about_what_it_applies_to(office: Office) -> None:
    await office.publish(appliesTo={"specification": ["vpn"], "party": ["acme"]})
    service = {"serviceSpecification": {"id": "vpn"}}
    for number, party in enumerate(("other", "acme")):
        body = {
            "relatedParty": [{"partyOrPartyRole": {"id": party}}],
            "serviceOrderItem": [{"id": "1", "serviceOrderItem": [{"id": "2", "service": service}]}],
        }
        await office.deciding.accept({"_id": f"o{number}", "tenant": "default", "body": body})
    assert [one["order"]["id"] for one in office.server.inputs] == ["o1"]


async def test_a_quota_counts_the_open_orders_of_a_party_that_were_placed_before(office: Office) -> None:
    """Three at once, and it does not matter who of them is decided first."""
    await office.publish_body(table_policy(QUOTA, needs=["openOrders"]))
    for party in ("acme", "acme", "acme", "zenith"):
        await office.harness.order(plan_of("1/a"), relatedParty=[{"id": party}])
    found = office.harness.store.collection("serviceOrder").find({}).sort({"created": 1, "_id": 1})
    *acme, last = [one for one in await found.to_list() if one["body"]["relatedParty"] == [{"id": "acme"}]]
    with pytest.raises(InvalidRequest, match="You have 2 open orders"):
        await office.deciding.accept(last)
    for one in acme:
        await office.deciding.accept(one)
    decided = office.harness.store.collection("policyDecision").find({})
    assert sorted(one["input"]["openOrders"] for one in await decided.to_list()) == [0, 1, 2]
