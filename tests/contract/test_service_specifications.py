"""Publishing, changing and retiring service specifications."""

import pytest

from models.store import Store
from tests.contract.client import ContractClient
from tests.contract.samples import SPECIFICATIONS, place, publish, record, specification


async def test_a_specification_may_bring_its_id_and_is_active_by_default(client: ContractClient, store: Store) -> None:
    published = await publish(client, "vpn-1")
    assert (published["id"], published["lifecycleStatus"]) == ("vpn-1", "Active")
    assert published["href"].endswith(f"{SPECIFICATIONS}/vpn-1")
    assert "lastUpdate" in published
    stored = await store.get("serviceSpecification", "vpn-1")
    assert stored is not None
    assert [stub["type"] for stub in stored["outbox"]] == ["ServiceSpecificationCreateEvent"]


async def test_without_an_id_the_server_gives_one(client: ContractClient) -> None:
    answer = await client.post(SPECIFICATIONS, json={"name": "vpn"})
    assert answer.status_code == 201
    assert (await client.get(answer.json()["href"])).status_code == 200


async def test_an_id_is_taken_once(client: ContractClient) -> None:
    await publish(client, "vpn-1")
    answer = await client.post(SPECIFICATIONS, json=specification("vpn-1", name="other"))
    assert (answer.status_code, answer.json()["code"]) == (409, "alreadyExists")


async def test_a_name_with_its_version_is_taken_once(client: ContractClient) -> None:
    await publish(client, "vpn-1", name="vpn", version="1")
    assert (await client.post(SPECIFICATIONS, json=specification("b", name="vpn", version="1"))).status_code == 409
    assert (await client.post(SPECIFICATIONS, json=specification("c", name="vpn", version="2"))).status_code == 201
    answer = await client.patch(f"{SPECIFICATIONS}/c", json={"version": "1"})
    assert answer.status_code == 409


async def test_what_cannot_work_is_not_published(client: ContractClient) -> None:
    body = specification(serviceSpecRelationship=[{"id": "nothing", "relationshipType": "bundles"}])
    answer = await client.post(SPECIFICATIONS, json=body)
    assert answer.status_code == 400
    assert "/serviceSpecRelationship/0" in answer.json()["message"]


async def test_an_unused_version_changes_freely(client: ContractClient, store: Store) -> None:
    published = await publish(client)
    answer = await client.patch(published["href"], json={"name": "better", "isBundle": False})
    assert answer.status_code == 200
    assert answer.json()["lastUpdate"] >= published["lastUpdate"]
    stored = await store.get("serviceSpecification", "vpn-1")
    assert stored is not None
    assert stored["outbox"][-1]["type"] == "ServiceSpecificationChangeEvent"


@pytest.mark.parametrize("user", ["order", "service"])
async def test_a_version_in_use_changes_only_in_what_touches_nobody(client: ContractClient, user: str) -> None:
    published = await publish(client)
    await (place(client) if user == "order" else record(client))
    for patch in (
        {"lifecycleStatus": "Retired"},
        {"description": "old"},
        {"validFor": {"endDateTime": "2030-01-01T00:00:00Z"}},
    ):
        assert (await client.patch(published["href"], json=patch)).status_code == 200, patch
    answer = await client.patch(published["href"], json={"name": "other"})
    assert answer.status_code == 409
    assert "/name" in answer.json()["message"]
    assert (await client.delete(published["href"])).status_code == 409


async def test_a_part_of_another_specification_is_kept(client: ContractClient) -> None:
    part = await publish(client, "part-1")
    relation = [{"id": "part-1", "name": "part-1", "relationshipType": "bundles"}]
    whole = await publish(client, "whole-1", isBundle=True, serviceSpecRelationship=relation)
    assert (await client.delete(part["href"])).status_code == 409
    assert (await client.delete(whole["href"])).status_code == 204
    assert (await client.delete(part["href"])).status_code == 204


async def test_a_change_of_nothing_is_no_event(client: ContractClient) -> None:
    published = await publish(client)
    answer = await client.patch(published["href"], json=published)
    assert (answer.status_code, answer.headers["etag"], answer.json()) == (200, '"1"', published)
