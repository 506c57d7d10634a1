"""Policies over HTTP: their life, trying them, and their decisions."""

from typing import Any

import pytest

from tests.contract.client import ContractClient
from tests.contract.samples import POLICIES, SOM, order, policy


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
    ],
)
async def test_what_cannot_be_asked_is_refused_at_once(client: ContractClient, wrong: dict[str, Any]) -> None:
    answer = await client.post(POLICIES, json=policy(**wrong))
    assert answer.status_code == 400
    assert (await client.get(POLICIES)).json() == []
