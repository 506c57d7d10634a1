"""Resource pools over HTTP."""

from typing import Any

import pytest

from handlers.dependencies import Dependencies
from models.domain.pools.demand import Demand, Exhausted, Holder, Reserved
from models.pools.pools import ResourcePoolStore
from tests.contract.client import ContractClient
from tests.contract.samples import POOLS, numbers, pool


@pytest.fixture
def pools(dependencies: Dependencies) -> ResourcePoolStore:
    return ResourcePoolStore(dependencies.store, dependencies.clock)


async def made(client: ContractClient, body: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post(POOLS, json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_pool_is_read_as_it_was_made_and_lists_leave_out_its_parts(client: ContractClient) -> None:
    body = pool(quarantine=60, resourceSpecification={"id": "rs-1", "name": "vlan"}, description="Of the north")
    created = await made(client, body)
    assert {name: created[name] for name in body} == body
    assert (created["utilisation"], created["@type"]) == (0.0, "ResourcePool")
    [listed] = (await client.get(f"{POOLS}?resourceSpecification=vlan")).json()
    assert "capacity" not in listed
    assert (await client.get(f"{POOLS}?kind=address")).json() == []


async def test_how_full_it_is_who_has_what_and_who_waits(client: ContractClient, pools: ResourcePoolStore) -> None:
    await made(client, pool("vlans", numbers(1, 4, "all")))
    holder = Holder(service="s-1", order="o-1")
    await pools.reserve("a", holder, Demand(pool="vlans", count=3))
    await pools.commit("a")
    assert isinstance(await pools.reserve("b", holder, Demand(pool="vlans", count=2, priority=1)), Exhausted)
    told = (await client.get(f"{POOLS}/vlans/utilisation")).json()
    assert (told["utilisation"], told["waiting"], told["reachedThreshold"]) == (0.75, 1, [])
    assert told["count"] == [
        {"measure": "members", "total": "4", "free": "1", "reserved": "0", "used": "3", "quarantined": "0",
         "utilisation": 0.75}
    ]  # fmt: skip
    members = (await client.get(f"{POOLS}/vlans/member?use=used&service=s-1&limit=2")).json()
    assert [(one["value"], one["holder"]) for one in members] == [("1", holder.named()), ("2", holder.named())]
    [waiting] = (await client.get(f"{POOLS}/vlans/demand")).json()
    assert (waiting["id"], waiting["priority"], waiting["demand"]["count"]) == ("b", 1, 2)


async def test_a_pool_grows_by_push_and_by_patch_and_serves_who_waits(
    client: ContractClient, pools: ResourcePoolStore
) -> None:
    await made(client, pool("vlans", numbers(1, 1, "all")))
    for key in ("a", "b", "c"):
        await pools.reserve(key, Holder(service=key), Demand(pool="vlans"))
    pushed = await client.post(f"{POOLS}/vlans/push", json={"capacity": [numbers(7, 7, "more")]})
    assert [one["id"] for one in pushed.json()["capacity"]] == ["all", "more"]
    assert isinstance(await pools.look("b"), Reserved)
    capacity = [numbers(1, 2, "all"), numbers(7, 7, "more")]
    patched = await client.patch(
        f"{POOLS}/vlans", json={"capacity": capacity, "quarantine": 5}, headers={"if-match": '"2"'}
    )
    assert (patched.status_code, patched.json()["quarantine"], patched.json()["capacity"]) == (200, 5, capacity)
    assert isinstance(await pools.look("c"), Reserved)
    history = await pools._store.get("resourcePool", "vlans")
    assert history is not None
    kinds = [owed["type"].removeprefix("ResourcePool").removesuffix("Event") for owed in history["outbox"]]
    assert kinds.count("AttributeValueChange") == 2


async def test_what_is_taken_cannot_be_taken_out_and_the_answer_says_who_has_it(
    client: ContractClient, pools: ResourcePoolStore
) -> None:
    await made(client, pool("vlans", numbers(1, 9, "all")))
    await pools.reserve("a", Holder(service="s-1"), Demand(pool="vlans", value="5"))
    refused = await client.post(f"{POOLS}/vlans/extract", json={"capacity": [{"id": "all"}]})
    assert refused.status_code == 409
    assert "5 (reserved)" in refused.json()["message"]
    assert (await client.delete(f"{POOLS}/vlans")).status_code == 409
    await pools.release("a")
    assert (await client.delete(f"{POOLS}/vlans")).status_code == 204
    assert (await client.get(f"{POOLS}/vlans")).status_code == 404


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (pool("p", kind="address"), "/capacity/0"),
        (pool("p", numbers(9, 1, "x")), "/capacity/0/capacityAmount"),
        (pool("p", {"id": "n", "prefix": "10.0.0.1/8"}, kind="address"), "/capacity/0/prefix"),
        (
            pool("p", {"id": "h", "measure": [{"name": "cpu", "amount": "4 apples"}]}, kind="capacity"),
            "/capacity/0/measure",
        ),
        (pool("p", numbers(1, 5, "a"), numbers(5, 9, "b")), "/capacity"),
        (pool("p", threshold=[{"name": "a", "level": 0.5}, {"name": "a", "level": 0.6}]), "/threshold"),
    ],
)
async def test_what_cannot_be_meant_is_refused_at_its_place(
    client: ContractClient, body: dict[str, Any], pointer: str
) -> None:
    answer = await client.post(POOLS, json=body)
    assert (answer.status_code, answer.json()["message"].partition(":")[0]) == (400, pointer), answer.text
    assert (await client.get(POOLS)).json() == []
