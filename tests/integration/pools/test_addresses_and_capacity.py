"""Pools of addresses and of capacity."""

import asyncio
import ipaddress
import itertools
from typing import Any

import pytest

from models.domain.caller import DEFAULT_TENANT
from models.domain.errors import Conflict, InvalidRequest
from models.domain.pools.demand import Invalid, Nearness, Reserved
from tests.integration.pools.stage import Document, PoolStage


def host(key: str, cpu: str, memory: str, *, overbooking: float = 1, **more: Any) -> Document:
    measures = [{"name": "cpu", "amount": cpu, "overbooking": overbooking}, {"name": "memory", "amount": memory}]
    return {"id": key, "measure": measures, **more}


async def test_prefixes_of_any_length_are_cut_without_wasting_the_large_ones(stage: PoolStage) -> None:
    await stage.make("net", "address", {"prefix": "10.0.0.0/8"})
    assert await stage.get("a", pool="net", prefix_length=24) == ["10.0.0.0/24"]
    assert await stage.get("b", pool="net", prefix_length=30) == ["10.0.1.0/30"]
    assert await stage.get("c", pool="net", prefix_length=24) == ["10.0.2.0/24"]
    assert await stage.get("d", pool="net") == ["10.0.1.4"]
    assert await stage.get("e", pool="net", prefix_length=9) == ["10.128.0.0/9"]
    assert await stage.get("f", pool="net", value="10.64.0.0/10") == ["10.64.0.0/10"]
    for key in "abcdef":
        await stage.pools.release(key)
    assert await stage.get(pool="net", prefix_length=8) == ["10.0.0.0/8"], "all that was split is joined again"
    assert (await stage.counts("net"))["members"] == {
        "total": 2**24, "reserved": 2**24, "used": 0, "quarantined": 0
    }  # fmt: skip


async def test_an_ipv6_prefix_has_more_addresses_than_64_bits_count(stage: PoolStage) -> None:
    await stage.make("six", "address", {"prefix": "2001:db8::/32"})
    got = await stage.get(pool="six", prefix_length=56, count=3)
    assert got == ["2001:db8::/56", "2001:db8:0:100::/56", "2001:db8:0:200::/56"]
    assert await stage.get(pool="six") == ["2001:db8:0:300::"]
    counts = (await stage.counts("six"))["members"]
    assert (counts["total"], counts["reserved"]) == (2**96, 3 * 2**72 + 1)


async def test_an_allocated_prefix_tells_its_network_and_gateway(stage: PoolStage) -> None:
    await stage.make("net", "address", {"prefix": "192.0.2.0/24"}, gateway="last")
    answer = await stage.ask(pool="net", prefix_length=28)
    assert isinstance(answer, Reserved)
    assert answer.members[0].characteristics == {
        "network": "192.0.2.0",
        "prefixLength": 28,
        "netmask": "255.255.255.240",
        "gateway": "192.0.2.14",
    }


async def test_what_is_withheld_is_never_given(stage: PoolStage) -> None:
    words = ["network", "broadcast", "gateway", "192.0.2.4/31"]
    await stage.make("net", "address", {"prefix": "192.0.2.0/29", "withheld": words})
    assert await stage.get(pool="net", count=3) == ["192.0.2.2", "192.0.2.3", "192.0.2.6"]
    await stage.waits("more", pool="net")
    assert (await stage.counts("net"))["members"]["total"] == 3


async def test_adjacent_blocks_lie_side_by_side(stage: PoolStage) -> None:
    await stage.make("net", "address", {"prefix": "10.0.0.0/24"})
    await stage.get(pool="net", prefix_length=30)
    blocks = await stage.get(pool="net", prefix_length=29, count=3, adjacent=True)
    assert blocks == ["10.0.0.32/29", "10.0.0.40/29", "10.0.0.48/29"]


async def test_a_pool_has_addresses_of_one_family_and_prefixes_without_host_bits(stage: PoolStage) -> None:
    with pytest.raises(InvalidRequest, match="IPv4 or IPv6"):
        await stage.make("net", "address", {"prefix": "10.0.0.0/8"}, {"prefix": "2001:db8::/32"})
    with pytest.raises(InvalidRequest, match="host bits"):
        await stage.make("net", "address", {"prefix": "10.0.0.1/8"})
    await stage.make("net", "address", {"prefix": "10.0.0.0/8"})
    wrong = [await stage.ask(pool="net", prefix_length=33), await stage.ask(pool="net", value="2001:db8::/56")]
    assert [isinstance(answer, Invalid) and answer.code for answer in wrong] == ["invalidDemand"] * 2


async def test_many_at_once_never_overlap_and_come_back_whole(stage: PoolStage) -> None:
    await stage.make("net", "address", {"prefix": "10.0.0.0/20"})
    lengths = [24 + number % 9 for number in range(120)]
    answers = await asyncio.gather(
        *(stage.ask(f"k{n}", pool="net", prefix_length=each) for n, each in enumerate(lengths))
    )
    networks = [ipaddress.ip_network(one.members[0].value) for one in answers if isinstance(one, Reserved)]
    ordered = sorted(networks, key=lambda network: int(network.network_address))
    for one, other in itertools.pairwise(ordered):
        assert int(one.broadcast_address) < int(other.network_address)
    assert (await stage.counts("net"))["members"]["reserved"] == sum(one.num_addresses for one in networks)
    await asyncio.gather(*(stage.pools.release(f"k{number}") for number in range(120)))
    assert [size for _, size in await stage.pieces("net")] == [12]


async def test_capacity_is_packed_and_overbooked_by_its_factor(stage: PoolStage) -> None:
    await stage.make("hosts", "capacity", host("h1", "4", "16 GiB", overbooking=2), host("h2", "4", "64 GiB"))
    assert await stage.get("a", pool="hosts", amounts={"cpu": 2, "memory": "8 GiB"}) == ["h2"]
    assert await stage.get("b", pool="hosts", amounts={"cpu": "3"}) == ["h1"]
    assert await stage.get("c", pool="hosts", amounts={"cpu": "500m", "memory": "32GiB"}) == ["h2"]
    await stage.waits("d", pool="hosts", amounts={"cpu": 1, "memory": "30 GiB"})
    counts = await stage.counts("hosts")
    assert counts["cpu"] == {"total": 12_000, "reserved": 5_500, "used": 0, "quarantined": 0}
    assert counts["memory"]["total"] == 80 * 2**30
    await stage.pools.release("c")
    answer = await stage.pools.look("d")
    assert isinstance(answer, Reserved)
    assert answer.members[0].characteristics == {"cpu": "1", "memory": "30 GiB"}


async def test_capacity_can_be_spread_and_kept_apart(stage: PoolStage) -> None:
    hosts = [host(f"h{number}", "8", "8 GiB", place={"id": f"rack-{number % 2}"}) for number in range(1, 5)]
    await stage.make("hosts", "capacity", *hosts, placement="spread")
    one = {"cpu": 1}
    assert sorted(await stage.get(pool="hosts", amounts=one, count=4)) == ["h1", "h2", "h3", "h4"]
    apart = (Nearness("capacity", ("db",)),)
    got = [await stage.get(f"db-{n}", service="db", pool="hosts", amounts=one, near=apart) for n in range(4)]
    assert sorted(value for [value] in got) == ["h1", "h2", "h3", "h4"]
    await stage.waits("db-5", service="db", pool="hosts", amounts=one, near=apart)
    other_rack = await stage.ask("x", pool="hosts", amounts=one, near=(Nearness("place", ("r",)),))
    assert isinstance(other_rack, Reserved)
    await stage.pools.release("db-0")
    assert isinstance(await stage.pools.look("db-5"), Reserved)


async def test_capacity_that_is_taken_cannot_be_taken_away(stage: PoolStage) -> None:
    await stage.make("hosts", "capacity", host("h1", "4", "16 GiB"))
    await stage.get("a", pool="hosts", amounts={"cpu": 3})
    with pytest.raises(Conflict, match="taken"):
        await stage.administration.change(
            DEFAULT_TENANT, "hosts", lambda body, _: (body, [host("h1", "2", "16 GiB")]), "anna"
        )
    await stage.waits("b", pool="hosts", amounts={"cpu": 2})
    more = host("h1", "8", "16 GiB")
    await stage.administration.change(DEFAULT_TENANT, "hosts", lambda body, _: (body, [more]), "anna")
    assert isinstance(await stage.pools.look("b"), Reserved)
    wrong = await stage.ask(pool="hosts", amounts={"gpu": 1})
    assert isinstance(wrong, Invalid)
    assert "gpu" in wrong.reason
