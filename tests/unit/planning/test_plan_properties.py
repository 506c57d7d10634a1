"""What holds for every plan, whatever the order."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from models.domain.decomposition import decompose
from models.domain.graph import in_order
from models.domain.ids import derived_id
from models.domain.plan import Plan
from tests.unit.planning.examples import Body, compiled, fulfilled, item, ordered, related, snapshot, specification

TASKS = {"tasks": {"a": {}, "b": {"needs": ["a"]}, "c": {"needs": ["a"]}, "d": {"needs": []}}}
SPECIFICATIONS = compiled([
    specification("shared"),
    specification("leaf"),
    specification("second", ("dependency", "leaf"), fulfilment={"add": TASKS}),
    specification("whole", ("bundles", "second"), ("bundles", "leaf"), ("dependency", "shared"),
                  fulfilment={"add": TASKS, "modify": TASKS, "delete": TASKS}),
    specification("tree", ("bundles", "whole"), ("bundles", "second")),
])  # fmt: skip
NAMES = st.sampled_from(["shared", "leaf", "second", "whole", "tree", "nowhere"])


@st.composite
def orders(draw: st.DrawFn) -> Body:
    """Orders of additions whose items wait for earlier ones, some inside others."""
    count = draw(st.integers(1, 8))
    items: list[Body] = []
    for number in range(count):
        before = (
            draw(st.sets(st.sampled_from([str(other) for other in range(number)]), max_size=3)) if number else set()
        )
        more: dict[str, Any] = {"serviceOrderItemRelationship": related(*sorted(before))} if before else {}
        if draw(st.booleans()):
            more["serviceOrderItem"] = [item(f"{number}-in", "add", draw(NAMES))]
        else:
            more["quantity"] = draw(st.integers(1, 3))
        items.append(item(str(number), "add", draw(NAMES), **more))
    return ordered(*items)


def sound(plan: Plan) -> None:
    keys = [task.key for task in plan.tasks]
    services = [service.id for service in plan.services]
    assert len(keys) == len(set(keys))
    assert len(services) == len(set(services))
    assert all(need in keys for task in plan.tasks for need in task.needs)
    assert all(task.service in services for task in plan.tasks)
    assert len(list(in_order({task.key: task.needs for task in plan.tasks}))) == len(keys)
    for one in plan.items:
        assert set(one.services) <= set(services)


def before_all(plan: Plan) -> dict[str, set[str]]:
    """For every task all tasks that come before it."""
    needs = {task.key: task.needs for task in plan.tasks}
    before: dict[str, set[str]] = {}
    for key in in_order(needs):
        before[key] = {other for need in needs[key] for other in (need, *before[need])}
    return before


@settings(max_examples=50, deadline=None)
@given(orders())
def test_every_plan_is_sound_and_so_is_the_plan_to_delete_it_all(order: Body) -> None:
    plan = decompose("o", order, snapshot((), SPECIFICATIONS))
    sound(plan)
    bodies = fulfilled(plan)
    roots = {service for one in plan.items for service in one.services if one.services and service == one.services[0]}
    gone = [item(f"d{number}", "delete", service={"id": service}) for number, service in enumerate(sorted(roots))]
    shared = [body["id"] for body in bodies if body.get("serviceSpecification", {}).get("id") == "shared"]
    rest = [item(f"s{number}", "delete", service={"id": one}) for number, one in enumerate(shared) if one not in roots]
    everything = [*gone, *rest]
    users = {service.id for service in plan.services} - roots - set(shared)
    instances = [item(f"i{number}", "delete", service={"id": one}) for number, one in enumerate(sorted(users))]
    deletion = decompose("d", ordered(*everything, *instances), snapshot(bodies, SPECIFICATIONS))
    sound(deletion)
    assert {service.id for service in deletion.services} == {body["id"] for body in bodies}


@settings(max_examples=50, deadline=None)
@given(orders())
def test_all_of_an_item_comes_after_all_it_waits_for_except_what_is_shared(order: Body) -> None:
    plan = decompose("o", order, snapshot((), SPECIFICATIONS))
    before = before_all(plan)
    shared = {service.id for service in plan.services if service.id == derived_id("o", "", service.path)}
    by_item: dict[str, list[str]] = {}
    for task in plan.tasks:
        if task.service not in shared:
            by_item.setdefault(task.item, []).append(task.key)
    for one in plan.items:
        explicit = [path for path in one.needs if not path.startswith(f"{one.path}/")]
        for awaited in explicit:
            for key in by_item.get(one.path, ()):
                assert set(by_item.get(awaited, ())) <= before[key]


@settings(max_examples=30, deadline=None)
@given(orders(), NAMES)
def test_keys_and_ids_do_not_change_when_another_item_comes_last(order: Body, name: str) -> None:
    seen = snapshot((), SPECIFICATIONS)
    plan = decompose("o", order, seen)
    more = decompose("o", ordered(*order["serviceOrderItem"], item("new", "add", name)), seen)
    assert {task.key: task for task in plan.tasks}.items() <= {task.key: task for task in more.tasks}.items()
    assert {service.id for service in plan.services} <= {service.id for service in more.services}


@settings(max_examples=30, deadline=None)
@given(orders())
def test_keys_and_ids_do_not_change_when_items_are_turned_round(order: Body) -> None:
    seen = snapshot((), SPECIFICATIONS)
    plan = decompose("o", order, seen)
    turned = decompose("o", ordered(*reversed(order["serviceOrderItem"])), seen)
    assert {task.key for task in plan.tasks} == {task.key for task in turned.tasks}
    assert {service.id for service in plan.services} == {service.id for service in turned.services}
    assert before_all(plan) == before_all(turned)
