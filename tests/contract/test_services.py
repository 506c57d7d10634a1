"""Recording, changing and removing services directly."""

import pytest

from models.store import Store
from tests.contract.client import BASE_URL, ContractClient
from tests.contract.samples import ORDERS, SERVICES, order, publish, record, service, set_state


@pytest.fixture(autouse=True)
async def _catalogue(client: ContractClient) -> None:
    await publish(client)


async def test_a_recorded_service_is_active_since_now_and_owes_its_event(client: ContractClient, store: Store) -> None:
    answer = await client.post(SERVICES, json=service())
    recorded = answer.json()
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    assert answer.headers["location"] == recorded["href"] == f"{BASE_URL}{SERVICES}/{recorded['id']}"
    assert recorded["@type"] == "Service"
    assert "startDate" in recorded
    stored = await store.get("service", recorded["id"])
    assert stored is not None
    assert [(stub["type"], stub["state"]) for stub in stored["outbox"]] == [("ServiceCreateEvent", "active")]


@pytest.mark.parametrize("name", ["id", "href"])
async def test_the_server_names_services(client: ContractClient, name: str) -> None:
    answer = await client.post(SERVICES, json=service(**{name: "mine"}))
    assert (answer.status_code, answer.json()["code"]) == (400, "serverSetAttribute")


async def test_a_service_does_not_begin_at_its_end(client: ContractClient) -> None:
    answer = await client.post(SERVICES, json=service(state="terminated"))
    assert answer.status_code == 400
    assert "feasibilityChecked" in answer.json()["message"]


async def test_a_service_of_an_unknown_specification_is_refused(client: ContractClient) -> None:
    answer = await client.post(SERVICES, json=service(serviceSpecification={"id": "nonexistent"}))
    assert (answer.status_code, answer.json()["code"]) == (400, "unknownSpecification")


@pytest.mark.parametrize(
    ("path", "event"),
    [
        (["active", "inactive", "active", "inactive", "terminated", "active"], "ServiceStateChangeEvent"),
        (["designed", "reserved", "designed", "inactive"], "ServiceStateChangeEvent"),
        (["feasibilityChecked", "designed", "active", "terminated"], "ServiceStateChangeEvent"),
    ],
)
async def test_a_service_moves_along_its_life_cycle(
    client: ContractClient, store: Store, path: list[str], event: str
) -> None:
    recorded = await record(client, state=path[0])
    for state in path[1:]:
        answer = await client.patch(recorded["href"], json={"state": state})
        assert (answer.status_code, answer.json()["state"]) == (200, state)
    stored = await store.get("service", recorded["id"])
    assert stored is not None
    assert [stub["state"] for stub in stored["outbox"][1:]] == path[1:]
    assert {stub["type"] for stub in stored["outbox"][1:]} == {event}


@pytest.mark.parametrize(
    ("state", "to"), [("active", "designed"), ("designed", "terminated"), ("inactive", "reserved")]
)
async def test_a_move_that_is_not_drawn_is_a_conflict_that_names_what_is(
    client: ContractClient, state: str, to: str
) -> None:
    recorded = await record(client, state=state)
    answer = await client.patch(recorded["href"], json={"state": to})
    assert (answer.status_code, answer.json()["code"]) == (409, "illegalTransition")
    assert "it can go to" in answer.json()["message"]


async def test_the_end_of_a_service_is_dated(client: ContractClient) -> None:
    recorded = await record(client)
    ended = (await client.patch(recorded["href"], json={"state": "terminated"})).json()
    assert "endDate" in ended
    revived = (await client.patch(recorded["href"], json={"state": "active"})).json()
    assert "endDate" not in revived


async def test_a_change_without_the_state_is_an_attribute_value_change(client: ContractClient, store: Store) -> None:
    recorded = await record(client)
    await client.patch(recorded["href"], json={"name": "line 8"})
    stored = await store.get("service", recorded["id"])
    assert stored is not None
    stub = stored["outbox"][-1]
    assert (stub["type"], stub["before"], stub["after"]) == (
        "ServiceAttributeValueChangeEvent",
        {"name": "line 7"},
        {"name": "line 8"},
    )


async def test_a_service_that_an_order_works_on_is_left_alone(client: ContractClient, store: Store) -> None:
    recorded = await record(client)
    owner = {"order": "o-1", "item": "2", "plan": "o-1"}
    await store.collection("service").update_one({"_id": recorded["id"]}, {"$set": {"owner": owner}})
    changed = await client.patch(recorded["href"], json={"name": "other"})
    deleted = await client.delete(recorded["href"])
    assert (changed.status_code, deleted.status_code) == (409, 409)
    assert "o-1" in changed.json()["message"]
    assert (await client.patch(recorded["href"], json={})).status_code == 200


async def test_a_service_that_another_relies_on_is_kept(client: ContractClient) -> None:
    platform = await record(client)
    user = await record(
        client, serviceRelationship=[{"relationshipType": "reliesOn", "service": {"id": platform["id"]}}]
    )
    assert (await client.delete(platform["href"])).status_code == 409
    assert (await client.delete(user["href"])).status_code == 204
    assert (await client.delete(platform["href"])).status_code == 204


async def test_a_service_that_an_open_order_names_is_kept(client: ContractClient, store: Store) -> None:
    recorded = await record(client)
    wish = order({"id": "1", "action": "modify", "service": {"id": recorded["id"], "state": "inactive"}})
    placed = (await client.post(ORDERS, json=wish)).json()
    assert (await client.delete(recorded["href"])).status_code == 409
    await set_state(store, placed["id"], "completed")
    assert (await client.delete(recorded["href"])).status_code == 204
    assert (await client.get(recorded["href"])).status_code == 404


async def test_services_are_found_by_what_they_are(client: ContractClient) -> None:
    first = await record(client, name="alpha", serviceCharacteristic=[{"name": "vlan", "value": 7}])
    await record(client, name="beta", state="designed")
    for query in ("name=alpha", "state=active", "serviceSpecification.id=vpn-1&name.regex=^al", "sort=-name&offset=1"):
        found = (await client.get(f"{SERVICES}?{query}")).json()
        assert [one["id"] for one in found] == [first["id"]], query
