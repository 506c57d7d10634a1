"""Policies over HTTP: their life, trying them, and their decisions."""

from pathlib import Path
from typing import Any

import pytest

from tests.contract.client import ContractClient
from tests.contract.samples import POLICIES, SOM, item, order, policy, table_policy

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
