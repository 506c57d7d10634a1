"""What an order becomes: one rule of docs/explanation/decomposition.md each."""

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
    related,
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


# Additions


def test_a_leaf_without_rules_has_one_task_for_whoever_has_the_capability() -> None:
    made = plan(ordered(item("1", "add", "leaf")), catalogue(specification("leaf")))
    (task,) = made.tasks
    assert (task.name, task.capability.specification, task.capability.action) == ("add", "leaf", "add")
    assert task.compensation == "delete"
    assert made.services[0].body["state"] == "designed"
    assert made.services[0].state == "active"


def test_what_is_made_of_others_has_no_tasks_of_its_own_without_rules() -> None:
    seen = catalogue(specification("part"), specification("whole", ("bundles", "part")))
    assert picture(plan(ordered(item("1", "add", "whole")), seen)) == {"1:whole/part.add": []}


def test_parts_come_before_the_whole_and_what_is_relied_on_before_both() -> None:
    seen = catalogue(
        specification("base"),
        specification("part", ("dependency", "base")),
        specification("whole", ("bundles", "part"), fulfilment={"add": TWO_TASKS}),
    )
    assert picture(plan(ordered(item("1", "add", "whole")), seen)) == {
        "1:base.add": [],
        "1:whole/part.add": ["1:base.add"],
        "1:whole.first": ["1:whole/part.add"],
        "1:whole.second": ["1:whole.first"],
    }


def test_a_task_that_names_its_needs_waits_for_nothing_else() -> None:
    rules = {"add": {"tasks": {"early": {"needs": []}, "middle": {"needs": ["child:a"]}, "late": {}}}}
    seen = catalogue(
        specification("a"),
        specification("b"),
        specification("whole", ("bundles", "a"), ("bundles", "b"), fulfilment=rules),
    )
    needs = picture(plan(ordered(item("1", "add", "whole")), seen))
    assert needs["1:whole.early"] == []
    assert needs["1:whole.middle"] == ["1:whole/a.add"]
    assert needs["1:whole.late"] == ["1:whole/a.add", "1:whole/b.add"]


def test_values_flow_down_and_a_condition_leaves_a_part_out() -> None:
    rules = {
        "children": {
            "line": {"characteristic": {"speed": "=service.characteristic.speed"}},
            "extra": {"condition": '=service.characteristic.speed = "fast"'},
        }
    }
    seen = catalogue(
        specification("line", specCharacteristic=[text("speed")]),
        specification("extra"),
        specification("access", ("bundles", "line"), ("bundles", "extra"), fulfilment=rules,
                      specCharacteristic=[text("speed")]),
    )  # fmt: skip
    order = ordered(item("1", "add", "access", service={"serviceCharacteristic": [{"name": "speed", "value": "slow"}]}))
    made = plan(order, seen)
    assert [service.path for service in made.services] == ["access", "access/line"]
    assert values(dict(made.services[1].body)) == {"speed": "slow"}


def test_a_value_that_does_not_fit_a_part_refuses_the_order() -> None:
    rules = {"children": {"line": {"characteristic": {"speed": "=service.characteristic.speed"}}}}
    seen = catalogue(
        specification("line", specCharacteristic=[text("speed", regex="[0-9]+")]),
        specification("access", ("bundles", "line"), fulfilment=rules, specCharacteristic=[text("speed")]),
    )
    order = ordered(item("1", "add", "access", service={"serviceCharacteristic": [{"name": "speed", "value": "slow"}]}))
    assert [pointer for pointer, _ in refusals(order, seen)] == ["/serviceOrderItem/0/service/serviceCharacteristic"]


def test_a_nested_item_describes_a_part_and_its_values_win() -> None:
    rules = {"children": {"line": {"characteristic": {"speed": "=service.characteristic.speed", "color": "red"}}}}
    seen = catalogue(
        specification("line", specCharacteristic=[text("speed"), text("color")]),
        specification("access", ("bundles", "line"), fulfilment=rules, specCharacteristic=[text("speed")]),
    )
    inner = item("2", "add", "line", service={"serviceCharacteristic": [{"name": "color", "value": "blue"}]})
    outer = item("1", "add", "access", serviceOrderItem=[inner],
                 service={"serviceCharacteristic": [{"name": "speed", "value": "slow"}]})  # fmt: skip
    made = plan(ordered(outer), seen)
    assert [(service.item, service.name) for service in made.services] == [("1", "access"), ("1/2", "line")]
    assert values(dict(made.services[1].body)) == {"color": "blue", "speed": "slow"}
    assert made.services[1].parent == made.services[0].id
    assert made.items[0].needs == ("1/2",)


def test_a_quantity_makes_services_that_know_each_other_as_instances() -> None:
    made = plan(ordered(item("1", "add", "leaf", quantity=3)), catalogue(specification("leaf")))
    first, *others = made.services
    assert len({service.id for service in made.services}) == len({task.key for task in made.tasks}) == 3
    related_to = [relation["service"]["id"] for relation in first.body["serviceRelationship"]]
    assert related_to == [other.id for other in others]
    assert made.items[0].services == tuple(service.id for service in made.services)


@pytest.mark.parametrize("state", ["designed", "reserved"])
def test_a_plan_stops_where_the_target_state_says(state: str) -> None:
    made = plan(ordered(item("1", "add", "leaf", service={"state": state})), catalogue(specification("leaf")))
    assert made.tasks == ()
    assert made.services[0].body["state"] == made.services[0].state == state


def test_an_unknown_specification_becomes_a_task_that_only_a_person_can_place() -> None:
    made = plan(ordered(item("1", "add", "nowhere"), item("2", "add")), catalogue())
    assert [task.capability.specification for task in made.tasks] == ["nowhere", ""]


# Relying on others


def test_a_shared_service_is_made_once_for_all_items_and_held_up_by_none() -> None:
    seen = catalogue(specification("platform"), specification("vm", ("dependency", "platform")))
    order = ordered(
        item("1", "add", "vm", serviceOrderItemRelationship=related("2")),
        item("2", "add", "vm"),
        item("3", "add", "vm"),
    )
    needs = picture(plan(order, seen))
    assert needs["1:platform.add"] == []
    assert needs["2:vm.add"] == needs["3:vm.add"] == ["1:platform.add"]
    assert needs["1:vm.add"] == ["1:platform.add", "2:vm.add"]


def test_an_existing_shared_service_is_re_used_without_a_task() -> None:
    bodies = (specification("platform"), specification("vm", ("dependency", "platform")))
    platform = {"id": "p1", "state": "active", "serviceSpecification": {"id": "platform"}}
    made = plan(ordered(item("1", "add", "vm")), snapshot([platform], compiled(bodies)))
    assert picture(made) == {"1:vm.add": []}
    vm, looked_at = made.services
    assert vm.relies_on == ("p1",)
    assert {"id": "p1", "@referredType": "Service"} in vm.body["supportingService"]
    assert looked_at.action == "noChange"
    assert looked_at.id not in made.items[0].services


def matched(zone: str) -> tuple[Body, ...]:
    rules = {"reliesOn": {"platform": {"match": {"characteristic": {"zone": f'="{zone}"'}}}}}
    return (
        specification("platform", specCharacteristic=[text("zone")]),
        specification("vm", ("dependency", "platform"), fulfilment=rules),
    )


@pytest.mark.parametrize(("zone", "reused"), [("north", True), ("south", False)])
def test_a_service_is_re_used_only_where_it_matches(zone: str, reused: bool) -> None:
    platform = {"id": "p1", "state": "active", "serviceSpecification": {"id": "platform"},
                "serviceCharacteristic": [{"name": "zone", "value": "north"}]}  # fmt: skip
    made = plan(ordered(item("1", "add", "vm")), snapshot([platform], compiled(matched(zone))))
    assert ("p1" in made.services[0].relies_on) is reused
    assert len(made.tasks) == (1 if reused else 2)


def test_where_none_may_be_made_the_order_is_refused() -> None:
    rules = {"reliesOn": {"platform": {"create": False}}}
    seen = catalogue(specification("platform"), specification("vm", ("dependency", "platform"), fulfilment=rules))
    assert refusals(ordered(item("1", "add", "vm")), seen) == [("/serviceOrderItem/0/service", "noSharedService")]


def test_the_order_may_name_the_service_to_rely_on() -> None:
    bodies = (specification("platform"), specification("vm", ("dependency", "platform")))
    platforms = [{"id": name, "state": "active", "serviceSpecification": {"id": "platform"}} for name in ("p1", "p2")]
    link = {"relationshipType": "reliesOn", "service": {"id": "p2"}}
    made = plan(
        ordered(item("1", "add", "vm", service={"serviceRelationship": [link]})), snapshot(platforms, compiled(bodies))
    )
    assert made.services[0].relies_on == ("p2",)


def test_an_item_may_rely_on_what_another_item_adds() -> None:
    seen = catalogue(specification("platform"), specification("vm", ("dependency", "platform")))
    order = ordered(
        item("1", "add", "vm", serviceOrderItemRelationship=related("2", kind="reliesOn")), item("2", "add", "platform")
    )
    made = plan(order, seen)
    assert picture(made) == {"2:platform.add": [], "1:vm.add": ["2:platform.add"]}
    assert made.services[0].relies_on == (made.services[1].id,)


# The order of items


def test_an_item_waits_for_what_it_depends_on_and_all_that_stands_inside_it_too() -> None:
    seen = catalogue(specification("part"), specification("whole", ("bundles", "part"), fulfilment={"add": TWO_TASKS}))
    order = ordered(item("a", "add", "whole", serviceOrderItemRelationship=related("b")), item("b", "add", "whole"))
    needs = picture(plan(order, seen))
    assert needs["a:whole/part.add"] == ["b:whole.second"]
    assert needs["a:whole.first"] == ["a:whole/part.add"]


def test_waiting_passes_through_an_item_that_has_nothing_to_do() -> None:
    bodies = (specification("leaf"),)
    kept = {"id": "s1", "state": "active", "serviceSpecification": {"id": "leaf"}}
    order = ordered(
        item("a", "add", "leaf", serviceOrderItemRelationship=related("b")),
        item("b", "noChange", service={"id": "s1"}, serviceOrderItemRelationship=related("c")),
        item("c", "add", "leaf"),
    )
    assert picture(plan(order, snapshot([kept], compiled(bodies))))["a:leaf.add"] == ["c:leaf.add"]


def test_items_that_wait_for_each_other_are_refused_by_name() -> None:
    order = ordered(
        item("a", "add", "leaf", serviceOrderItemRelationship=related("b")),
        item("b", "add", "leaf", serviceOrderItemRelationship=related("a")),
    )
    with pytest.raises(Unplannable, match="a → b → a"):
        plan(order, catalogue(specification("leaf")))
