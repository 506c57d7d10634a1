"""A demand that revises another: what the holder's task has and what still fits is kept, the rest is taken."""

from typing import Any

import pytest

from adapters.ports import Demand, Exhausted, Holder, Reserved
from models.domain.caller import DEFAULT_TENANT
from models.pools.audit import Audit
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


async def hosts_of(stage: PoolStage, **policy: Any) -> None:
    parts = [{"id": host, "measure": [{"name": "cpu", "amount": 8}]} for host in ("host-1", "host-2")]
    await stage.make("hosts", "capacity", *parts, **policy)


async def taken(stage: PoolStage) -> dict[str, int]:
    """Whole processors by what they are used for; the counters are as a recount of the members finds them."""
    audit = Audit(stage.store, stage.clock, stage.pools.turns)
    _, findings = await audit.check("hosts", repair=False, who="anna")
    assert [one for one in findings if one.code != "holderGone"] == [], "but for the service, which is not there"
    counts = (await stage.counts("hosts"))["cpu"]
    return {name: counts[name] // 1000 for name in ("reserved", "used", "quarantined") if counts[name]}


async def sizes(stage: PoolStage, key: str) -> list[str]:
    """What is told of the processors of what a key has."""
    answer = await stage.pools.look(key)
    assert isinstance(answer, Reserved)
    return [str(member.characteristics["cpu"]) for member in answer.members]


async def test_a_share_of_another_size_takes_only_what_it_lacks_and_then_the_place_of_the_former(
    stage: PoolStage,
) -> None:
    await hosts_of(stage)
    assert await has(stage, "first", pool="hosts", amounts={"cpu": 6}, value="host-2") == ["host-2"]
    await stage.pools.commit("first")
    assert await revised(stage, "same", pool="hosts", amounts={"cpu": 6}) == ["host-2"]
    (former,) = await stage.pools.held(MINE)
    for _ in range(2):  # a repeated call has the same
        assert await revised(stage, "more", pool="hosts", amounts={"cpu": 8}) == ["host-2"]
    assert await taken(stage) == {"reserved": 2, "used": 6}
    assert await sizes(stage, "more") == ["8"]
    await stage.pools.commit(MINE)
    await stage.pools.give_up([former], "changed")
    assert await taken(stage) == {"used": 8}
    (left,) = await stage.pools.held(MINE)
    assert left != former
    await stage.pools.release(MINE)
    assert await taken(stage) == {}


async def test_what_comes_to_nothing_leaves_the_former_share_as_it_was(stage: PoolStage) -> None:
    await hosts_of(stage)
    await has(stage, "first", pool="hosts", amounts={"cpu": 2})
    await revised(stage, "more", pool="hosts", amounts={"cpu": 5})
    assert await stage.pools.release("more", "cancelled", at_once=True) == 1
    assert await taken(stage) == {"reserved": 2}
    assert await sizes(stage, "first") == ["2"]


async def test_a_smaller_share_takes_nothing_and_what_is_beyond_rests_in_quarantine(stage: PoolStage) -> None:
    await hosts_of(stage, quarantine=60)
    await has(stage, "first", pool="hosts", amounts={"cpu": 8})
    (former,) = await stage.pools.held(MINE)
    await revised(stage, "less", pool="hosts", amounts={"cpu": 3})
    assert await taken(stage) == {"reserved": 8}
    await stage.pools.give_up([former], "changed")
    assert await taken(stage) == {"reserved": 3, "quarantined": 5}
    await stage.later(61)
    assert await taken(stage) == {"reserved": 3}


async def test_a_share_goes_to_another_host_where_its_own_has_no_room_for_the_rest(stage: PoolStage) -> None:
    await hosts_of(stage)
    await has(stage, "first", pool="hosts", amounts={"cpu": 5}, value="host-2")
    await stage.ask("other", service="s-2", pool="hosts", amounts={"cpu": 2}, value="host-2")
    assert await revised(stage, "more", pool="hosts", amounts={"cpu": 7}) == ["host-1"]
    assert await taken(stage) == {"reserved": 14}


@pytest.mark.parametrize("order", [("first", "second"), ("second", "first")])
async def test_shares_that_follow_each_other_end_with_the_last_in_whatever_order_they_go(
    stage: PoolStage, order: tuple[str, str]
) -> None:
    """The order that gives up the first is late, and the next one has changed the service again."""
    await hosts_of(stage)
    ids: dict[str, str] = {}
    for key, cpu in (("first", 2), ("second", 5), ("third", 8)):
        await revised(stage, key, pool="hosts", amounts={"cpu": cpu})
        (ids[key],) = set(await stage.pools.held(MINE)) - set(ids.values())
        assert await taken(stage) == {"reserved": cpu}
        if key == "second":
            await stage.pools.part_with([ids["first"]], leaving=True)
    for key in order:
        await stage.pools.give_up([ids[key]], "changed")
        assert await taken(stage) == {"reserved": 8}
    assert await stage.pools.held(MINE) == (ids["third"],)


async def test_of_several_pools_that_is_asked_first_in_which_something_is_held(stage: PoolStage) -> None:
    specification = {"resourceSpecification": {"id": "vlan", "name": "VLAN"}}
    await stage.make("a", "discrete", numbers(1, 9), **specification)
    await stage.make("b", "discrete", numbers(100, 109), **specification)
    await has(stage, "first", pool="b", count=1)
    assert await revised(stage, "more", specification="vlan", count=2) == ["100", "101"]
