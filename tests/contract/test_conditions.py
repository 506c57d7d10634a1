"""ETag, If-Match, If-None-Match and Idempotency-Key."""

import asyncio

import pytest

from models.store import Store
from tests.contract.client import ContractClient
from tests.contract.samples import (
    ORDERS,
    SERVICES,
    SPECIFICATIONS,
    order,
    place,
    publish,
    record,
    service,
    specification,
)


@pytest.fixture(autouse=True)
async def _catalogue(client: ContractClient) -> None:
    await publish(client)


@pytest.mark.parametrize("tag", ['"1"', 'W/"1"', '"0", "1"', "*"])
async def test_what_the_client_has_already_is_not_sent_again(client: ContractClient, tag: str) -> None:
    recorded = await record(client)
    answer = await client.get(recorded["href"], headers={"if-none-match": tag})
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", '"1"')


async def test_what_has_changed_is_sent(client: ContractClient) -> None:
    recorded = await record(client)
    await client.patch(recorded["href"], json={"name": "new"})
    assert (await client.get(recorded["href"], headers={"if-none-match": '"1"'})).status_code == 200


@pytest.mark.parametrize("tag", ['"1"', '"7", "1"', "*"])
async def test_a_change_of_what_the_client_has_seen_is_made(client: ContractClient, tag: str) -> None:
    recorded = await record(client)
    assert (await client.patch(recorded["href"], json={"name": "n"}, headers={"if-match": tag})).status_code == 200


@pytest.mark.parametrize("tag", ['"2"', 'W/"1"', "1", ""])
async def test_a_change_of_something_else_is_refused(client: ContractClient, tag: str) -> None:
    recorded = await record(client)
    headers = {"if-match": tag}
    for answer in (
        await client.patch(recorded["href"], json={"name": "n"}, headers=headers),
        await client.delete(recorded["href"], headers=headers),
    ):
        assert (answer.status_code, answer.json()["code"]) == (412, "preconditionFailed")
    assert (await client.get(recorded["href"])).json() == recorded


async def test_of_changes_that_meet_none_is_lost(client: ContractClient) -> None:
    recorded = await record(client)
    patches = [{f"extension{number}": number} for number in range(6)]
    answers = await asyncio.gather(*(client.patch(recorded["href"], json=patch) for patch in patches))
    assert [answer.status_code for answer in answers] == [200] * 6
    body = (await client.get(recorded["href"])).json()
    assert [body.get(f"extension{number}") for number in range(6)] == list(range(6))


async def test_of_two_with_the_same_tag_one_wins(client: ContractClient) -> None:
    recorded = await record(client)
    headers = {"if-match": '"1"'}
    answers = await asyncio.gather(
        *(client.patch(recorded["href"], json={"name": name}, headers=headers) for name in ("a", "b"))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412]


@pytest.mark.parametrize("path", [ORDERS, SERVICES, SPECIFICATIONS])
async def test_a_repeated_request_makes_nothing_new(client: ContractClient, path: str) -> None:
    body = {ORDERS: order(), SERVICES: service(), SPECIFICATIONS: {"name": "other"}}[path]
    headers = {"idempotency-key": "k-1"}
    first = await client.post(path, json=body, headers=headers)
    second = await client.post(path, json=dict(reversed(body.items())), headers=headers)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    other = await client.post(path, json={**body, "description": "another"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotencyKeyReused")


async def test_a_repeat_is_answered_with_the_order_as_it_is_now(client: ContractClient, store: Store) -> None:
    headers = {"idempotency-key": "k-1"}
    placed = await place(client, headers=headers)
    await client.patch(placed["href"], json={"description": "changed since"})
    await client.patch(f"{SPECIFICATIONS}/vpn-1", json={"lifecycleStatus": "Retired"})
    answer = await client.post(ORDERS, json=order(), headers=headers)
    assert answer.status_code == 201
    assert (answer.json()["id"], answer.json()["description"]) == (placed["id"], "changed since")
    assert await store.collection("serviceOrder").count_documents({}) == 1


async def test_of_equal_requests_that_arrive_together_one_order_comes(client: ContractClient, store: Store) -> None:
    headers = {"idempotency-key": "k-1"}
    answers = await asyncio.gather(*(client.post(ORDERS, json=order(), headers=headers) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await store.collection("serviceOrder").count_documents({}) == 1


async def test_a_refused_request_leaves_the_key_free(client: ContractClient) -> None:
    headers = {"idempotency-key": "k-1"}
    refused = await client.post(ORDERS, json=order(state="held"), headers=headers)
    assert refused.status_code == 400
    assert (await client.post(ORDERS, json=order(), headers=headers)).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256])
async def test_a_key_has_a_length(client: ContractClient, key: str) -> None:
    assert (await client.post(ORDERS, json=order(), headers={"idempotency-key": key})).status_code == 400


async def test_a_key_does_not_take_an_id_that_is_somebody_elses(client: ContractClient) -> None:
    answer = await client.post(SPECIFICATIONS, json=specification("vpn-1"), headers={"idempotency-key": "k-9"})
    assert answer.status_code == 409
