"""Registering for events."""

import asyncio

import pytest

from handlers.dependencies import Dependencies
from models.store import Store
from tests.contract.client import ContractClient
from tests.contract.samples import CATALOG, INVENTORY, ORDERING, RESOURCE_INVENTORY, SOM

HUBS = [f"{ORDERING}/hub", f"{INVENTORY}/hub", f"{CATALOG}/hub", f"{RESOURCE_INVENTORY}/hub", f"{SOM}/hub"]
CALLBACK = "http://subscriber.example/notify"


@pytest.mark.parametrize("hub", HUBS)
async def test_a_subscription_is_registered_once_and_can_be_ended(
    client: ContractClient, store: Store, dependencies: Dependencies, hub: str
) -> None:
    answer = await client.post(hub, json={"callback": CALLBACK})
    registered = answer.json()
    assert (answer.status_code, registered["callback"]) == (201, CALLBACK)
    assert answer.headers["location"].endswith(f"{hub}/{registered['id']}")
    assert "secret" not in registered
    assert (await client.post(hub, json={"callback": CALLBACK})).status_code == 409
    stored = await store.get("subscription", registered["id"])
    assert stored is not None
    secret = dependencies.sealer.open_text(stored["secret"], f"subscription/{registered['id']}")
    assert secret is not None
    assert secret.startswith("whsec_")
    assert (await client.delete(f"{hub}/{registered['id']}")).status_code == 204
    assert (await client.delete(f"{hub}/{registered['id']}")).status_code == 404
    assert (await client.post(hub, json={"callback": CALLBACK})).status_code == 201


async def test_another_query_is_another_subscription(client: ContractClient) -> None:
    for query in (
        "eventType=ServiceOrderCreateEvent",
        "eventType=ServiceOrderStateChangeEvent,ServiceOrderDeleteEvent",
    ):
        answer = await client.post(HUBS[0], json={"callback": CALLBACK, "query": query})
        assert (answer.status_code, answer.json()["query"]) == (201, query)


async def test_of_equal_registrations_that_arrive_together_one_stands(client: ContractClient) -> None:
    answers = await asyncio.gather(*(client.post(HUBS[0], json={"callback": CALLBACK}) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]


async def test_a_subscription_that_has_ended_may_begin_anew(client: ContractClient, store: Store) -> None:
    key = (await client.post(HUBS[0], json={"callback": CALLBACK})).json()["id"]
    await store.collection("subscription").update_one({"_id": key}, {"$set": {"state": "ended", "endedReason": "410"}})
    assert (await client.post(HUBS[0], json={"callback": CALLBACK})).status_code == 201
    shown = (await client.get(f"{SOM}/hubListener/{key}")).json()
    assert (shown["state"], shown["endedReason"]) == ("active", None)


@pytest.mark.parametrize(
    "callback",
    [
        "ftp://a.example/",
        "nothing",
        "http://",
        "http://u:p@a.example/",
        "http://a.example/#x",
        "",
        "http://a b",
        "http://a.example/\u00e9",
        "http://a.example/\x0f",
    ],
)
async def test_a_callback_has_to_be_an_address(client: ContractClient, callback: str) -> None:
    answer = await client.post(HUBS[0], json={"callback": callback})
    assert answer.status_code == 400
    assert "/callback" in answer.json()["message"]


@pytest.mark.parametrize(
    "query", ["eventType=Nothing", "eventType", "a=b", "event.serviceOrder.description.regex=(", "x" * 4001]
)
async def test_a_query_has_to_make_sense(client: ContractClient, query: str) -> None:
    answer = await client.post(HUBS[0], json={"callback": CALLBACK, "query": query})
    assert answer.status_code == 400


async def test_a_subscription_is_ended_at_its_own_hub(client: ContractClient) -> None:
    key = (await client.post(HUBS[0], json={"callback": CALLBACK})).json()["id"]
    assert (await client.delete(f"{HUBS[1]}/{key}")).status_code == 404


async def test_the_subscribers_own_secret_is_taken_and_sealed(
    client: ContractClient, store: Store, dependencies: Dependencies
) -> None:
    secret = "whsec_" + "c2VjcmV0IG9mIHRoZSBzdWJzY3JpYmVy"
    registered = (await client.post(HUBS[0], json={"callback": CALLBACK, "secret": secret})).json()
    stored = await store.get("subscription", registered["id"])
    assert stored is not None
    assert dependencies.sealer.open_text(stored["secret"], f"subscription/{registered['id']}") == secret
    assert secret not in str(stored)
