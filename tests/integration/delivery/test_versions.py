"""Subscribers of both versions of an API are told of the same change, each in its own words."""

from models import resources
from models.clock import Clock
from models.domain.pools.demand import Demand, Holder
from models.domain.resource_states import Standing, put
from models.pools.administration import PoolAdministration
from models.pools.pools import ResourcePoolStore
from models.resources import Cause, ResourceChange
from tests.integration.delivery.conftest import World
from tests.integration.delivery.subscribers import listening


async def _record(world: World, key: str, kind: str) -> None:
    body = {"@type": kind, "name": key, "place": {"id": "p", "role": "site"}, **put(Standing.FREE)}
    await world.store.insert("resource", resources.new(key, "default", body, Clock().now()))


async def _reserve(world: World, key: str) -> None:
    wanted = ResourceChange(put(Standing.RESERVED), {"holder": {"order": "o-1"}}, cause=Cause(order="o-1"))
    await resources.change(world.store, world.clock, key, "default", lambda _: wanted)


async def test_a_physical_resource_has_events_of_its_own_in_version_4_alone(world: World) -> None:
    async with listening() as fourth, listening() as fifth, world.notifier():
        common = {"api": "tmf639", "appendListenerPath": True}
        await world.subscribe(fourth.url, "eventType=PhysicalResourceCreateEvent", version="v4", **common)
        await world.subscribe(fifth.url, "eventType=ResourceCreateEvent", version="v5", **common)
        await _record(world, "vlan", "LogicalResource")
        await _record(world, "router", "PhysicalResource")
        await fourth.has(1)
        await fifth.has(2)
        await world.nothing_pending()
    [told] = fourth.calls
    assert told.path.endswith("/listener/physicalResourceCreateEvent")
    assert told.envelope["event"]["physicalResource"]["place"] == {"id": "p", "role": "site"}
    assert {call.path.rpartition("/")[2] for call in fifth.calls} == {"resourceCreateEvent"}
    assert {call.envelope["event"]["resource"]["id"] for call in fifth.calls} == {"vlan", "router"}


async def test_the_same_change_is_told_in_the_words_of_each_version(world: World) -> None:
    async with listening() as fourth, listening() as fifth, world.notifier():
        await world.subscribe(fourth.url, "event.resource.resourceStatus=reserved", api="tmf639", version="v4")
        await world.subscribe(fifth.url, "event.resource.allocationStatus=reserved", api="tmf639", version="v5")
        await _record(world, "vlan", "LogicalResource")
        await _reserve(world, "vlan")
        await fourth.has(1)
        await fifth.has(1)
        await world.nothing_pending()
    old, new = fourth.calls[0].envelope, fifth.calls[0].envelope
    assert old["eventId"] == new["eventId"]
    assert (old["correlationId"], new["correlationId"]) == ("o-1", "o-1")
    assert old["event"]["resource"]["name"] == "vlan"
    assert new["event"]["resource"] == {
        "id": "vlan",
        "@type": "LogicalResource",
        "allocationStatus": "reserved",
        "href": "http://som.example/tmf-api/resourceInventoryManagement/v5/resource/vlan",
    }


async def test_a_threshold_of_a_pool_is_told_to_those_who_asked_once_each_way(world: World) -> None:
    pools = ResourcePoolStore(world.store, world.clock)
    body = {"id": "vlans", "name": "vlans", "kind": "discrete", "threshold": [{"name": "high", "level": 0.8}]}
    numbers = {"capacityAmount": {"capacityAmountFrom": "1", "capacityAmountTo": "100"}}
    async with listening() as reached, listening() as everything, world.notifier():
        await world.subscribe(reached.url, "reached=true&threshold=high", api="som", version="v1")
        await world.subscribe(everything.url, None, api="som", version="v1", appendListenerPath=True)
        await PoolAdministration(world.store, world.clock, pools.turns).create("default", body, [numbers], "anna")
        await pools.reserve("most", Holder(service="s-1"), Demand(pool="vlans", count=79))
        for number in range(3):
            await pools.reserve(f"one-{number}", Holder(service="s-1"), Demand(pool="vlans"))
            await pools.release(f"one-{number}")
        await pools.release("most")
        await everything.has(3)
        await reached.has(1)
        await world.nothing_pending()
    assert [call.path.rpartition("/")[2] for call in everything.calls] == [
        "resourcePoolCreateEvent",
        "resourcePoolThresholdCrossedEvent",
        "resourcePoolThresholdCrossedEvent",
    ]
    [told] = reached.calls
    assert told.envelope.items() >= {"threshold": "high", "level": 0.8, "reached": True, "utilisation": 0.8}.items()
    assert told.envelope["event"]["resourcePool"]["href"] == "http://som.example/som/v1/resourcePool/vlans"
    assert everything.calls[2].envelope["utilisation"] == 0.0
