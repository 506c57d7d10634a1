"""What becomes of services that exist: one rule of docs/explanation/decomposition.md each."""

from dataclasses import replace

import pytest

from models.domain.decomposition import Unplannable, decompose
from models.domain.plan import Plan
from models.domain.snapshot import Snapshot
from tests.unit.planning.examples import (
    Body,
    compiled,
    fulfilled,
    item,
    ordered,
    picture,
    snapshot,
    specification,
)

TWO_TASKS = {"tasks": {"first": {}, "second": {"needs": ["first"]}}}


def catalogue(*bodies: Body) -> Snapshot:
    return snapshot((), compiled(bodies))


def plan(order: Body, seen: Snapshot) -> Plan:
    return decompose("order-1", order, seen)


def built(order: Body, *bodies: Body) -> tuple[Plan, Snapshot]:
    """The plan of an order, and the inventory when it is done."""
    done = plan(order, catalogue(*bodies))
    return done, snapshot(fulfilled(done), compiled(bodies))


def refusals(order: Body, seen: Snapshot) -> list[tuple[str, str]]:
    with pytest.raises(Unplannable) as refused:
        plan(order, seen)
    return [(violation.pointer, violation.code) for violation in refused.value.violations]


def values(body: Body) -> dict[str, object]:
    return {entry["name"]: entry["value"] for entry in body.get("serviceCharacteristic", [])}


def text(name: str, **more: object) -> Body:
    return {"name": name, "valueType": "string", "minCardinality": 0, "maxCardinality": 1, **more}


# Modifications


MAPPED = (
    specification("line", specCharacteristic=[text("speed")]),
    specification("box"),
    specification(
        "access",
        ("bundles", "line"),
        ("bundles", "box"),
        specCharacteristic=[text("speed"), text("label")],
        fulfilment={
            "children": {
                "line": {"characteristic": {"speed": "=service.characteristic.speed"}},
                "box": {"quantity": '=if service.characteristic.speed = "fast" then 2 else 1'},
            },
            "modify": {"tasks": {"check": {}}},
        },
    ),
)
SLOW = item("1", "add", "access", service={"serviceCharacteristic": [{"name": "speed", "value": "slow"}]})


def modified(name: str, value: object) -> tuple[Plan, Plan]:
    done, seen = built(ordered(SLOW), *MAPPED)
    change = {"id": done.services[0].id, "serviceCharacteristic": [{"name": name, "value": value}]}
    return done, plan(ordered(item("1", "modify", service=change)), seen)


def test_a_modification_touches_only_the_parts_whose_values_change() -> None:
    _, made = modified("label", "new")
    assert picture(made) == {"1:access.check": []}
    _, made = modified("speed", "faster")
    assert picture(made) == {"1:access/line.modify": [], "1:access.check": ["1:access/line.modify"]}


def test_a_modification_is_a_delta_for_the_parts_as_well() -> None:
    _, made = modified("speed", "faster")
    bodies = {service.name: service.body for service in made.services}
    assert bodies["line"] == {"serviceCharacteristic": [{"name": "speed", "value": "faster"}]}
    assert bodies["box"] == {}


def test_a_modification_adds_a_part_that_is_wanted_now_and_tells_the_whole() -> None:
    done, made = modified("speed", "fast")
    new = next(service for service in made.services if service.action == "add")
    assert new.path == "access/box[2]"
    relations = made.services[0].body["serviceRelationship"]
    assert [relation["service"]["id"] for relation in relations] == [*(one.id for one in done.services[1:]), new.id]


def test_a_modification_removes_a_part_that_is_no_longer_wanted_last_of_all() -> None:
    fast = item("1", "add", "access", service={"serviceCharacteristic": [{"name": "speed", "value": "fast"}]})
    done, seen = built(ordered(fast), *MAPPED)
    change = {"id": done.services[0].id, "serviceCharacteristic": [{"name": "speed", "value": "slow"}]}
    made = plan(ordered(item("1", "modify", service=change)), seen)
    assert picture(made)["1:access/box[2].delete"] == ["1:access.check"]
    assert len(made.services[0].body["serviceRelationship"]) == 2


def test_the_target_state_of_a_modification_stays_with_the_service_itself() -> None:
    done, seen = built(ordered(SLOW), *MAPPED)
    made = plan(ordered(item("1", "modify", service={"id": done.services[0].id, "state": "inactive"})), seen)
    assert {service.name: service.state for service in made.services} == {
        "access": "inactive", "line": "active", "box": "active",
    }  # fmt: skip


def test_an_item_inside_a_modification_changes_a_part_together_with_what_is_handed_down() -> None:
    done, seen = built(ordered(SLOW), *MAPPED)
    line = next(service for service in done.services if service.name == "line")
    inner = item("2", "modify", service={"id": line.id, "description": "renamed"})
    change = {"id": done.services[0].id, "serviceCharacteristic": [{"name": "speed", "value": "faster"}]}
    made = plan(ordered(item("1", "modify", service=change, serviceOrderItem=[inner])), seen)
    changed = next(service for service in made.services if service.id == line.id)
    assert changed.item == "1/2"
    assert changed.body == {
        "description": "renamed", "serviceCharacteristic": [{"name": "speed", "value": "faster"}],
    }  # fmt: skip


# Deletions


def test_a_deletion_goes_the_other_way_round() -> None:
    bodies = (
        specification("base"),
        specification("part", ("dependency", "base")),
        specification("whole", ("bundles", "part"), ("bundles", "base"), fulfilment={"delete": TWO_TASKS}),
    )
    done, seen = built(ordered(item("1", "add", "whole")), *bodies)
    made = plan(ordered(item("1", "delete", service={"id": done.services[0].id})), seen)
    assert picture(made) == {
        "1:whole.first": [],
        "1:whole.second": ["1:whole.first"],
        "1:whole/part.delete": ["1:whole.second"],
        "1:whole/base.delete": ["1:whole.second", "1:whole/part.delete"],
    }
    assert {service.state for service in made.services} == {"terminated"}


def test_a_shared_service_stays_and_one_made_for_this_alone_goes() -> None:
    rules = {"reliesOn": {"own": {"reuse": False}}}
    bodies = (
        specification("shared"), specification("own"),
        specification("vm", ("dependency", "shared"), ("dependency", "own"), fulfilment=rules),
    )  # fmt: skip
    done, seen = built(ordered(item("1", "add", "vm")), *bodies)
    made = plan(ordered(item("1", "delete", service={"id": done.items[0].services[0]})), seen)
    assert picture(made) == {"1:vm.delete": [], "1:vm/own.delete": ["1:vm.delete"]}


def test_a_service_that_others_rely_on_cannot_be_deleted() -> None:
    bodies = (specification("shared"), specification("vm", ("dependency", "shared")))
    done, seen = built(ordered(item("1", "add", "vm")), *bodies)
    shared = done.services[0].relies_on[0]
    order = ordered(item("1", "delete", service={"id": shared}))
    assert refusals(order, seen) == [("/serviceOrderItem/0/service/id", "serviceInUse")]


def test_it_can_be_deleted_after_all_that_rely_on_it_in_the_same_order() -> None:
    bodies = (specification("shared"), specification("vm", ("dependency", "shared")))
    done, seen = built(ordered(item("1", "add", "vm")), *bodies)
    shared = done.services[0].relies_on[0]
    order = ordered(
        item("1", "delete", service={"id": shared}), item("2", "delete", service={"id": done.services[0].id})
    )
    assert picture(plan(order, seen)) == {"2:vm.delete": [], "1:shared.delete": ["2:vm.delete"]}


def test_a_part_that_others_rely_on_survives_its_bundle() -> None:
    bodies = (
        specification("line"),
        specification("access", ("bundles", "line")),
        specification("tap", ("dependency", "line")),
    )
    done, _ = built(ordered(item("1", "add", "access")), *bodies)
    line = done.services[1].id
    tap = {"id": "tap", "state": "active", "serviceSpecification": {"id": "tap"},
           "serviceRelationship": [{"relationshipType": "reliesOn", "service": {"id": line}}]}  # fmt: skip
    seen = snapshot(fulfilled(done, [tap]), compiled(bodies))
    made = plan(ordered(item("1", "delete", service={"id": done.services[0].id})), seen)
    assert {service.name: service.action for service in made.services} == {"access": "delete", "line": "noChange"}


def test_an_item_inside_a_deletion_that_keeps_a_part_keeps_it() -> None:
    bodies = (specification("line"), specification("access", ("bundles", "line"), fulfilment={"delete": TWO_TASKS}))
    done, seen = built(ordered(item("1", "add", "access")), *bodies)
    kept = item("2", "noChange", service={"id": done.services[1].id})
    made = plan(ordered(item("1", "delete", service={"id": done.services[0].id}, serviceOrderItem=[kept])), seen)
    assert {task.name for task in made.tasks} == {"first", "second"}


def test_the_same_service_cannot_be_the_matter_of_two_items() -> None:
    kept = {"id": "s1", "state": "active", "serviceSpecification": {"id": "leaf"}}
    order = ordered(item("1", "modify", service={"id": "s1"}), item("2", "delete", service={"id": "s1"}))
    assert ("/serviceOrderItem/0/service/id", "duplicateService") in refusals(
        order, snapshot([kept], compiled([specification("leaf")]))
    )


def test_specifications_that_contain_each_other_end_in_a_refusal() -> None:
    seen = catalogue(specification("a", ("bundles", "b")), specification("b", ("bundles", "a")))
    assert refusals(ordered(item("1", "add", "a")), seen) == [("/serviceOrderItem/0", "planTooLarge")]


# What is gone


BUILT_ANEW = (
    specification("port"),
    specification("net"),
    specification(
        "circuit",
        ("bundles", "port"),
        ("dependency", "net"),
        specCharacteristic=[text("speed"), text("vlan")],
        fulfilment={
            "add": {"tasks": {"vlan": {"kind": "allocate"}, "build": {"needs": ["vlan", "child.port"]}, "test": {}}}
        },
    ),
)


def gone(seen: Snapshot, service: str) -> Snapshot:
    """The inventory once somebody has said that a service is not there, which a fulfiller of its own supports."""
    body = {**seen.services[service], "state": "terminated"}
    body["supportingService"] = [*body["supportingService"], {"id": "theirs", "fulfiller": "north"}]
    return replace(seen, services={**seen.services, service: body}, gone=frozenset([service]))


def test_a_service_that_is_gone_is_built_anew_under_its_id_with_what_it_still_has() -> None:
    values_ordered = {"serviceCharacteristic": [{"name": "speed", "value": "fast"}]}
    first, seen = built(ordered(item("1", "add", "circuit", service=values_ordered)), *BUILT_ANEW)
    (circuit,) = (one for one in first.services if one.path == "circuit")
    anew = ordered(item("1", "add", "circuit", service={"id": circuit.id, **values_ordered}))
    again = decompose("order-2", anew, gone(seen, circuit.id))
    (service,) = (one for one in again.services if one.action != "noChange")
    assert (service.id, service.action, service.anew, service.state) == (circuit.id, "modify", True, "active")
    assert {one.name for one in again.services if one.action == "noChange"} == {"port", "net"}
    tasks = {task.name: task for task in again.tasks}  # what was allocated is its own still; its parts are there
    assert {name: (task.action, task.service) for name, task in tasks.items()} == {
        "build": ("add", circuit.id), "test": ("add", circuit.id),
    }  # fmt: skip
    assert tasks["build"].capability.action == "add"
    assert "theirs" not in str(service.body["supportingService"])
    assert Plan.from_document(again.to_document()) == again


def test_what_is_there_again_by_the_time_of_planning_is_not_built_a_second_time() -> None:
    first, seen = built(ordered(item("1", "add", "port")), *BUILT_ANEW)
    (port,) = first.services
    again = ordered(item("1", "add", "port", service={"id": port.id}))
    at = "/serviceOrderItem/0/service/id"
    with pytest.raises(Unplannable) as refused:
        decompose("order-2", again, seen)
    assert [(one.pointer, one.code) for one in refused.value.violations] == [(at, "serviceExists")]
