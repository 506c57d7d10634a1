"""Resource specifications over HTTP: published, referred to, kept while they are used, released with others."""

import pytest

from handlers.dependencies import Dependencies
from models.domain.events import event_document
from models.store import Store
from models.wire.events import render
from tests.contract.client import ContractClient
from tests.contract.samples import (
    POOLS,
    RELEASES,
    RESOURCE_SPECIFICATIONS,
    RESOURCES,
    RESOURCES_V5,
    SOM,
    SPECIFICATIONS,
    Body,
    numbers,
    pool,
    release,
    resource,
    resource_specification,
    specification,
)
from tests.contract.test_documents import create_validator

NORTH = [{"name": "site", "value": "north"}]
EAST = [{"name": "site", "value": "east"}]
OF_VLANS = {"id": "vlan-1"}


async def published(client: ContractClient, key: str = "vlan-1", **attributes: object) -> Body:
    answer = await client.post(RESOURCE_SPECIFICATIONS, json=resource_specification(key, **attributes))
    assert answer.status_code == 201, answer.text
    body: Body = answer.json()
    return body


def allocating(key: str, named: str, **demand: object) -> Body:
    task = {"kind": "allocate", "input": {"resourceSpecification": named, **demand}}
    return specification(key, fulfilment={"add": {"tasks": {"vlan": task}}})


async def test_one_is_published_found_moved_on_and_removed(client: ContractClient, store: Store) -> None:
    made = await published(client, category="vlan", colour="blue")
    assert (made["lifecycleStatus"], made["@type"], made["colour"]) == ("Active", "ResourceSpecification", "blue")
    found = await client.get(
        f"{RESOURCE_SPECIFICATIONS}?category=vlan&resourceSpecCharacteristic.name=site&fields=version"
    )
    assert [(one["id"], one["version"], "category" in one) for one in found.json()] == [("vlan-1", "1", False)]
    answer = await client.patch(made["href"], json={"lifecycleStatus": "Retired", "category": None})
    assert (answer.status_code, "category" in answer.json()) == (200, False)
    assert (await client.delete(made["href"])).status_code == 204
    stored = await store.collection("resourceSpecification").find_one({"_id": "vlan-1"})
    assert stored is not None
    names = [stub["type"].removeprefix("ResourceSpecification") for stub in stored["outbox"]]
    assert names == ["CreateEvent", "ChangeEvent", "DeleteEvent"]


async def test_a_name_with_its_version_is_taken_once_and_what_cannot_be_is_not_published(
    client: ContractClient,
) -> None:
    await published(client, name="vlan")
    assert (await client.post(RESOURCE_SPECIFICATIONS, json={"name": "vlan", "version": "1"})).status_code == 409
    wrong = {"name": "site", "valueType": "integer", "resourceSpecCharacteristicValue": [{"value": "north"}]}
    answer = await client.post(RESOURCE_SPECIFICATIONS, json={"name": "x", "resourceSpecCharacteristic": [wrong]})
    assert answer.status_code == 400
    assert "/resourceSpecCharacteristic/0/resourceSpecCharacteristicValue/0/value" in answer.json()["message"]


async def test_its_events_are_told_at_our_own_hub_as_the_document_says(client: ContractClient, store: Store) -> None:
    body = {"callback": "http://subscriber.example/", "query": "eventType=ResourceSpecificationChangeEvent"}
    assert (await client.post(f"{SOM}/hub", json=body)).status_code == 201
    made = await published(client)
    assert (await client.patch(made["href"], json={"description": "for sites"})).status_code == 200
    stored = await store.get("resourceSpecification", "vlan-1")
    assert stored is not None
    check = create_validator("som/v1.yaml", "ResourceSpecificationEvent")
    for owed in stored["outbox"]:
        told = render(event_document("resourceSpecification", stored, owed), "v1", "http://som.example")
        assert [error.message for error in check.iter_errors(told)] == []
        assert told["event"]["resourceSpecification"]["href"].endswith("/som/v1/resourceSpecification/vlan-1")


@pytest.mark.parametrize("base", [RESOURCES, RESOURCES_V5])
async def test_a_resource_is_held_against_the_specification_that_it_names(client: ContractClient, base: str) -> None:
    await published(client)
    referred = {**OF_VLANS, **({"@type": "ResourceSpecificationRef"} if base == RESOURCES_V5 else {})}
    typed = {"@type": "StringCharacteristic"} if base == RESOURCES_V5 else {}
    right, wrong = ([{**one, **typed} for one in given] for given in (NORTH, EAST))
    body = resource(resourceSpecification=referred)
    answer = await client.post(base, json={**body, "resourceCharacteristic": wrong})
    assert answer.status_code == 400
    assert "/resourceCharacteristic/0/value" in answer.json()["message"]
    made = await client.post(base, json={**body, "resourceCharacteristic": right})
    assert made.status_code == 201, made.text
    answer = await client.patch(made.json()["href"], json={"resourceCharacteristic": wrong})
    assert answer.status_code == 400
    assert (await client.patch(made.json()["href"], json={"description": "new"})).status_code == 200


async def test_a_specification_of_another_system_says_nothing(client: ContractClient) -> None:
    body = resource(resourceSpecification={"id": "elsewhere"}, resourceCharacteristic=EAST)
    assert (await client.post(RESOURCES, json=body)).status_code == 201
    answer = await client.post(POOLS, json=pool(resourceSpecification={"id": "elsewhere", "name": "vlan"}))
    assert answer.status_code == 201


async def test_a_pool_gives_out_what_its_specification_says(client: ContractClient) -> None:
    """When it is made, when it gets another specification, and when it grows."""
    await published(client, name="vlan")
    await published(
        client, "strict-1", name="strict", resourceSpecCharacteristic=[{"name": "row", "minCardinality": 1}]
    )
    of = {"resourceSpecification": {"name": "vlan"}}
    answer = await client.post(POOLS, json=pool("p", numbers(1, 9, "a", characteristic=EAST), **of))
    assert answer.status_code == 400
    assert "/capacity/0/characteristic/0/value" in answer.json()["message"]
    answer = await client.post(POOLS, json=pool("p", numbers(1, 9, "a", characteristic=NORTH), **of))
    assert answer.status_code == 201, answer.text
    url = f"{POOLS}/p"
    answer = await client.post(f"{url}/push", json={"capacity": [numbers(20, 29, "b", characteristic=EAST)]})
    assert answer.status_code == 400
    assert (await client.post(f"{url}/push", json={"capacity": [numbers(20, 29, "b")]})).status_code == 200
    answer = await client.patch(url, json={"resourceSpecification": {"id": "strict-1", "name": "strict"}})
    assert answer.status_code == 400
    assert "row" in answer.json()["message"]


async def test_rules_that_ask_for_what_no_resource_has_are_not_published(client: ContractClient) -> None:
    await published(client, name="vlan")
    for named in ("vlan", "vlan-1"):
        answer = await client.post(SPECIFICATIONS, json=allocating("access-1", named, where={"row": "7"}))
        assert answer.status_code == 400, named
        assert "/fulfilment/add/tasks/vlan/input/where/row" in answer.json()["message"]
    answer = await client.post(SPECIFICATIONS, json=allocating("access-1", "vlan", where={"site": "north"}))
    assert answer.status_code == 201, answer.text


async def test_one_that_is_used_stays_and_says_who_uses_it(client: ContractClient) -> None:
    made = await published(client, name="vlan")
    keys = []
    for number in (1, 2):
        body = resource(name=f"VLAN {number}", resourceSpecification=OF_VLANS)
        keys.append((await client.post(RESOURCES, json=body)).json()["id"])
    await client.post(POOLS, json=pool(resourceSpecification={"name": "vlan"}))
    await client.post(SPECIFICATIONS, json=allocating("access-1", "vlan"))
    answer = await client.delete(made["href"])
    assert answer.status_code == 409
    told = answer.json()["message"]
    for words in (*keys, "the resources ", "the resource pool vlans", "the service specification access-1"):
        assert words in told, words
    answer = await client.patch(made["href"], json={"resourceSpecCharacteristic": []})
    assert answer.status_code == 409
    assert (await client.patch(made["href"], json={"description": "for sites"})).status_code == 200
    await published(client, "vlan-2", name="vlan", version="2")
    user = await published(client, "port-1", resourceSpecRelationship=[{"relationshipType": "uses", "id": "vlan-2"}])
    assert "port-1" in (await client.delete(f"{RESOURCE_SPECIFICATIONS}/vlan-2")).json()["message"]
    assert (await client.delete(user["href"])).status_code == 204
    assert (await client.delete(f"{RESOURCE_SPECIFICATIONS}/vlan-2")).status_code == 204


def package(version: str, *kinds: Body, where: str = "site") -> Body:
    access = allocating("", "vlan", where={where: "north"}) | {"name": "access", "version": version}
    del access["id"]
    return release("access", version, access, resourceSpecification=list(kinds))


def kind(version: str, **more: object) -> Body:
    told = resource_specification("x", name="vlan", version=version, **more)
    return {name: value for name, value in told.items() if name != "id"}


async def statuses(client: ContractClient) -> dict[str, str]:
    found = (await client.get(RESOURCE_SPECIFICATIONS)).json()
    return {one["id"]: one["lifecycleStatus"] for one in found}


async def test_they_are_released_compared_and_taken_back_with_what_allocates_them(
    client: ContractClient, dependencies: Dependencies
) -> None:
    first = await client.post(RELEASES, json=package("1.0.0", kind("1")))
    assert first.status_code == 201, first.text
    assert first.json()["resourceSpecificationVersion"] == [{"id": "vlan-1", "name": "vlan", "version": "1"}]
    second = package("2.0.0", kind("2", extensible=True), where="row")
    seen = (await client.post(f"{SOM}/releasePreview", json=second)).json()
    assert seen["valid"], seen["violation"]
    assert seen["movedResourceSpecification"] == [{"id": "vlan-1", "to": "Retired", "from": "Active"}]
    [changed] = seen["resourceSpecificationDifference"]
    assert (changed["from"], changed["to"]) == ("1", "2")
    assert (await client.post(RELEASES, json=second)).status_code == 201
    assert await statuses(client) == {"vlan-1": "Retired", "vlan-2": "Active"}
    found = (await client.get(f"{RELEASES}/access:2.0.0/difference")).json()
    assert found["resourceSpecification"] == seen["resourceSpecificationDifference"]
    answer = await client.post(f"{RELEASES}/access:2.0.0/rollback")
    assert answer.status_code == 200, answer.text
    assert await statuses(client) == {"vlan-1": "Active", "vlan-2": "Retired"}
    stored = await dependencies.store.get("resourceSpecification", "vlan-1")
    assert stored is not None
    assert [stub["why"] for stub in stored["outbox"]] == [
        "release access:1.0.0 installed", "release access:2.0.0 installed", "release access:2.0.0 rolled back",
    ]  # fmt: skip


async def test_a_package_is_examined_with_the_resource_specifications_that_there_will_be(
    client: ContractClient,
) -> None:
    await published(client, "vlan-0", name="vlan", version="0", extensible=True)
    body = package("1.0.0", kind("1"), where="row")
    answer = await client.post(RELEASES, json=body)
    assert answer.status_code == 400
    assert "/serviceSpecification/0/fulfilment/add/tasks/vlan/input/where/row" in answer.json()["message"]
    wrong = {"name": "site", "regex": "("}
    body = release("access", "1.0.0", resourceSpecification=[kind("1", resourceSpecCharacteristic=[wrong])])
    answer = await client.post(RELEASES, json=body)
    assert "/resourceSpecification/0/resourceSpecCharacteristic/0/regex" in answer.json()["message"]
    assert (await client.get(RELEASES)).json() == []


async def test_a_release_whose_resources_others_allocate_is_not_taken_back(client: ContractClient) -> None:
    assert (await client.post(RELEASES, json=package("1.0.0", kind("1")))).status_code == 201
    assert (await client.post(SPECIFICATIONS, json=allocating("other-1", "vlan-1"))).status_code == 201
    answer = await client.post(f"{RELEASES}/access:1.0.0/rollback")
    assert answer.status_code == 409
    assert "The specification other-1 speaks of the resource specification vlan-1." in answer.json()["message"]
