"""Recording, changing and removing resources directly, beside what pools and orders do with them."""

from typing import Any

from models import resources
from models.clock import Clock
from models.domain.resource_states import Standing, put
from models.resources import Cause, ResourceChange
from models.store import Store
from tests.contract.client import BASE_URL, ContractClient
from tests.contract.samples import (
    LOGICAL_RESOURCES,
    PHYSICAL_RESOURCES,
    RESOURCES,
    SERVICES,
    Body,
    physical_resource,
    publish,
    resource,
    service,
)

HOLDER = {"service": "s-1", "order": "o-1", "item": "1", "plan": "o-1", "task": "t-1"}


async def kept(client: ContractClient, path: str = RESOURCES, **attributes: Any) -> Body:
    made = physical_resource if path == PHYSICAL_RESOURCES else resource
    answer = await client.post(path, json=made(**attributes))
    assert answer.status_code == 201, answer.text
    body: Body = answer.json()
    return body


async def reserve(store: Store, key: str, standing: Standing = Standing.RESERVED) -> None:
    """As a pool does it."""
    change = ResourceChange(put(standing), {"holder": HOLDER, "pool": "vlans"}, cause=Cause(order="o-1"))
    await resources.change(store, Clock(), key, "default", lambda _: change)


async def stubs(store: Store, key: str) -> list[dict[str, Any]]:
    stored = await store.get("resource", key)
    assert stored is not None
    owed: list[dict[str, Any]] = stored["outbox"]
    return owed


async def test_a_recorded_resource_has_one_address_and_owes_its_event(client: ContractClient, store: Store) -> None:
    answer = await client.post(LOGICAL_RESOURCES, json=resource())
    body = answer.json()
    assert body["href"] == answer.headers["location"] == f"{BASE_URL}{RESOURCES}/{body['id']}"
    assert (body["@type"], body["resourceStatus"]) == ("LogicalResource", "available")
    [owed] = await stubs(store, body["id"])
    assert (owed["type"], owed["state"]) == ("ResourceCreateEvent", "available")
    assert owed["states"] == {"resourceStatus": "available", "allocationStatus": "available"}


async def test_each_class_has_a_list_of_its_own_and_the_common_one_has_all(client: ContractClient) -> None:
    vlan = await kept(client, LOGICAL_RESOURCES)
    number = await kept(client, LOGICAL_RESOURCES, **{"@type": "MSISDN"})
    router = await kept(client, PHYSICAL_RESOURCES)
    site = await kept(client, name="site", **{"@type": "Site"})
    assert number["@baseType"] == "LogicalResource"
    for path, expected in (
        (RESOURCES, [vlan, number, router, site]),
        (LOGICAL_RESOURCES, [vlan, number]),
        (PHYSICAL_RESOURCES, [router]),
        (f"{LOGICAL_RESOURCES}?@type=MSISDN", [number]),
        (f"{RESOURCES}?serialNumber=FTX-7", [router]),
    ):
        found = (await client.get(path)).json()
        assert [one["id"] for one in found] == [one["id"] for one in expected], path
    assert (await client.get(f"{PHYSICAL_RESOURCES}/{vlan['id']}")).status_code == 404
    assert (await client.get(f"{LOGICAL_RESOURCES}/{number['id']}")).status_code == 200


async def test_what_is_of_another_class_is_not_recorded_there(client: ContractClient) -> None:
    for wrong in ({"@type": "PhysicalResource"}, {"@type": "X", "@baseType": "PhysicalResource"}):
        answer = await client.post(LOGICAL_RESOURCES, json=resource(**wrong))
        assert (answer.status_code, answer.json()["code"]) == (400, "wrongClass")


PATHS = {
    "resourceStatus": ["available", "reserved", "suspended", "available", "alarm", "reserved"],
    "administrativeState": ["unlocked", "shutdown", "locked", "unlocked"],
    "operationalState": ["enable", "disable", "enable"],
    "usageState": ["idle", "active", "busy", "idle"],
}


async def test_each_change_of_a_state_is_told_as_one(client: ContractClient, store: Store) -> None:
    for attribute, path in PATHS.items():
        made = await kept(client, **{attribute: path[0]})
        for state in path[1:]:
            answer = await client.patch(made["href"], json={attribute: state})
            assert (answer.status_code, answer.json()[attribute]) == (200, state)
        told = (await stubs(store, made["id"]))[1:]
        assert [owed["states"][attribute] for owed in told] == path[1:]
        assert {owed["type"] for owed in told} == {"ResourceStateChangeEvent"}


async def test_a_move_that_is_not_drawn_is_a_conflict(client: ContractClient) -> None:
    for attribute, state, to in (
        ("resourceStatus", "suspended", "reserved"),
        ("administrativeState", "locked", "shutdown"),
    ):
        made = await kept(client, **{attribute: state})
        answer = await client.patch(made["href"], json={attribute: to})
        assert (answer.status_code, answer.json()["code"]) == (409, "illegalTransition")
        assert "it can go to" in answer.json()["message"]


async def test_a_change_of_something_else_is_an_attribute_value_change(client: ContractClient, store: Store) -> None:
    made = await kept(client)
    await client.patch(made["href"], json={"description": "of the lobby"})
    owed = (await stubs(store, made["id"]))[-1]
    assert (owed["type"], owed["after"]) == ("ResourceAttributeValueChangeEvent", {"description": "of the lobby"})


async def test_what_a_service_has_stays_as_the_engine_says(client: ContractClient, store: Store) -> None:
    for standing in (Standing.RESERVED, Standing.IN_USE):
        made = await kept(client)
        await reserve(store, made["id"], standing)
        for answer in (
            await client.patch(made["href"], json={"resourceStatus": "available"}),
            await client.patch(made["href"], json={"usageState": "busy"}),
            await client.patch(made["href"], json={"value": "8"}),
            await client.delete(made["href"]),
        ):
            assert answer.status_code == 409
            assert "service s-1" in answer.json()["message"]
            assert "order o-1" in answer.json()["message"]
        assert (await client.patch(made["href"], json={"description": "ours"})).status_code == 200
        assert (await client.patch(made["href"], json={"operationalState": "disable"})).status_code == 200


async def test_a_member_of_a_pool_leaves_it_by_way_of_the_pool(client: ContractClient, store: Store) -> None:
    made = await kept(client)
    await store.update("resource", {"_id": made["id"]}, {"$set": {"pool": "vlans"}})
    for answer in (
        await client.patch(made["href"], json={"resourceStatus": "reserved"}),
        await client.delete(made["href"]),
    ):
        assert answer.status_code == 409
        assert "pool vlans" in answer.json()["message"]


async def test_a_resource_that_another_relates_to_is_kept(client: ContractClient) -> None:
    card = await kept(client, PHYSICAL_RESOURCES)
    nested = {"relationshipType": "contains", "resource": {"id": card["id"]}}  # as in TM Forum's own sample
    for relation in ({"relationshipType": "contains", "id": card["id"]}, nested):
        router = await kept(client, PHYSICAL_RESOURCES, resourceRelationship=[relation])
        answer = await client.delete(card["href"])
        assert answer.status_code == 409
        assert router["id"] in answer.json()["message"]
        assert (await client.delete(router["href"])).status_code == 204
    assert (await client.delete(card["href"])).status_code == 204
    assert (await client.get(card["href"])).status_code == 404


async def test_a_resource_that_carries_a_service_is_kept(client: ContractClient) -> None:
    await publish(client)
    made = await kept(client)
    carried = (await client.post(SERVICES, json=service(supportingResource=[{"id": made["id"]}]))).json()
    assert (await client.delete(made["href"])).status_code == 409
    await client.patch(carried["href"], json={"state": "terminated"})
    assert (await client.delete(made["href"])).status_code == 204


async def test_a_resource_does_not_relate_to_itself(client: ContractClient) -> None:
    made = await kept(client)
    relation = [{"relationshipType": "contains", "id": made["id"]}]
    answer = await client.patch(made["href"], json={"resourceRelationship": relation})
    assert (answer.status_code, answer.json()["code"]) == (400, "relatedToItself")
