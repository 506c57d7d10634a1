"""Kinds of tasks in a plan: allocations are the first of an item and its releases the last."""

from typing import Any

from models.domain.decomposition import decompose
from models.domain.plan import Plan, PlannedTask
from models.domain.snapshot import Snapshot
from tests.unit.planning.examples import Body, compiled, fulfilled, item, ordered, picture, related, snapshot
from tests.unit.planning.examples import specification as spec

ADDRESSES = {"kind": "allocate", "input": {"pool": "public", "prefixLength": 29}}


def rules(**actions: dict[str, Body]) -> Body:
    return {action: {"tasks": tasks} for action, tasks in actions.items()}


def planned(order: Body, *bodies: Body) -> Plan:
    return decompose("order-1", order, snapshot((), compiled(bodies)))


def named(plan: Plan, name: str, action: str = "add") -> PlannedTask:
    return next(task for task in plan.tasks if (task.name, task.action) == (name, action))


def deletion(*bodies: Body, root: str) -> Plan:
    done = planned(ordered(item("1", "add", root)), *bodies)
    built: Snapshot = snapshot(fulfilled(done), compiled(bodies))
    service = done.services[0].id
    return decompose("order-2", ordered({"id": "1", "action": "delete", "service": {"id": service}}), built)


def test_the_kind_is_the_action_of_the_capability_and_what_it_asks_for_its_specification() -> None:
    tasks: Body = {
        "addresses": ADDRESSES,
        "licence": {"kind": "allocate", "capability": {"specification": "licence-key"}},
        "circuit": {"kind": "order", "capability": {"specification": "leased-line"}},
        "watch": {"kind": "monitor", "capability": {"action": "change"}},
    }
    made = planned(ordered(item("1", "add", "leaf")), spec("leaf", fulfilment=rules(add=tasks)))
    found = {task.name: (task.kind, task.capability.specification, task.capability.action) for task in made.tasks}
    assert found == {
        "addresses": ("allocate", "public", "allocate"),
        "licence": ("allocate", "licence-key", "allocate"),
        "circuit": ("order", "leased-line", "order"),
        "watch": ("monitor", "leaf", "change"),
    }
    assert {task.compensation for task in made.tasks} == {"operation"}


def test_an_allocation_waits_for_nothing_and_the_other_tasks_of_its_service_wait_for_it() -> None:
    tasks: Body = {"build": {}, "addresses": ADDRESSES, "early": {"needs": []}, "late": {"needs": ["build"]}}
    part, whole = spec("part"), spec("whole", ("bundles", "part"), fulfilment=rules(add=tasks))
    assert picture(planned(ordered(item("1", "add", "whole")), part, whole)) == {
        "1:whole/part.add": [],
        "1:whole.addresses": [],
        "1:whole.build": ["1:whole.addresses", "1:whole/part.add"],
        "1:whole.early": ["1:whole.addresses"],
        "1:whole.late": ["1:whole.build"],
    }


def test_an_allocation_does_not_wait_for_the_items_before_it_but_its_item_does() -> None:
    leaf, plain = spec("leaf", fulfilment=rules(add={"addresses": ADDRESSES, "build": {}})), spec("plain")
    order = ordered(
        item("1", "add", "plain"),
        item("2", "add", "leaf", serviceOrderItemRelationship=related("1")),
        item("3", "add", "plain", serviceOrderItemRelationship=related("2")),
    )
    needs = picture(planned(order, leaf, plain))
    assert needs["2:leaf.addresses"] == []
    assert needs["2:leaf.build"] == ["1:plain.add", "2:leaf.addresses"]
    assert needs["3:plain.add"] == ["2:leaf.build"]


def test_who_waits_for_an_item_that_only_allocates_waits_for_what_that_waits_for() -> None:
    leaf, plain = spec("leaf", fulfilment=rules(add={"addresses": ADDRESSES})), spec("plain")
    order = ordered(
        item("1", "add", "plain"),
        item("2", "add", "leaf", serviceOrderItemRelationship=related("1")),
        item("3", "add", "plain", serviceOrderItemRelationship=related("2")),
    )
    assert picture(planned(order, leaf, plain))["3:plain.add"] == ["1:plain.add", "2:leaf.addresses"]


def test_an_allocation_that_needs_other_work_is_an_ordinary_task() -> None:
    tasks: Body = {"survey": {}, "port": {"kind": "allocate", "needs": ["survey"]}, "build": {"needs": ["port"]}}
    assert picture(planned(ordered(item("1", "add", "leaf")), spec("leaf", fulfilment=rules(add=tasks)))) == {
        "1:leaf.survey": [],
        "1:leaf.port": ["1:leaf.survey"],
        "1:leaf.build": ["1:leaf.port"],
    }


def test_what_add_and_modify_allocate_is_given_back_after_all_else_of_delete() -> None:
    tasks = rules(add={"addresses": ADDRESSES, "build": {}}, modify={"more": ADDRESSES}, delete={"remove": {}})
    made = deletion(spec("leaf", fulfilment=tasks), root="leaf")
    assert picture(made) == {
        "1:leaf.remove": [],
        "1:leaf.addresses": ["1:leaf.remove"],
        "1:leaf.more": ["1:leaf.remove"],
    }
    release = named(made, "addresses", "delete")
    assert (release.kind, release.capability.action, release.compensation) == ("allocate", "allocate", "none")
    assert release.capability == named(planned(ordered(item("1", "add", "leaf")), spec("leaf", fulfilment=tasks)),
                                       "addresses").capability  # fmt: skip


def test_nobody_waits_for_what_gives_back() -> None:
    part = spec("part", fulfilment=rules(add={"vlan": ADDRESSES, "build": {}}))
    whole = spec("whole", ("bundles", "part"), fulfilment=rules(add={"addresses": ADDRESSES}, delete={"remove": {}}))
    assert picture(deletion(part, whole, root="whole")) == {
        "1:whole.remove": [],
        "1:whole.addresses": ["1:whole.remove"],
        "1:whole/part.delete": ["1:whole.remove"],
        "1:whole/part.vlan": ["1:whole/part.delete"],
    }


def test_a_rule_of_delete_for_the_allocation_stands_in_for_ours() -> None:
    own: dict[str, Any] = {"first": {}, "addresses": {"kind": "allocate", "needs": []}, "last": {}}
    made = deletion(spec("leaf", fulfilment=rules(add={"addresses": ADDRESSES}, delete=own)), root="leaf")
    assert sorted(picture(made)) == ["1:leaf.addresses", "1:leaf.first", "1:leaf.last"]


def test_a_kind_survives_storage_and_the_ordinary_one_takes_no_place() -> None:
    made = planned(ordered(item("1", "add", "leaf")),
                   spec("leaf", fulfilment=rules(add={"addresses": ADDRESSES, "build": {}})))  # fmt: skip
    stored = [task.to_document() for task in made.tasks]
    assert [one.get("kind") for one in stored] == ["allocate", None]
    assert tuple(PlannedTask.from_document(one) for one in stored) == made.tasks
