"""Clients and the engine at work on the same order or service: neither overwrites what the other has begun."""

from datetime import timedelta
from typing import Any

import pytest

from handlers.dependencies import Dependencies
from models.store import Store
from tests.contract.client import ContractClient
from tests.contract.plans import store_plan
from tests.contract.samples import RESOURCES, SOM, item, order, place, publish, record, resource, set_state


@pytest.fixture(autouse=True)
async def _published(client: ContractClient) -> None:
    await publish(client)


def _before_the_next_write(store: Store, monkeypatch: pytest.MonkeyPatch, collection: str, change: Any) -> None:
    """Let somebody else change the document right before the next write of a client's request."""
    update = store.update

    async def late(name: str, guard: dict[str, Any], wanted: dict[str, Any]) -> bool:
        monkeypatch.undo()
        await store.collection(collection).update_one({"_id": guard["_id"]}, change)
        return await update(name, guard, wanted)

    monkeypatch.setattr(store, "update", late)


async def test_an_order_is_not_changed_under_the_hands_of_whoever_plans_it(
    client: ContractClient, store: Store, dependencies: Dependencies, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = await place(client)
    lease = {"by": "n/1", "until": dependencies.clock.now() + timedelta(seconds=15)}
    _before_the_next_write(store, monkeypatch, "serviceOrder", {"$set": {"lease": lease}})
    answer = await client.patch(placed["href"], json={"serviceOrderItem": [item("2")]})
    assert answer.status_code == 409
    assert "planned at this moment" in answer.json()["message"]
    assert (await client.patch(placed["href"], json={"description": "any time"})).status_code == 200


async def test_after_a_crashed_intake_an_order_can_be_changed_unless_its_plan_is_there(
    client: ContractClient, store: Store, dependencies: Dependencies
) -> None:
    placed = await place(client)
    lease = {"by": "n/1", "until": dependencies.clock.now() - timedelta(seconds=1)}
    await store.update("serviceOrder", {"_id": placed["id"]}, {"$set": {"lease": lease}})
    await store.insert("planDefinition", {"_id": placed["id"], "tenant": "default", "items": [], "tasks": []})
    answer = await client.patch(placed["href"], json={"serviceOrderItem": [item("2")]})
    assert answer.status_code == 200, answer.text
    assert await store.get("planDefinition", placed["id"]) is None, "what was planned before is not what is ordered"
    await store_plan(store, placed["id"])
    assert (await client.patch(placed["href"], json={"serviceOrderItem": [item("3")]})).status_code == 409


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_a_service_is_not_changed_once_an_order_item_has_taken_it(
    client: ContractClient, store: Store, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    recorded = await record(client)
    owner = {"order": "o-1", "item": "1", "plan": "o-1"}
    _before_the_next_write(store, monkeypatch, "service", {"$set": {"owner": owner}})
    options: dict[str, Any] = {"json": {"name": "other"}} if method == "PATCH" else {}
    answer = await client.request(method, recorded["href"], **options)
    assert answer.status_code == 409
    assert "o-1" in answer.json()["message"]


async def test_a_resource_is_not_changed_once_an_order_has_reserved_it(
    client: ContractClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = (await client.post(RESOURCES, json=resource())).json()
    reserved = {"$set": {"holder": {"service": "s-1", "order": "o-1"}}, "$inc": {"rev": 1}}
    _before_the_next_write(store, monkeypatch, "resource", reserved)
    answer = await client.patch(made["href"], json={"resourceStatus": "suspended"})
    assert answer.status_code == 409
    assert "order o-1" in answer.json()["message"]


async def test_a_cancellation_that_is_stuck_is_taken_up_by_a_patch_of_the_order(
    client: ContractClient, store: Store
) -> None:
    placed = await place(client, order(item("1"), item("2")))
    states = {"0": "completed", "1": "inProgress"}
    await set_state(store, placed["id"], "pendingCancellation", states, plan=placed["id"])
    assert (await client.patch(placed["href"], json={"state": "inProgress"})).status_code == 409
    why = [
        {"code": "refused", "reason": "The fulfiller refused", "message": "in use", "@type": "ServiceOrderErrorMessage"}
    ]
    await store.update("serviceOrder", {"_id": placed["id"]}, {"$set": {"body.errorMessage": why}})
    await store.insert("plan", {"_id": placed["id"], "tenant": "default", "state": "cancelling", "inbox": []})
    answer = await client.patch(placed["href"], json={"state": "inProgress"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "pendingCancellation"
    plan = await store.get("plan", placed["id"])
    assert plan is not None
    assert [(entry["kind"], entry["item"]) for entry in plan["inbox"]] == [("resume", None)]


async def test_a_plan_shows_what_its_items_wait_for(client: ContractClient, store: Store) -> None:
    placed = await place(client)
    await store_plan(store, placed["id"])
    wait = {"item": "1", "service": "s-1", "order": "o-7", "orderItem": "2"}
    await store.update("plan", {"_id": placed["id"]}, {"$set": {"waits": [wait]}})
    shown = (await client.get(f"{SOM}/plan/{placed['id']}")).json()["item"][0]
    assert shown["waits"][0] == {
        "service": "s-1",
        "order": "o-7",
        "href": placed["href"].replace(placed["id"], "o-7"),
        "orderItem": "2",
    }
