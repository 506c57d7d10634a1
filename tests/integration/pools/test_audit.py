"""The check of a pool finds what somebody has broken, and mends it."""

import asyncio

from models.domain.pools.audit import Finding
from models.domain.pools.demand import Demand, Holder
from models.pools.audit import Audit
from tests.integration.pools.stage import PoolStage, numbers


async def found(stage: PoolStage, pool: str = "vlans", *, repair: bool = False) -> list[Finding]:
    audit = Audit(stage.store, stage.clock, stage.pools.turns)
    return (await audit.check(pool, repair=repair, who="anna"))[1]


async def codes(stage: PoolStage, pool: str = "vlans", *, repair: bool = False) -> list[str]:
    return sorted({one.code for one in await found(stage, pool, repair=repair)})


async def used_pools(stage: PoolStage) -> None:
    for service in ("s-1", "s-2"):
        await stage.store.insert("service", {"_id": service, "tenant": "default", "body": {"state": "active"}})
    await stage.vlans(1, 50, quarantine=60)
    await stage.make("net", "address", {"prefix": "10.0.0.0/24", "withheld": ["network", "broadcast"]})
    await stage.make("hosts", "capacity", {"id": "h1", "measure": [{"name": "cpu", "amount": "8"}]})
    await stage.make("keys", "discrete", {"id": "batch", "value": ["k-1", "k-2", "k-3"]})
    for number, service in enumerate(("s-1", "s-2", "s-1")):
        await stage.get(f"v{number}", service=service, pool="vlans", count=2)
        await stage.get(f"n{number}", service=service, pool="net", prefix_length=28 + number)
        await stage.get(f"h{number}", service=service, pool="hosts", amounts={"cpu": 2})
    await stage.get("k", service="s-1", pool="keys", value="k-2")
    await stage.pools.commit(Holder(service="s-1"))
    await stage.pools.release("v0")
    await stage.pools.release("n1")
    await stage.pools.release("h1")


async def test_pools_that_were_used_are_as_they_must_be(stage: PoolStage) -> None:
    await used_pools(stage)
    assert [await found(stage, pool) for pool in ("vlans", "net", "hosts", "keys")] == [[]] * 4


async def test_counts_and_free_space_that_somebody_has_changed_are_counted_anew(stage: PoolStage) -> None:
    await used_pools(stage)
    before = [await stage.counts(pool) for pool in ("vlans", "net", "hosts")]
    pieces = stage.store.collection("poolPiece")
    await stage.store.collection("resourcePool").update_many({}, {"$set": {"usage.0.reserved": "40"}})
    await pieces.delete_one({"pool": "vlans"})
    await pieces.delete_one({"pool": "net", "size": 5})
    await pieces.update_one({"pool": "hosts"}, {"$set": {"free": [9_000], "size": 9_000}})
    for pool in ("vlans", "net", "hosts"):
        assert await codes(stage, pool) == ["countsDiffer", "freeSpaceDiffers"]
        assert all(one.repaired for one in await found(stage, pool, repair=True))
        assert await found(stage, pool) == []
    assert [await stage.counts(pool) for pool in ("vlans", "net", "hosts")] == before
    assert await stage.get("again", service="s-2", pool="net", prefix_length=27) == ["10.0.0.32/27"]


async def test_a_pool_in_many_pieces_is_mended_while_it_works_and_once_by_two_who_try(stage: PoolStage) -> None:
    await stage.store.insert("service", {"_id": "s-1", "tenant": "default", "body": {"state": "active"}})
    await stage.vlans(1, 1_000)
    await asyncio.gather(*(stage.get(f"k{number}", pool="vlans") for number in range(800)))
    await asyncio.gather(*(stage.pools.release(f"k{number}") for number in range(0, 800, 2)))
    before, pieces = await stage.counts(), stage.store.collection("poolPiece")
    await pieces.delete_many({"pool": "vlans"})
    [taken] = await stage.store.collection("resource").find({"claim": "k1"}).to_list()
    position = taken["position"]
    made_up = {
        "_id": f"vlans:{position}",
        "tenant": "default",
        "pool": "vlans",
        "axis": "",
        "start": position,
        "size": 1,
    }
    await pieces.insert_one({**made_up, "part": taken["part"], "traits": taken["traits"]})
    await stage.store.collection("resourcePool").update_many({}, {"$set": {"usage.0.used": "7"}})
    first, second, *_ = await asyncio.gather(
        found(stage, repair=True), found(stage, repair=True), stage.pools.release("k3"), stage.pools.release("k5")
    )
    told = [{one.repaired for one in findings} for findings in (first, second) if findings]
    assert told.count({True}) == 1, "the other was too late, or found nothing wrong any more"
    assert await found(stage) == []
    assert (await stage.counts())["members"] == {**before["members"], "reserved": before["members"]["reserved"] - 2}


async def test_what_two_have_is_named_and_left_to_people(stage: PoolStage) -> None:
    await used_pools(stage)
    [first, *_] = await stage.store.collection("resource").find({"pool": "net"}).sort("position", 1).to_list()
    other = {**first, "_id": "another", "claim": "another", "bits": 1, "position": "0a000011", "body": first["body"]}
    await stage.store.collection("resource").insert_one(other)
    twice = [one for one in await found(stage, "net", repair=True) if one.code == "givenTwice"]
    assert [(one.resource, one.repaired) for one in twice] == [("another", False)]


async def test_members_of_holders_that_are_gone_and_expired_reservations_are_released(stage: PoolStage) -> None:
    await used_pools(stage)
    await stage.get("late", service="s-2", pool="vlans", seconds=10)
    await stage.store.collection("service").update_one({"_id": "s-1"}, {"$set": {"body.state": "terminated"}})
    await stage.store.collection("service").delete_one({"_id": "s-2"})
    assert await codes(stage) == ["holderGone"]
    mended = await found(stage, repair=True)
    assert {(one.code, one.repaired) for one in mended} == {("holderGone", True)}
    assert len(mended) == 5
    assert await found(stage) == []
    assert (await stage.counts())["members"] == {"total": 50, "reserved": 0, "used": 0, "quarantined": 7}


async def test_who_waits_for_an_order_that_has_ended_leaves_the_line(stage: PoolStage) -> None:
    await stage.make("one", "discrete", numbers(1, 1))
    for key in ("a", "b"):
        await stage.pools.reserve(key, Holder(plan="plan-of-nobody", task=key), Demand(pool="one"))
    assert await codes(stage, "one") == ["holderGone", "waitsForNobody"]
    await found(stage, "one", repair=True)
    assert await codes(stage, "one") == []
    assert await stage.pools.look("b") is None
