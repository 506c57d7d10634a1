"""Policies over HTTP: their life, trying them, and their decisions."""

from pathlib import Path
from typing import Any

import pytest

from models.store import Store
from tests.contract.client import ContractClient
from tests.contract.samples import (
    FULFILLERS,
    POLICIES,
    RECIPES,
    SOM,
    fulfiller,
    item,
    order,
    policy,
    publish,
    recipe,
    specification,
    table_policy,
)
from tests.unit.decision_models import decision, given, model, table

SIZE = (Path(__file__).parents[2] / "examples/policies/size.dmn").read_text("utf-8")


async def test_a_policy_is_tried_published_and_retired_and_never_changes_after(client: ContractClient) -> None:
    key = (await client.post(POLICIES, json=policy(appliesTo={"category": ["gold"]}))).json()["id"]
    tried = (await client.post(f"{POLICIES}/{key}/try", json={"order": order()})).json()
    assert (tried["outcome"], tried["applies"]) == ("deniedByDefault", False)
    assert (tried["problem"], tried["result"]["reason"]) == (
        "The policy service cannot be reached.",
        "Nobody can say.",
    )
    for step, state in (("publish", "published"), ("retire", "retired")):
        moved = await client.post(f"{POLICIES}/{key}/{step}", json={"why": "CR 7"})
        assert (moved.status_code, moved.json()["state"]) == (200, state)
    assert [(one["state"], one.get("why")) for one in moved.json()["step"]] == [
        ("draft", None),
        ("published", "CR 7"),
        ("retired", "CR 7"),
    ]
    changed = await client.patch(f"{POLICIES}/{key}", json={"path": "som/other"})
    assert (changed.status_code, changed.json()["code"]) == (409, "conflict")
    assert (await client.get(f"{SOM}/policyDecision")).json() == []  # nothing follows from a trial


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "file:///etc/passwd"},
        {"url": "http://user:secret@opa.example"},
        {"path": "../config"},
        {"timeout": 60},
        {"appliesTo": {"recipe": ["check"]}},
        {"certificateAuthority": "none"},
        {"certificateAuthority": "-----BEGIN CERTIFICATE-----\nnö\n-----END CERTIFICATE-----"},
        {"decisionPoint": "later"},
        {"version": "new"},
        {"version": "1.0.x"},
        {"url": None},
        {"dmn": SIZE},
        {"kind": "dmn"},
        {"whenDown": {"reason": "either"}},
        {"whenDown": {"allow": True, "hold": True}},
    ],
)
async def test_what_cannot_be_asked_is_refused_at_once(client: ContractClient, wrong: dict[str, Any]) -> None:
    body = {name: value for name, value in policy(**wrong).items() if value is not None}
    answer = await client.post(POLICIES, json=body)
    assert answer.status_code == 400
    assert (await client.get(POLICIES)).json() == []


async def test_a_decision_table_is_tried_inside_and_published(client: ContractClient) -> None:
    key = (await client.post(POLICIES, json=table_policy(SIZE))).json()["id"]
    large = order(*(item(str(number)) for number in range(3)))
    tried = (await client.post(f"{POLICIES}/{key}/try", json={"order": large})).json()
    assert (tried["outcome"], tried["result"]["reason"]) == ("denied", "3 items are too many.")
    tried = (await client.post(f"{POLICIES}/{key}/try", json={"order": large, "context": {"items": 1}})).json()
    assert (tried["outcome"], tried["result"]) == ("allowed", {"allow": True})
    assert (await client.post(f"{POLICIES}/{key}/publish", json={})).status_code == 200
    assert (await client.get(f"{POLICIES}/{key}")).json()["dmn"] == SIZE
    (listed,) = (await client.get(POLICIES)).json()
    assert "dmn" not in listed


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"dmn": SIZE.replace("&gt; 2", "] 2")}, "decision 'Size of orders', rule 2, input 2 (Items)"),
        ({"dmn": "<definitions/>"}, "cannot be published"),
        ({"decision": "unheard of"}, "no decision 'unheard of'"),
        ({"testCase": [{"name": "one", "context": {"items": 1}, "expect": {"outcome": "denied"}}]}, "test case 'one'"),
    ],
    ids=["cell", "document", "decision", "case"],
)
async def test_a_table_is_published_only_where_it_can_decide(
    client: ContractClient, wrong: dict[str, Any], reason: str
) -> None:
    key = (await client.post(POLICIES, json={**table_policy(SIZE), **wrong})).json()["id"]
    answer = await client.post(f"{POLICIES}/{key}/publish", json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "policyNotPublishable")
    assert reason in answer.json()["message"]


async def test_a_policy_names_its_secret_which_has_to_be_there_when_it_is_published(client: ContractClient) -> None:
    key = (await client.post(POLICIES, json=policy("guarded", secret="opaToken"))).json()["id"]
    refused = await client.post(f"{POLICIES}/{key}/publish", json={})
    assert (refused.status_code, "no secret 'opaToken'" in refused.json()["message"]) == (409, True)
    made = await client.post(f"{SOM}/secret", json={"name": "opaToken", "value": "token-in-clear"})
    assert made.status_code == 201
    published = await client.post(f"{POLICIES}/{key}/publish", json={})
    assert (published.status_code, published.json()["secret"]) == (200, "opaToken")
    table = await client.post(POLICIES, json=table_policy(SIZE, secret="opaToken"))
    assert table.status_code == 400


async def _publish(client: ContractClient, body: dict[str, Any]) -> None:
    key = (await client.post(POLICIES, json=body)).json()["id"]
    assert (await client.post(f"{POLICIES}/{key}/publish", json={})).status_code == 200


async def test_a_preview_asks_policies_as_an_order_would_and_keeps_nothing(
    client: ContractClient, store: Store
) -> None:
    await publish(client)
    for one in (fulfiller(), fulfiller("south")):
        assert (await client.post(FULFILLERS, json=one)).status_code == 201
    await _publish(client, table_policy(SIZE))
    tables = {
        "approve": ("items", '{queue: "sales", reason: "It is dear."}'),
        "select": ("task.name", '{refuse: {fulfiller: "north", reason: "An audit."}}'),
    }
    for point, (column, answers) in tables.items():
        name = column.partition(".")[0]
        dmn = model(given(name) + decision("d", table("", column, [("-", answers)]), name)).decode()
        await _publish(client, table_policy(dmn, point, decisionPoint=point))
    await _publish(client, policy("later", decisionPoint="schedule", whenDown={"hold": True}))
    answer = await client.post(f"{SOM}/planPreview", json=order(item("1")))
    assert answer.status_code == 200, answer.text
    (task,) = answer.json()["task"]
    said: dict[str, Any] = {one["decisionPoint"]: one for one in answer.json()["policyDecision"]}
    assert {point: one["outcome"] for point, one in said.items()} == {
        "accept": "allowed", "approve": "allowed", "schedule": "heldByDefault", "select": "allowed",
    }  # fmt: skip
    assert said["approve"]["result"] == {"allow": True, "queue": "sales", "reason": "It is dear."}
    assert said["schedule"]["problem"] == "The policy service cannot be reached."
    assert (said["select"]["task"], task["fulfiller"]) == (task["key"], "south")
    denied = await client.post(f"{SOM}/planPreview", json=order(*(item(str(number)) for number in range(3))))
    assert (denied.status_code, "3 items are too many. (policy size:1.0.0)" in denied.json()["message"]) == (422, True)
    assert await store.collection("policyDecision").count_documents({}) == 0


async def test_a_preview_shows_what_a_policy_fills_in_and_which_recipe_it_chooses(client: ContractClient) -> None:
    await publish(client)
    for name in ("fibre", "copper"):
        binding = [{"specification": specification()["name"], "action": "add", "byPolicy": True}]
        key = (await client.post(RECIPES, json=recipe(name, binding=binding))).json()["id"]
        for step in ("review", "publish"):
            moved = await client.post(f"{RECIPES}/{key}/{step}", json={})
            assert moved.status_code == 200, moved.text
    choose = '{recipe: {name: item.id, versions: "^1.0.0"}}'
    dmn = model(given("item") + decision("d", table("", "item.id", [("-", choose)]), "item")).decode()
    await _publish(client, table_policy(dmn, "medium", decisionPoint="decompose"))
    plan = (await client.post(f"{SOM}/planPreview", json=order(item("fibre"), item("copper")))).json()
    assert {task["item"]: task["recipe"]["name"] for task in plan["task"]} == {"fibre": "fibre", "copper": "copper"}
    assert {one["item"]: one["result"]["recipe"][0]["name"] for one in plan["policyDecision"]} == {
        "fibre": "fibre",
        "copper": "copper",
    }
    radio = await client.post(f"{SOM}/planPreview", json=order(item("radio")))
    assert radio.status_code == 422
    assert "wants the recipe radio ^1.0.0" in radio.json()["message"]
