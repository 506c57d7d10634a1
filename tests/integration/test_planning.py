"""Planning on a real database: catalogue and inventory as they stand become the snapshot of an order."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.catalogue import Catalogue, Reference
from models.domain.caller import ANONYMOUS, Caller
from models.domain.deletions import delete_tasks
from models.domain.draft import Unplannable
from models.domain.order_check import check_order
from models.domain.order_items import items_of
from models.domain.plan import Plan
from models.domain.publishing import check_publishable
from models.domain.snapshot import Wish
from models.indexes import create_all
from models.inventory import Inventory
from models.patterns import Re2Patterns
from models.planning import load_relations, load_services, load_snapshot, load_surface, plan_order
from models.store import Store, connect
from tests.unit.planning.examples import (
    NOW,
    PATTERNS,
    Body,
    catalogue,
    fulfilled,
    item,
    order,
    ordered,
    picture,
    specification,
)

STRANGER = Caller("stranger", frozenset(), "elsewhere")


class World:
    """A database with a catalogue and an inventory."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.catalogue = Catalogue(store, Re2Patterns())
        self.inventory = Inventory(store)
        self._created = datetime(2026, 1, 1, tzinfo=UTC)

    async def put(self, collection: str, *bodies: Body) -> None:
        for body in bodies:
            self._created += timedelta(seconds=1)
            document = {
                "_id": body["id"],
                "tenant": "default",
                "rev": 1,
                "seq": 1,
                "created": self._created,
                "body": body,
            }
            await self.store.collection(collection).replace_one({"_id": body["id"]}, document, upsert=True)

    async def plan(self, order_id: str, body: Body) -> Plan:
        return (await plan_order(order_id, ANONYMOUS, body, self.catalogue, self.inventory, NOW))[0]

    async def snapshot(self, body: Body, caller: Caller = ANONYMOUS) -> Any:
        return await load_snapshot(caller, body, self.catalogue, self.inventory, NOW)


@pytest.fixture
async def world(mongodb_url: str, database_name: str) -> AsyncIterator[World]:
    client = connect(mongodb_url)
    async with client:
        made = World(Store(client, database_name))
        await create_all(made.store.database)
        await made.put("serviceSpecification", *catalogue().values())
        yield made


async def test_an_order_is_planned_from_what_stands_in_the_database(world: World) -> None:
    body = order("add-internet-access.json")
    seen = await load_surface(ANONYMOUS, items_of(body), world.catalogue, world.inventory, NOW)
    assert check_order(body, seen) == []
    plan = await world.plan("o", body)
    assert len(plan.services) == 6
    assert len(plan.tasks) == 11


async def test_what_was_built_can_be_modified_and_deleted(world: World) -> None:
    body = order("add-internet-access.json")
    plan = await world.plan("o", body)
    await world.put("service", *fulfilled(plan))
    root = plan.services[0].id
    change = order("modify-internet-access.json", SERVICE_ID=root)
    assert {name.rsplit("/", 1)[-1] for name in picture(await world.plan("m", change))} == {
        "line.reconfigure", "router.modify", "1:business-internet-access.acceptanceTest",
    }  # fmt: skip
    gone = order("delete-internet-access.json", SERVICE_ID=root)
    services = (await world.plan("d", gone)).services
    assert {service.id for service in services} == {service.id for service in plan.services}


async def test_a_second_order_re_uses_what_the_first_has_built_and_keeps_it_from_deletion(world: World) -> None:
    body = order("add-virtual-machine.json")
    first = await world.plan("one", body)
    await world.put("service", *fulfilled(first))
    second = await world.plan("two", body)
    platform = next(service for service in first.services if service.name == "platform")
    assert platform.id in {other for service in second.services for other in service.relies_on}
    assert not [task for task in second.tasks if task.name == "provision"]
    away = ordered(item("1", "delete", service={"id": platform.id}))
    with pytest.raises(Unplannable, match="rely on it"):
        await world.plan("three", away)


async def test_the_oldest_of_several_shared_services_is_taken(world: World) -> None:
    zone = [{"name": "zone", "value": "north"}]
    for name in ("old", "young"):
        body = {"id": name, "state": "active", "serviceSpecification": {"id": "compute-platform-1"},
                "serviceCharacteristic": zone}  # fmt: skip
        await world.put("service", body)
    machine = ordered(item("1", "add", "virtual-machine-1", service={
        "serviceCharacteristic": [{"name": "hostname", "value": "one"}]}))  # fmt: skip
    assert (await world.plan("o", machine)).services[0].relies_on == ("old",)


def platform(name: str, zone: str, state: str = "active") -> Body:
    values = [{"name": "zone", "value": zone}]
    reference = {"id": "compute-platform-1"}
    return {"id": name, "state": state, "serviceSpecification": reference, "serviceCharacteristic": values}


async def test_one_to_re_use_is_found_however_many_others_there_are(world: World) -> None:
    await world.put("service", *(platform(f"other-{number}", f"zone-{number}") for number in range(205)))
    machine = ordered(item("1", "add", "virtual-machine-1", service={
        "serviceCharacteristic": [{"name": "hostname", "value": "one"}]}))  # fmt: skip
    parts = (ANONYMOUS, machine, world.catalogue, world.inventory, NOW)
    assert [task.name for task in (await plan_order("none", *parts))[0].tasks].count("provision") == 1
    await world.put("service", platform("mine", "north"), platform("younger", "north"))
    assert (await plan_order("found", *parts))[0].services[0].relies_on == ("mine",)


async def test_the_search_looks_at_no_other_service_than_the_one_it_finds(world: World) -> None:
    await world.put("service", *(platform(f"out-{number}", "north", "terminated") for number in range(50)))
    await world.put("service", *(platform(f"other-{number}", f"zone-{number}") for number in range(50)))
    await world.put("service", platform("mine", "north"), platform("younger", "north"))
    await world.store.database.command("profile", 2)
    for match, found in (({"zone": "north"}, ["mine"]), ({"zone": "east"}, []), ({}, ["other-0"])):
        wish = Wish("compute-platform-1", match, "k")
        assert [body["id"] for body in await world.inventory.shared_with("default", wish)] == found
    await world.store.database.command("profile", 0)
    seen = world.store.collection("system.profile").find({"op": "query"}).sort("ts", 1)
    assert [entry["docsExamined"] async for entry in seen] == [1, 0, 1]


async def test_several_values_have_to_fit_the_same_service(world: World) -> None:
    for name, values in (("one", {"zone": "north", "tier": 1}), ("two", {"zone": "north", "tier": {"gold": [1, 2]}})):
        characteristics = [{"name": key, "value": value} for key, value in values.items()]
        await world.put("service", {**platform(name, ""), "serviceCharacteristic": characteristics})
    wish = Wish("compute-platform-1", {"zone": "north", "tier": {"gold": [1, 2]}}, "k")
    assert [body["id"] for body in await world.inventory.shared_with("default", wish)] == ["two"]


async def test_what_is_being_taken_out_of_use_is_not_relied_on_any_more(world: World) -> None:
    await world.put("service", platform("leaving", "north"), platform("staying", "north"))
    owner = {"order": "x", "item": "1", "plan": "x", "action": "delete"}
    await world.store.collection("service").update_one({"_id": "leaving"}, {"$set": {"owner": owner}})
    wish = Wish("compute-platform-1", {"zone": "north"}, "k")
    assert [body["id"] for body in await world.inventory.shared_with("default", wish)] == ["staying"]


async def test_what_another_order_builds_is_waited_for_and_what_it_only_designs_is_not(world: World) -> None:
    machine = ordered(item("1", "add", "virtual-machine-1", service={
        "serviceCharacteristic": [{"name": "hostname", "value": "one"}]}))  # fmt: skip
    parts = (ANONYMOUS, machine, world.catalogue, world.inventory, NOW)
    await world.put("service", platform("drawn", "north", "designed"), platform("coming", "north", "designed"))
    assert (await plan_order("o", *parts))[0].awaits == ()
    owner = {"order": "builder", "item": "1", "plan": "builder"}
    await world.store.collection("service").update_one({"_id": "coming"}, {"$set": {"owner": owner}})
    plan, _ = await plan_order("o", *parts)
    assert [(one.order, one.service) for one in plan.awaits] == [("builder", "coming")]
    assert not [task for task in plan.tasks if task.name == "provision"]


async def test_other_tenants_see_neither_catalogue_nor_inventory(world: World) -> None:
    await world.put("service", {"id": "s1", "state": "active", "serviceSpecification": {"id": "48"}})
    body = ordered(item("1", "add", "48"), item("2", "modify", service={"id": "s1"}))
    seen = await world.snapshot(body, STRANGER)
    assert (dict(seen.specifications), dict(seen.services)) == ({}, {})


async def test_a_specification_published_after_the_catalogue_was_read_is_found(world: World) -> None:
    assert await world.catalogue.specification("default", id="48") is not None
    await world.put("serviceSpecification", specification("late"))
    assert (await world.catalogue.specification("default", id="late") or {})["id"] == "late"
    assert await world.catalogue.specification("default", id="never") is None


async def test_a_change_is_seen_once_the_cache_is_told(world: World) -> None:
    await world.put("serviceSpecification", specification("one", lifecycleStatus="In design"))
    before = await world.catalogue.compiled("default", Reference(id="one"))
    changed = {**specification("one"), "lifecycleStatus": "Active"}
    await world.store.collection("serviceSpecification").update_one(
        {"_id": "one"}, {"$set": {"body": changed, "rev": 2}}
    )
    world.catalogue.invalidate()
    after = await world.catalogue.compiled("default", Reference(id="one"))
    assert (before.lifecycle_status, after.lifecycle_status) == ("In design", "Active")  # type: ignore[union-attr]


async def test_a_family_is_found_by_name_in_its_newest_orderable_version(world: World) -> None:
    for number, status in (("1.9", "Active"), ("1.10", "Active"), ("2.0", "In design")):
        body = {**specification(f"f-{number}", lifecycleStatus=status), "name": "family", "version": number}
        await world.put("serviceSpecification", body)
    newest = await world.catalogue.specification("default", name="family")
    exact = await world.catalogue.specification("default", name="family", version="1.9")
    assert ((newest or {})["id"], (exact or {})["id"]) == ("f-1.10", "f-1.9")
    body = ordered({"id": "1", "action": "add", "service": {"serviceSpecification": {"name": "family"}}})
    assert (await world.plan("o", body)).tasks[0].specification == "f-1.10"


async def test_a_specification_is_checked_against_those_it_is_made_of(world: World) -> None:
    body = catalogue()["business-internet-access-1"]
    seen = await load_relations(ANONYMOUS, body, world.catalogue, NOW)
    assert check_publishable(body, PATTERNS, seen.specification) == []


async def test_what_an_order_has_built_can_be_undone_unless_somebody_else_relies_on_it(world: World) -> None:
    body = order("add-virtual-machine.json")
    plan = await world.plan("one", body)
    await world.put("service", *fulfilled(plan))
    ids = [service.id for service in plan.services]
    built = [(service.item, service.id) for service in plan.services]
    seen = await load_services("one", ANONYMOUS, ids, world.catalogue, world.inventory, NOW)
    tasks = delete_tasks("one", seen, built)
    assert {task.service for task in tasks} == set(ids) - {plan.services[0].id}  # the bundle has nothing to do
    assert len({task.key for task in tasks} | {task.key for task in plan.tasks}) == len(tasks) + len(plan.tasks)
    link = {"serviceOrderId": "one", "itemAction": "add"}
    await world.put("service", *({**service, "serviceOrderItem": [link]} for service in fulfilled(plan)))
    shared = [pair for pair in built if pair[1] == next(one.id for one in plan.services if one.share)]
    alone = await load_services("one", ANONYMOUS, [shared[0][1]], world.catalogue, world.inventory, NOW)
    assert {task.service for task in delete_tasks("one", alone, shared)} == {
        shared[0][1]
    }  # what the same order has added is no hindrance
    other = await world.plan("two", body)
    await world.put("service", *fulfilled(other))
    seen = await load_services("one", ANONYMOUS, ids, world.catalogue, world.inventory, NOW)
    with pytest.raises(Unplannable):
        delete_tasks("one", seen, built)
