"""Notifications that the hubs of fulfillers send us."""

from typing import Any

import pytest

from handlers.dependencies import Dependencies
from models.store import Store
from tests.contract.client import ContractClient
from tests.contract.plans import KEYS, store_plan
from tests.contract.samples import FULFILLERS, SOM, fulfiller


@pytest.fixture
def address(dependencies: Dependencies) -> str:
    return f"{SOM}/notification/{dependencies.tokens.issue_for_hub('north')}"


def told(key: str, external: str | None = None) -> dict[str, Any]:
    order = {"id": key, "state": "completed"} | ({"externalId": external} if external else {})
    return {"eventId": "e", "eventType": "ServiceOrderStateChangeEvent", "event": {"serviceOrder": order}}


async def inbox(store: Store) -> list[dict[str, Any]]:
    plan = await store.get("plan", "o-1")
    assert plan is not None
    return [{name: entry[name] for name in entry if name not in ("id", "at")} for entry in plan["inbox"]]


LOOKUP = {"kind": "lookup", "task": KEYS[0], "operation": "fulfil", "revision": 0}


async def test_the_accepted_task_that_an_event_tells_of_is_looked_up(
    client: ContractClient, store: Store, address: str
) -> None:
    await store_plan(store, "o-1")
    await store.collection("task").update_one({"plan": "o-1"}, {"$set": {"accepted": {"reference": "theirs"}}})
    for body in (told("theirs"), [told("other"), told("theirs")]):
        assert (await client.post(address, json=body)).status_code == 204
    assert await inbox(store) == [LOOKUP, LOOKUP]


async def test_an_event_that_comes_before_the_acceptance_is_known_by_our_key(
    client: ContractClient, store: Store, address: str
) -> None:
    await store_plan(store, "o-1")
    assert (await client.post(address, json=told("theirs", f"o-1:{KEYS[0]}:fulfil:0"))).status_code == 204
    assert await inbox(store) == [LOOKUP]


async def test_what_belongs_to_nobody_or_to_another_fulfiller_changes_nothing(
    client: ContractClient, store: Store, dependencies: Dependencies, address: str
) -> None:
    await store_plan(store, "o-1")
    await store.collection("task").update_one({"plan": "o-1"}, {"$set": {"accepted": {"reference": "theirs"}}})
    for key in ("north", "south"):
        assert (await client.post(FULFILLERS, json=fulfiller(key))).status_code == 201
    south = f"{SOM}/notification/{dependencies.tokens.issue_for_hub('south')}"
    assert (await client.post(south, json=told("theirs", f"o-1:{KEYS[0]}:fulfil:0"))).status_code == 204
    harmless: list[Any] = [told("strange"), {}, {"event": {}}, []]
    for body in harmless:
        assert (await client.post(address, json=body)).status_code == 204
    assert await inbox(store) == []


async def test_a_hub_of_a_withdrawn_fulfiller_is_told_to_stop(client: ContractClient, address: str) -> None:
    assert (await client.post(address, json=told("x"))).status_code == 410


async def test_an_unknown_token_is_not_found(client: ContractClient, dependencies: Dependencies) -> None:
    await client.post(FULFILLERS, json=fulfiller())
    for token in ("nothing", dependencies.tokens.issue_for_hub("north")[:-2]):
        assert (await client.post(f"{SOM}/notification/{token}", json=told("x"))).status_code == 404
