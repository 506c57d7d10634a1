"""Policies at work: an engine, a real Rego engine behind the API of Open Policy Agent, and orders."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.http_session import open_session
from adapters.opa import OpenPolicyAgent
from models import delays
from models.catalogue import Catalogue
from models.deciding import Deciding
from models.decomposing import Decomposing
from models.domain.caller import ANONYMOUS
from models.domain.delays import Delayed
from models.domain.errors import InvalidRequest
from models.domain.evidence import Evidence
from models.domain.explanation import explain
from models.domain.recipe_choice import RecipeWish
from models.flow_changes import change_task_flow
from models.inventory import Inventory
from models.patterns import Re2Patterns
from models.policies import PolicyBook, PolicyVersions
from models.recipe_book import RecipeBook
from models.recipe_versions import RecipeVersions
from models.sealing import Sealer
from models.secrets import Secrets
from tests.contract.samples import policy, recipe, table_policy
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


SEALER = Sealer(["k" * 32])


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

    def decomposing(self) -> Decomposing:
        store = self.harness.store
        catalogue = Catalogue(store, Re2Patterns(), RecipeBook(store))
        return Decomposing(store, self.harness.clock, self.deciding, catalogue, Inventory(store))

    async def decided(self, order: str) -> list[Document]:
        return await self.harness.store.collection("policyDecision").find({"order": order}).to_list()


@pytest.fixture
async def office(harness: Harness) -> AsyncIterator[Office]:
    await harness.register()
    counted: Counter[Any] = Counter()
    async with rego_server(AT_MOST_TWO) as server, open_session() as session:
        book = PolicyBook(harness.store)
        count = lambda *what: counted.update([what])  # noqa: E731 - it is handed on at once
        deciding = Deciding(harness.store, harness.clock, book, OpenPolicyAgent(session), count, SEALER)
        harness.accept = deciding.admit
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
        await office.deciding.admit(order)
    office.server.rego = AT_MOST_TWO.replace("> 2", "> 9")
    await office.publish("1.1.0")
    with pytest.raises(InvalidRequest, match=r"3 items are too many. \(policy size:1\.0\.0\)"):
        await office.deciding.admit({**order, "fence": 2})
    assert len(office.server.inputs) == 1
    await office.deciding.admit({**order, "_id": "another"})


async def test_a_policy_is_asked_only_about_what_it_applies_to(office: Office) -> None:
    await office.publish(appliesTo={"specification": ["vpn"], "party": ["acme"]})
    service = {"serviceSpecification": {"id": "vpn"}}
    for number, party in enumerate(("other", "acme")):
        body = {
            "relatedParty": [{"partyOrPartyRole": {"id": party}}],
            "serviceOrderItem": [{"id": "1", "serviceOrderItem": [{"id": "2", "service": service}]}],
        }
        await office.deciding.admit({"_id": f"o{number}", "tenant": "default", "body": body})
    assert [one["order"]["id"] for one in office.server.inputs] == ["o1"]


LARGE = model(decision("d", table("", "items", [("> 1", '{queue: "managers"}'), ("1", "true")]))).decode()


async def say(office: Office, order: str, **values: Any) -> None:
    """Say this with the one approval of an order, once it is there."""
    flows = office.harness.store.collection("taskFlow")
    wanted = {"order": order, "approval.round": {"$exists": True}}

    async def is_there() -> bool:
        return await flows.count_documents(wanted) == 1

    await office.harness.until_true(is_there)
    stored = await flows.find_one(wanted) or {}
    said = [{"name": name, "value": value} for name, value in values.items()]
    body = {**stored["body"], "state": "completed", "outcome": "done", "characteristic": said, "assignee": "mia"}
    assert await change_task_flow(office.harness.store, office.harness.clock, stored, body, (), who="mia")
    await delays.wake(office.harness.store, office.harness.clock, order, stored["_id"])


async def test_an_approval_survives_a_restart_and_is_asked_for_once(office: Office) -> None:
    await office.publish_body(table_policy(LARGE, decisionPoint="approve"))
    running = office.harness.start()
    order, other = [await office.harness.order(plan_of("1/a", "2/b")) for _ in range(2)]

    async def both_wait() -> bool:
        found = [await office.harness.get("serviceOrder", key) for key in (order, other)]
        return all(one.get("delay", {}).get("kind") == "approval" and "lease" not in one for one in found)

    await office.harness.until_true(both_wait)
    await office.harness.kill(running)
    await office.harness.store.collection("serviceOrder").update_many({}, {"$set": {"due": office.harness.clock.now()}})
    office.harness.start("n2")
    await say(office, order, approved=True)
    await say(office, other, approved=False, reason="Too dear.")
    done = await office.harness.until(order, "completed")
    assert "delay" not in done
    (error,) = (await office.harness.until(other, "rejected"))["body"]["errorMessage"]
    assert (error["code"], "Too dear. (refused by mia; policy size:1.0.0)" in error["message"]) == (
        "approvalRefused",
        True,
    )
    ((approved,), (refused,)) = await office.decided(order), await office.decided(other)
    assert (approved["approval"]["approved"], refused["approval"]["approved"]) == (True, False)


async def test_a_blackout_delays_the_beginning_and_tells_that_the_date_is_in_danger(office: Office) -> None:
    """Until the last moment that there is: nobody waits for it here, the order is cancelled."""
    blackout = model(decision("d", table("", "category", [
        ('"retail"', '{notBefore: "9999-01-01T00:00:00Z", reason: "Christmas freeze"}'),
        ('"wholesale"', '{notBefore: "2020-01-01T00:00:00Z"}'),
    ]))).decode()  # fmt: skip
    await office.publish_body(table_policy(blackout, decisionPoint="schedule"))
    office.harness.start()
    wished = "2999-01-01T00:00:00.000Z"
    late = await office.harness.order(plan_of("1/a"), category="retail", requestedCompletionDate=wished)
    past = await office.harness.order(plan_of("1/a"), category="wholesale")
    await office.harness.until(past, "completed")

    async def waits() -> bool:
        return "delay" in await office.harness.get("serviceOrder", late)

    await office.harness.until_true(waits)
    stored = await office.harness.get("serviceOrder", late)
    assert stored["due"].year == 9999
    (alert,) = stored["body"]["jeopardyAlert"]
    assert "Christmas freeze" in alert["message"]
    assert "ServiceOrderJeopardyEvent" in [owed["type"] for owed in stored["outbox"]]
    found = explain(Evidence(stored, office.harness.clock.now()))
    assert [wait.kind for wait in found.waits] == ["schedule"]
    assert "not to begin before 9999" in found.summary
    await office.harness.cancel(late)
    await office.harness.until(late, "cancelled")


async def test_an_order_is_on_hold_until_the_policy_service_is_back(office: Office) -> None:
    office.server.status = 500
    await office.publish(whenDown={"hold": True, "reason": "Credit cannot be checked."})
    office.harness.start()
    order = await office.harness.order(plan_of("1/a"))

    async def is_on_hold() -> bool:
        found = await office.harness.get("serviceOrder", order)
        return found.get("delay", {}).get("kind") == "policy" and "lease" not in found

    await office.harness.until_true(is_on_hold)
    (held,) = await office.decided(order)
    assert (held["state"], held["problem"]) == ("heldByDefault", "The policy service answered 500.")
    office.server.status = 200
    due = {"due": office.harness.clock.now()}
    await office.harness.store.collection("serviceOrder").update_one({"_id": order}, {"$set": due})
    await office.harness.until(order, "completed")
    (decided,) = await office.decided(order)
    assert (decided["state"], "problem" in decided) == ("allowed", False)
    assert [owed["type"] for owed in decided["outbox"]] == ["PolicyDecisionFallbackEvent"]


async def test_what_was_decided_about_an_order_counts_no_more_when_it_was_amended(office: Office) -> None:
    await office.publish_body(table_policy(LARGE, decisionPoint="approve"))
    order = await office.harness.order(plan_of("1/a", "2/b"))
    stored = await office.harness.get("serviceOrder", order)
    with pytest.raises(Delayed):
        await office.deciding.admit(stored)
    with pytest.raises(Delayed):
        await office.deciding.admit({**stored, "fence": 2, "amended": 1})
    flows = await office.harness.store.collection("taskFlow").find({"order": order}).sort("approval.round").to_list()
    assert [one["body"]["state"] for one in flows] == ["cancelled", "new"]


async def test_a_quota_counts_the_open_orders_of_a_party_that_were_placed_before(office: Office) -> None:
    """Three at once, and it does not matter who of them is decided first."""
    await office.publish_body(table_policy(QUOTA, needs=["openOrders"]))
    for party in ("acme", "acme", "acme", "zenith"):
        await office.harness.order(plan_of("1/a"), relatedParty=[{"id": party}])
    found = office.harness.store.collection("serviceOrder").find({}).sort({"created": 1, "_id": 1})
    *acme, last = [one for one in await found.to_list() if one["body"]["relatedParty"] == [{"id": "acme"}]]
    with pytest.raises(InvalidRequest, match="You have 2 open orders"):
        await office.deciding.admit(last)
    for one in acme:
        await office.deciding.admit(one)
    decided = office.harness.store.collection("policyDecision").find({})
    assert sorted(one["input"]["openOrders"] for one in await decided.to_list()) == [0, 1, 2]


async def test_a_policy_gives_values_that_the_customer_did_not_or_refuses_the_item_once(office: Office) -> None:
    variant = model(given("service") + decision("d", table("", "service.characteristic.site", [
        ('"rural"', '{characteristic: {access: "radio", speed: 50}}'),
        ('"island"', '{allow: false, reason: "No cable goes there."}'),
        ("null", "true"),
    ]), "service")).decode()  # fmt: skip
    await office.publish_body(table_policy(variant, decisionPoint="decompose"))
    decomposing = office.decomposing()

    def order(key: str, *sites: str, **given: Any) -> Document:
        values = [
            [{"name": "site", "value": site}, *({"name": n, "value": v} for n, v in given.items())] for site in sites
        ]
        items = [{"id": site, "action": "add", "service": {"serviceCharacteristic": value}}
                 for site, value in zip(sites, values, strict=True)]  # fmt: skip
        top = {"id": "1", "action": "add", "service": {}, "serviceOrderItem": items}
        return {"_id": key, "tenant": "default", "body": {"serviceOrderItem": [top]}}

    rural = order("o1", "rural", speed=10)
    planned = await decomposing.prepare(rural)
    (inner,) = planned["body"]["serviceOrderItem"][0]["serviceOrderItem"]
    assert inner["service"]["serviceCharacteristic"] == [
        {"name": "site", "value": "rural"}, {"name": "speed", "value": 10}, {"name": "access", "value": "radio"},
    ]  # fmt: skip
    assert len(rural["body"]["serviceOrderItem"][0]["serviceOrderItem"][0]["service"]["serviceCharacteristic"]) == 2
    assert {(one["item"], one["state"]) for one in await office.decided("o1")} == {
        ("1", "allowed"),
        ("1/rural", "allowed"),
    }
    with pytest.raises(InvalidRequest, match="No cable goes there") as refused:
        await decomposing.prepare(order("o2", "rural", "island"))
    assert [one.pointer for one in refused.value.violations] == ["/serviceOrderItem/0/serviceOrderItem/1"]
    office.counted.clear()
    assert await decomposing.prepare(rural) == planned  # taken over by another process, after the policy is gone
    assert not office.counted


async def test_a_policy_chooses_the_recipe_of_an_item_also_by_the_service_that_goes(office: Office) -> None:
    medium = "if current = null then service.characteristic.medium else current.characteristic.medium"
    told = given("service") + given("current") + given("recipes")
    by_medium = model(told + decision("d", table('hitPolicy="FIRST"', medium, [
        ('"glass"', '{recipe: {name: "fibre", versions: "^1.0.0"}}'),
        ('"metal"', '"copper"'),
        ("-", "true"),
    ]), "service", "current", "recipes")).decode()  # fmt: skip
    store, clock = office.harness.store, office.harness.clock
    versions = RecipeVersions(store, clock)
    bound = [
        ("fibre", "1.0.0", "add"),
        ("copper", "1.0.0", "add"),
        ("away", "1.0.0", "delete"),
        ("copper", "2.0.0", "delete"),
    ]
    for name, version, action in bound:
        binding = {"specification": "access", "action": action, "byPolicy": True}
        made = await versions.create(ANONYMOUS, recipe(name=name, version=version, binding=[binding]))
        for state in ("inReview", "published"):
            await versions.step(ANONYMOUS, made["_id"], state, None, lambda _: None)
    reference = {"id": "access", "name": "access"}
    value = [{"name": "medium", "value": "metal"}]
    built = {"id": "s", "serviceSpecification": reference, "serviceCharacteristic": value}
    for collection, body in (("serviceSpecification", {**reference, "version": "1"}), ("service", built)):
        document = {"_id": body["id"], "tenant": "default", "rev": 1, "seq": 1, "created": clock.now(), "body": body}
        await store.collection(collection).insert_one(document)
    await office.publish_body(
        table_policy(by_medium, decisionPoint="decompose", appliesTo={"specification": ["access"]})
    )

    def item(key: str, medium: str) -> Document:
        given_values = [{"name": "medium", "value": medium}]
        service = {"serviceSpecification": reference, "serviceCharacteristic": given_values}
        return {"id": key, "action": "add", "service": service}

    gone = {"id": "4", "action": "delete", "service": {"id": "s"}}
    items = [item("1", "glass"), item("2", "metal"), item("3", "air")]
    prepare = office.decomposing().prepare
    chosen = (await prepare({"_id": "o1", "tenant": "default", "body": {"serviceOrderItem": items}}))["chosen"]
    # That the service which goes is an access line too, the inventory knows alone.
    chosen |= (await prepare({"_id": "o2", "tenant": "default", "body": {"serviceOrderItem": [gone]}}))["chosen"]
    assert chosen == {
        "1": (RecipeWish("size:1.0.0", "fibre", "^1.0.0"),),
        "2": (RecipeWish("size:1.0.0", "copper"),),
        "4": (RecipeWish("size:1.0.0", "copper"),),
    }
    decided = {one["item"]: one for order in ("o1", "o2") for one in await office.decided(order)}
    assert decided["1"]["result"]["recipe"] == [{"name": "fibre", "versions": "^1.0.0"}]
    assert set(decided["1"]["input"]["recipes"]) == {"copper", "fibre"}
    assert set(decided["4"]["input"]["recipes"]) == {"away", "copper"}


async def test_an_item_that_nobody_can_decide_about_waits_and_others_go_on(office: Office) -> None:
    down = {"hold": True, "reason": "The planners are out."}
    await office.publish(
        decisionPoint="decompose", url="http://127.0.0.1:9", whenDown=down, appliesTo={"category": ["x"]}
    )
    office.harness.prepare = office.decomposing().prepare
    office.harness.start()
    held = await office.harness.order(plan_of("1/a"), category="x")
    other = await office.harness.order(plan_of("1/a"))
    await office.harness.until(other, "completed")

    async def waits() -> bool:
        return "delay" in await office.harness.get("serviceOrder", held)

    await office.harness.until_true(waits)
    stored = await office.harness.get("serviceOrder", held)
    assert (stored["delay"]["kind"], stored["delay"]["policies"]) == ("policy", ["size:1.0.0"])
    (decided,) = await office.decided(held)
    assert (decided["state"], decided["point"], decided["item"]) == ("heldByDefault", "decompose", "1")


async def test_a_policy_service_gets_a_secret_that_is_shown_to_nobody_even_if_it_repeats_it(office: Office) -> None:
    office.server.rego = 'package som\nimport rego.v1\naccept := {"allow": false, "reason": "You sent s3cret-token."}'
    await office.publish(secret="opaToken")
    order: Document = {"_id": "o", "tenant": "default", "body": {"serviceOrderItem": [{"id": "1"}]}}
    with pytest.raises(InvalidRequest, match="Nobody can say"):  # and the service was not asked
        await office.deciding.admit(order)
    (missing,) = await office.decided("o")
    assert (missing["state"], "no secret 'opaToken'" in missing["problem"]) == ("deniedByDefault", True)
    assert office.server.inputs == []
    secrets = Secrets(office.harness.store, office.harness.clock, SEALER)
    await secrets.create(ANONYMOUS, {"name": "opaToken", "value": "s3cret-token"})
    with pytest.raises(InvalidRequest, match=r"You sent \[hidden\]"):
        await office.deciding.admit({**order, "_id": "another"})
    assert office.server.authorizations == ["Bearer s3cret-token"]
    assert "s3cret-token" not in str(await office.decided("another"))
