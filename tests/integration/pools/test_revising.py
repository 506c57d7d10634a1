"""A demand that revises another: what the holder's task has and what still fits is kept, the rest is taken."""

from typing import Any

from adapters.ports import Demand, Exhausted, Holder, Reserved
from models.domain.caller import DEFAULT_TENANT
from tests.integration.pools.stage import PoolStage, numbers

MINE = Holder(service="s-1", task="lease")


async def has(stage: PoolStage, key: str, **demand: Any) -> list[str]:
    answer = await stage.pools.reserve(key, MINE, Demand(**demand))
    assert isinstance(answer, Reserved), answer
    return [member.value for member in answer.members]


async def revised(stage: PoolStage, key: str, **demand: Any) -> list[str]:
    return await has(stage, key, revises=True, **demand)


async def test_a_repeated_call_has_the_same_even_where_the_pool_has_changed_since(stage: PoolStage) -> None:
    await stage.vlans(100, 109)
    await has(stage, "first", pool="vlans", count=2)
    assert await revised(stage, "more", pool="vlans", count=3) == ["100", "101", "102"]
    await has(stage, "other", pool="vlans")
    for _ in range(2):
        assert await revised(stage, "more", pool="vlans", count=3) == ["100", "101", "102"]
    looked = await stage.pools.look("more")
    assert isinstance(looked, Reserved)
    assert [member.value for member in looked.members] == ["100", "101", "102"]
    assert await stage.pools.release("more") == 1
    assert await stage.pools.look("more") is None
    assert sorted(await stage.pools.held(MINE)) == sorted(
        [one["_id"] for one in await stage.members() if one["body"]["value"] in {"100", "101", "103"}]
    )


async def test_who_needs_more_than_is_left_waits_and_gets_the_rest_beside_what_it_has(stage: PoolStage) -> None:
    await stage.vlans(100, 101)
    await has(stage, "first", pool="vlans", count=2)
    answer = await stage.pools.reserve("more", MINE, Demand(pool="vlans", count=3, revises=True))
    assert isinstance(answer, Exhausted)
    await stage.administration.push(DEFAULT_TENANT, "vlans", [numbers(200, 201)], "anna")
    assert [one.key for one in await stage.pools.served()] == ["more"]
    await stage.pools.told(["more"])
    assert await revised(stage, "more", pool="vlans", count=3) == ["100", "101", "200"]


async def test_a_full_pool_serves_who_has_enough_already(stage: PoolStage) -> None:
    await stage.vlans(100, 101)
    await has(stage, "first", pool="vlans", count=2)
    assert await revised(stage, "less", pool="vlans", count=1) == ["100"]


async def test_numbers_side_by_side_are_kept_together_or_not_at_all(stage: PoolStage) -> None:
    await stage.vlans(100, 120)
    await has(stage, "first", pool="vlans", count=3, adjacent=True)
    assert await revised(stage, "less", pool="vlans", count=2, adjacent=True) == ["100", "101"]
    assert await revised(stage, "more", pool="vlans", count=4, adjacent=True) == ["103", "104", "105", "106"]


async def test_a_prefix_of_another_length_is_taken_anew(stage: PoolStage) -> None:
    await stage.make("public", "address", {"prefix": "192.0.2.0/24", "id": "block"})
    assert await has(stage, "first", pool="public", prefix_length=29) == ["192.0.2.0/29"]
    assert await revised(stage, "same", pool="public", prefix_length=29) == ["192.0.2.0/29"]
    assert await revised(stage, "larger", pool="public", prefix_length=28) == ["192.0.2.16/28"]


async def test_capacity_of_another_size_is_taken_on_the_same_host_if_there_is_room(stage: PoolStage) -> None:
    hosts = [{"id": host, "measure": [{"name": "cpu", "amount": 8}]} for host in ("host-1", "host-2")]
    await stage.make("hosts", "capacity", *hosts)
    assert await has(stage, "first", pool="hosts", amounts={"cpu": 2}, value="host-2") == ["host-2"]
    assert await revised(stage, "same", pool="hosts", amounts={"cpu": 2}) == ["host-2"]
    assert await revised(stage, "more", pool="hosts", amounts={"cpu": 5}) == ["host-2"]
    assert (await stage.counts("hosts"))["cpu"]["reserved"] == 7000
    assert await revised(stage, "most", pool="hosts", amounts={"cpu": 8}) == ["host-1"]


async def test_of_several_pools_that_is_asked_first_in_which_something_is_held(stage: PoolStage) -> None:
    specification = {"resourceSpecification": {"id": "vlan", "name": "VLAN"}}
    await stage.make("a", "discrete", numbers(1, 9), **specification)
    await stage.make("b", "discrete", numbers(100, 109), **specification)
    await has(stage, "first", pool="b", count=1)
    assert await revised(stage, "more", specification="vlan", count=2) == ["100", "101"]
