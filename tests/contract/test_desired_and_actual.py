"""Both sides of a service over TMF638: shown, read-only, searched, told of."""

from typing import Any

import pytest

from models.domain.desired import link_of, ordered
from models.domain.events import event_document
from models.store import Store
from tests.contract.client import ContractClient
from tests.contract.samples import SERVICES, publish, record, service

SPEED = [{"name": "speed", "value": 100}]


@pytest.fixture(autouse=True)
async def _catalogue(client: ContractClient) -> None:
    await publish(client)


async def made_by_an_order(client: ContractClient, store: Store, **attributes: Any) -> Any:
    """A service as an order leaves it."""
    found = await record(client, serviceCharacteristic=SPEED, **attributes)
    body = (await store.get("service", found["id"]) or {})["body"]
    sides = {"desired": ordered(body, "active", link_of("o1", "1", "add"), "2026-01-01T00:00:00.000Z")}
    await store.update("service", {"_id": found["id"]}, {"$set": sides})
    return found


async def test_what_is_recorded_is_actual_and_nobodys_wish(client: ContractClient) -> None:
    found = (await client.get((await record(client, serviceCharacteristic=SPEED))["href"])).json()
    [value] = found["actual"]["serviceCharacteristic"]
    assert (value["name"], value["value"], value["source"], value["by"]) == ("speed", 100, "recorded", "anonymous")
    assert "desired" not in found
    assert found["hasDrift"] is False


async def test_a_clients_change_is_drift_of_what_was_ordered_and_owes_its_event(
    client: ContractClient, store: Store
) -> None:
    made = await made_by_an_order(client, store)
    answer = await client.patch(made["href"], json={"serviceCharacteristic": [{"name": "speed", "value": 50}]})
    changed = answer.json()
    assert (answer.status_code, changed["hasDrift"]) == (200, True)
    assert changed == (await client.get(made["href"])).json()
    assert changed["desired"]["serviceCharacteristic"] == SPEED
    [entry] = changed["drift"]["difference"]
    assert (entry["name"], entry["desired"], entry["actual"], entry["by"]) == ("speed", 100, 50, "anonymous")
    back = (await client.patch(made["href"], json={"serviceCharacteristic": SPEED})).json()
    assert back["hasDrift"] is False
    assert "drift" not in back
    stored = await store.get("service", made["id"]) or {}
    assert [stub["type"] for stub in stored["outbox"]] == [
        "ServiceCreateEvent",
        "ServiceAttributeValueChangeEvent",
        "ServiceDriftDetectedEvent",
        "ServiceAttributeValueChangeEvent",
        "ServiceDriftResolvedEvent",
    ]
    detected = event_document("service", stored, stored["outbox"][2])
    assert detected["after"]["difference"] == [entry]
    assert detected["body"]["desired"]["serviceCharacteristic"] == SPEED


@pytest.mark.parametrize("name", ["desired", "actual", "hasDrift", "drift"])
async def test_the_sides_are_the_servers(client: ContractClient, store: Store, name: str) -> None:
    value = True if name == "hasDrift" else {"state": "inactive"}
    answer = await client.post(SERVICES, json=service(**{name: value}))
    assert (answer.status_code, answer.json()["code"]) == (400, "serverSetAttribute")
    made = await made_by_an_order(client, store)
    answer = await client.patch(made["href"], json={name: value})
    assert (answer.status_code, answer.json()["code"]) == (400, "serverSetAttribute")


async def test_a_client_may_send_back_all_that_it_has_read_with_its_change(
    client: ContractClient, store: Store
) -> None:
    made = await made_by_an_order(client, store)
    whole = (await client.get(made["href"])).json()
    answer = await client.patch(made["href"], json={**whole, "description": "mine"})
    assert (answer.status_code, answer.json()["description"]) == (200, "mine")
    stored = await store.get("service", made["id"]) or {}
    assert {"desired", "actual", "hasDrift", "drift"}.isdisjoint(stored["body"])


async def test_the_sides_are_left_out_chosen_and_searched_like_any_attribute(
    client: ContractClient, store: Store
) -> None:
    drifting = await made_by_an_order(client, store, name="drifting")
    await client.patch(drifting["href"], json={"state": "inactive"})
    await made_by_an_order(client, store, name="true")

    async def names(query: str) -> list[str]:
        answer = await client.get(f"{SERVICES}?{query}")
        assert answer.status_code == 200, answer.text
        return [found["name"] for found in answer.json()]

    assert await names("hasDrift=true") == ["drifting"]
    assert await names("hasDrift=false") == ["true"]
    assert await names("drift.difference.attribute=state") == ["drifting"]
    assert await names("drift.since.gt=2026-01-01T00:00:00Z") == ["drifting"]
    assert await names("desired.serviceOrderItem.serviceOrderId=o1&sort=name") == ["drifting", "true"]
    assert await names("actual.serviceCharacteristic.source=reported") == []
    [plain] = (await client.get(f"{SERVICES}?hasDrift=true&fields=name")).json()
    assert set(plain) == {"id", "href", "@type", "name"}
    [chosen] = (await client.get(f"{SERVICES}?hasDrift=true&fields=desired.state,hasDrift")).json()
    assert (chosen["desired"], chosen["hasDrift"]) == ({"state": "active"}, True)
