"""Subscriptions: what consumers have, read off services and orders."""

from typing import Any

from models.store import Store
from tests.contract.client import ContractClient
from tests.contract.samples import ORDERS, SERVICES, SOM, SPECIFICATIONS, order, service, specification

Body = dict[str, Any]
SUBSCRIPTIONS = f"{SOM}/subscription"


async def posted(client: ContractClient, path: str, body: Body) -> Body:
    answer = await client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    made: Body = answer.json()
    return made


async def had(client: ContractClient, party: str, **more: Any) -> Body:
    """A service that a party has."""
    return await posted(client, SERVICES, {**service(), "relatedParty": [{"id": party, "role": "customer"}], **more})


async def ids(client: ContractClient, query: str) -> list[str]:
    answer = await client.get(f"{SUBSCRIPTIONS}?{query}")
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()]


async def test_what_a_party_has_is_found_by_party_state_and_specification(client: ContractClient) -> None:
    await posted(client, SPECIFICATIONS, specification())
    mine, other = await had(client, "mine"), await had(client, "other")
    drawn = await had(client, "mine", state="designed")
    nobodys = await posted(client, SERVICES, service())
    assert await ids(client, "") == [mine["id"], other["id"], drawn["id"]]
    assert await ids(client, "party=mine") == [mine["id"], drawn["id"]]
    assert await ids(client, "party=mine&state=pending") == [drawn["id"]]
    assert await ids(client, "state=active,pending&limit=1&offset=1") == [other["id"]]
    assert await ids(client, f"specification={mine['serviceSpecification']['id']}&party=other") == [other["id"]]
    assert await ids(client, "specification=unknown") == []
    assert (await client.get(f"{SUBSCRIPTIONS}?state=asleep")).status_code == 400
    assert (await client.get(f"{SUBSCRIPTIONS}/{nobodys['id']}")).status_code == 404
    total = (await client.get(f"{SUBSCRIPTIONS}?party=mine&limit=1")).headers["x-total-count"]
    assert total == "2"


async def test_a_subscription_tells_its_state_since_when_and_what_is_under_way(client: ContractClient) -> None:
    await posted(client, SPECIFICATIONS, specification())
    made = await had(client, "mine")
    change = {"id": "1", "action": "modify", "service": {"id": made["id"]}}
    placed = await posted(client, ORDERS, {**order(), "serviceOrderItem": [change]})
    shown = (await client.get(f"{SUBSCRIPTIONS}/{made['id']}")).json()
    assert (shown["state"], shown["since"]) == ("active", made["startDate"])
    assert [party["id"] for party in shown["party"]] == ["mine"]
    (work,) = shown["inFlight"]
    assert (work["serviceOrder"]["id"], work["item"], work["action"]) == (placed["id"], "1", "modify")


async def test_what_is_switched_off_is_so_since_its_state_changed(client: ContractClient, store: Store) -> None:
    await posted(client, SPECIFICATIONS, specification())
    made = await had(client, "mine", state="inactive")
    moved = {"_id": "e1", "tenant": "default", "resource": {"type": "service", "id": made["id"]}, "seq": 2}
    at = "2026-11-01T10:00:00.000Z"
    await store.collection("event").insert_one({**moved, "type": "ServiceStateChangeEvent", "at": at})
    shown = (await client.get(f"{SUBSCRIPTIONS}/{made['id']}")).json()
    assert (shown["state"], shown["since"]) == ("suspended", at)
