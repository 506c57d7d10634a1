"""Fallout over the administration API: lists, groups, who looks after it, and why an order is where it is."""

from datetime import timedelta
from typing import Any

from models.store import Store
from tests.contract.client import ContractClient
from tests.contract.plans import KEYS, NOW, store_plan
from tests.contract.samples import FULFILLERS, POLICIES, SOM, fulfiller, place, policy, publish, set_state

FALLOUT = f"{SOM}/fallout"


async def hold(store: Store, order: str, *, minutes: int = 0, **fallout: Any) -> str:
    """A held task of an order, as the engine leaves one."""
    key = f"{order}:{KEYS[0]}"
    facts = {
        "count": 1,
        "cause": "c0ffee",
        "code": "unreachable",
        "reason": "no usable answer after # attempts",
        "specification": "vpn-1",
        "specificationName": "vpn",
        "fulfiller": "north",
        "attempts": 3,
        "optional": False,
        "since": NOW + timedelta(minutes=minutes),
        **fallout,
    }
    error = {"code": facts["code"], "reason": "why", "message": "nobody there", "at": "2026-11-22T10:00:00.000Z"}
    task = {
        "tenant": "default",
        "created": NOW,
        "updated": NOW,
        "plan": order,
        "order": order,
        "item": "1",
        "service": "s-1",
        "key": KEYS[0],
        "name": "reserve",
        "action": "add",
        "operation": "fulfil",
        "state": "held",
        "fence": 1,
        "attempts": [{"at": NOW, "fulfiller": "north", "outcome": "unreachable", "ms": 5, "reason": "timeout"}],
        "error": error,
        "fallout": facts,
    }
    await store.insert("task", {"_id": key, **task})
    return key


async def test_fallout_is_listed_by_age_and_filtered(client: ContractClient, store: Store) -> None:
    first = await hold(store, "o1", minutes=1)
    second = await hold(store, "o2", code="refused", fulfiller="south", cause="beef")
    listed = await client.get(FALLOUT)
    assert [one["id"] for one in listed.json()] == [second, first]
    assert listed.json()[1]["attempt"][0]["detail"] == "timeout"
    for query, expected in (
        ("code=refused", [second]),
        ("fulfiller=north", [first]),
        ("specification=vpn", [second, first]),
        ("specification=vpn-1&cause=beef", [second]),
        ("order=o1", [first]),
        ("queue=fallout", [second, first]),
        ("queue=other", []),
        ("assignee=ana", []),
        ("since=2026-11-22T10:00:30Z", [first]),
    ):
        assert [one["id"] for one in (await client.get(f"{FALLOUT}?{query}")).json()] == expected, query


async def test_fallout_is_grouped_by_cause(client: ContractClient, store: Store) -> None:
    for number in range(3):
        await hold(store, f"o{number}", minutes=number)
    await hold(store, "o9", cause="beef", code="refused")
    large, small = (await client.get(f"{SOM}/falloutGroup")).json()
    assert (large["id"], large["count"], large["orderCount"]) == ("c0ffee", 3, 3)
    assert (large["oldest"], large["newest"]) == ("2026-11-22T10:00:00.000Z", "2026-11-22T10:02:00.000Z")
    assert large["example"]["id"] == f"o0:{KEYS[0]}"
    assert small["actions"][0] == "retry"
    assert [one["id"] for one in (await client.get(f"{SOM}/falloutGroup?code=refused")).json()] == ["beef"]
    assert len((await client.get(large["href"])).json()) == 3


async def test_people_say_who_looks_after_it(client: ContractClient, store: Store) -> None:
    address = f"{FALLOUT}/{await hold(store, 'o1')}"
    body = {"queue": "access", "assignee": "ana", "comment": "calling north", "who": "bo"}
    changed = (await client.patch(address, json=body)).json()
    assert (changed["queue"], changed["assignee"]) == ("access", "ana")
    assert changed["comment"][0]["text"] == "calling north"
    assert changed["comment"][0]["who"] == "bo"
    assert len((await client.get(f"{FALLOUT}?queue=access&assignee=ana")).json()) == 1
    freed = (await client.patch(address, json={"assignee": None})).json()
    assert (freed["assignee"], freed["queue"], len(freed["comment"])) == (None, "access", 2)
    assert (await client.patch(address, json={})).status_code == 400
    await store.update("task", {"_id": address.rsplit("/", 1)[-1]}, {"$set": {"state": "done"}})
    assert (await client.patch(address, json={"comment": "too late"})).status_code == 409
    assert (await client.get(address)).json()["state"] == "done"


async def test_a_task_that_was_never_held_is_no_fallout(client: ContractClient, store: Store) -> None:
    await store_plan(store, "o1")
    assert (await client.get(f"{FALLOUT}/o1:{KEYS[0]}")).status_code == 404


async def test_an_order_is_explained(client: ContractClient, store: Store) -> None:
    await publish(client)
    body = await place(client)
    address = f"{SOM}/order/{body['id']}/explanation"
    waiting = (await client.get(address)).json()
    assert [wait["kind"] for wait in waiting["wait"]] == ["planning"]
    await store_plan(store, body["id"])
    await store.update("serviceOrder", {"_id": body["id"]}, {"$set": {"body.state": "inProgress"}})
    explained = (await client.get(address)).json()
    (wait,) = explained["wait"]
    assert (wait["kind"], wait["by"], wait["party"]["id"]) == ("report", "fulfiller", "north")
    assert wait["until"] == "2026-11-22T10:00:00.000Z"
    assert explained["item"] == [
        {"path": "1", "state": "acknowledged", "needs": [], "tasks": 2, "ended": 0, "behind": 1}
    ]


async def test_what_another_system_has_lost_is_explained_even_when_the_order_has_ended(
    client: ContractClient, store: Store
) -> None:
    await publish(client)
    key = (await place(client))["id"]
    await store_plan(store, key)
    definition = await store.get("planDefinition", key)
    assert definition is not None
    service = definition["services"][0]["id"]
    await set_state(store, key, "completed", {"0": "completed"})
    lost = {"service": service, "task": "prefix", "problem": "north has no reservation 7 any more.", "lost": NOW}
    reservation = {"_id": "north:7", "tenant": "default", "fulfiller": "north", "reservation": "7", **lost}
    await store.insert("foreignReservation", reservation)
    explained = (await client.get(f"{SOM}/order/{key}/explanation")).json()
    (told,) = explained["lostReservation"]
    assert (told["id"], told["fulfiller"]["id"], told["service"]["id"]) == ("7", "north", service)
    assert told["message"] == lost["problem"]


async def test_an_intervention_is_checked_before_it_is_passed_on(client: ContractClient, store: Store) -> None:
    await store_plan(store, "o1")
    await store.collection("task").delete_many({})
    key = await hold(store, "o1")
    address = f"{FALLOUT}/{key}/intervention"
    for body, status in (
        ({"do": "dance"}, 400),
        ({"do": "edit"}, 400),
        ({"do": "retry", "input": 1}, 400),
        ({"do": "skip"}, 400),
        ({"do": "skip", "why": "because"}, 409),
        ({"do": "complete", "why": "by hand", "serviceCharacteristic": [{"name": 1, "value": 1}]}, 400),
        ({"do": "reassign", "fulfiller": "nobody"}, 400),
        ({"do": "retry", "force": True}, 400),
    ):
        assert (await client.post(address, json=body)).status_code == status, body
    answer = await client.post(address, json={"do": "retry", "why": "north is back", "who": "ana"})
    assert answer.status_code == 202, answer.text
    assert answer.json()["fallout"]["pending"]["who"] == "ana"
    plan = await store.get("plan", "o1")
    assert plan is not None
    (entry,) = plan["inbox"]
    assert (entry["kind"], entry["do"], entry["task"], entry["hold"]) == ("intervene", "retry", KEYS[0], 1)
    assert (await client.post(address, json={"do": "retry"})).status_code == 409


async def test_only_a_fulfiller_that_can_do_it_gets_the_work_unless_somebody_insists(
    client: ContractClient, store: Store
) -> None:
    await store_plan(store, "o1")
    await store.collection("task").delete_many({})
    address = f"{FALLOUT}/{await hold(store, 'o1')}/intervention"
    other = fulfiller("other", capability=[{"specification": "tv", "action": "add"}])
    assert (await client.post(FULFILLERS, json=other)).status_code == 201
    body = {"do": "reassign", "fulfiller": "other"}
    refused = await client.post(address, json=body)
    assert refused.status_code == 409
    assert "cannot do" in refused.json()["message"]
    forced = await client.post(address, json={**body, "force": True, "why": "it can, it is new"})
    assert forced.status_code == 202, forced.text


async def test_an_edit_is_checked_against_the_specification(client: ContractClient, store: Store) -> None:
    await publish(client, specCharacteristic=[{"name": "vlan", "valueType": "integer"}])
    await store_plan(store, "o1")
    await store.collection("task").delete_many({})
    address = f"{FALLOUT}/{await hold(store, 'o1')}/intervention"
    wrong = await client.post(address, json={"do": "edit", "characteristic": [{"name": "vlan", "value": "many"}]})
    assert wrong.status_code == 400
    assert "/characteristic" in wrong.json()["message"]
    right = await client.post(address, json={"do": "edit", "characteristic": [{"name": "vlan", "value": 7}]})
    assert right.status_code == 202, right.text


RULES = f"{SOM}/falloutRule"


async def test_a_rule_has_a_version_that_rises_with_each_change(client: ContractClient) -> None:
    body = {"id": "later", "name": "later", "match": {"code": "unreachable"}, "then": {"do": "retry", "delays": [60]}}
    made = await client.post(RULES, json=body)
    assert made.status_code == 201, made.text
    assert (made.json()["version"], made.json()["enabled"], made.json()["position"]) == (1, True, 100)
    changed = await client.patch(made.json()["href"], json={"position": 5, "description": "first of all"})
    assert (changed.json()["version"], changed.json()["position"]) == (2, 5)
    same = await client.patch(made.json()["href"], json={"position": 5})
    assert same.json()["version"] == 2
    back = await client.patch(made.json()["href"], json={"position": None})
    assert back.json()["position"] == 100
    assert [one["id"] for one in (await client.get(RULES)).json()] == ["later"]
    wrong = await client.patch(made.json()["href"], json={"then": {"do": "hold"}})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "required")
    assert (await client.delete(made.json()["href"])).status_code == 204
    assert (await client.get(made.json()["href"])).status_code == 404


async def test_rules_are_tried_on_the_fallout_of_the_past(client: ContractClient, store: Store) -> None:
    error = {"message": "reserve: nobody there"}
    past = {"1": {"at": NOW, "code": "unreachable", "count": 1, "attempts": 3, "fulfiller": "north", "error": error}}
    for number in range(3):
        key = await hold(store, f"o{number}")
        await store.update("task", {"_id": key}, {"$set": {"holds": past}})
    rule = {"name": "later", "match": {"reason": "^nobody"}, "then": {"do": "retry", "delays": [60]}}
    body = {"since": "2026-11-22T00:00:00Z", "rule": [rule]}
    found = (await client.post(f"{SOM}/falloutRuleDryRun", json=body)).json()
    assert (found["holds"], found["tasks"], found["leftToPeople"]) == (3, 3, 0)
    assert [(one["do"], one["count"]) for one in found["rule"]] == [("retry", 3)]
    assert {one["delay"] for one in found["hold"]} == {60}
    triage = (await client.post(POLICIES, json=policy("triage", decisionPoint="fallout"))).json()["href"]
    assert (await client.post(f"{triage}/publish", json={})).status_code == 200
    said = {"tenant": "default", "order": "o0", "point": "fallout", "task": f"o0:{KEYS[0]}", "input": {"count": 1}}
    for name, version in (("triage", "1.0.0"), ("gone", "1.0.0")):
        decision = {"_id": name, "policy": f"{name}:{version}", "result": {"allow": True, "do": "hold"}, **said}
        await store.insert("policyDecision", decision)
    with_policy = (await client.post(f"{SOM}/falloutRuleDryRun", json=body)).json()
    assert sorted(one["policy"] or one["do"] for one in with_policy["hold"]) == ["retry", "retry", "triage:1.0.0"]
    assert (await client.post(f"{triage}/retire", json={})).status_code == 200
    none = (await client.post(f"{SOM}/falloutRuleDryRun", json={"since": "2026-11-22T00:00:00Z"})).json()
    assert (none["leftToPeople"], none["rule"]) == (3, [])
    assert (await client.get(f"{FALLOUT}/o0:{KEYS[0]}")).json()["state"] == "held"
