"""Decomposition: from an order and a snapshot of catalogue and inventory to a plan. Pure.

How it works for its users is told in docs/explanation/decomposition.md. In three passes: the services of every item,
what relies on what among those that go, and the tasks between them. Each pass takes time linear in the services.
"""

from collections.abc import Generator, Iterator, Mapping
from typing import Any

from models.domain.additions import add_item
from models.domain.bound_recipes import with_recipes
from models.domain.draft import Draft, Node, Unplannable
from models.domain.fulfilment import ACTIONS
from models.domain.graph import Cyclic
from models.domain.modifications import modify_item, refuse_modify
from models.domain.order_items import OrderItem, cycle_steps, items_of
from models.domain.plan import Plan, PlannedItem, PlannedService
from models.domain.rebuilding import rebuild_item, refuse_rebuild
from models.domain.recipe_choice import Found, chosen, in_words
from models.domain.removals import delete_item, doomed_services, order_removals, refuse_delete
from models.domain.slices import at_once
from models.domain.snapshot import Body, MoreToSee, Snapshot
from models.domain.task_layout import TaskLayout
from models.domain.violations import Violation

__all__ = ["Unplannable", "decompose", "decompose_steps"]


def decompose(order_id: str, order: Mapping[str, Any], snapshot: Snapshot) -> Plan:
    """Return the plan of an order.

    The same order and snapshot always give the same plan, ids and keys included; keys and ids of an item do not
    depend on other items, unless it shares a service with them.

    Raises:
        Unplannable: the business says no; its violations say why, with pointers into the order.
    """
    return at_once(decompose_steps(order_id, order, snapshot))


def decompose_steps(order_id: str, order: Mapping[str, Any], snapshot: Snapshot) -> Generator[None, None, Plan]:
    """Decompose in steps of a few milliseconds at most, so that an event loop can breathe; return the plan.

    Raises:
        Unplannable: as `decompose`.
        MoreToSee: the snapshot did not show everything that the order may re-use.
    """
    items = items_of(order)
    yield
    draft = Draft(order_id, order, snapshot, items)
    yield
    cycle = yield from cycle_steps(draft.items, draft.waits)
    if cycle is not None:
        raise Unplannable([Violation("/serviceOrderItem", "cycle", f"Items wait for each other: {' → '.join(cycle)}.")])
    yield
    yield from _services(draft)
    if draft.wishes:
        raise MoreToSee(tuple(draft.wishes.values()))
    _choose_recipes(draft)
    _stop_if_refused(draft)
    layout = TaskLayout(draft)
    try:
        yield from layout.steps()
    except Cyclic as cyclic:
        raise Unplannable([Violation("/serviceOrderItem", "cycle", _in_words(draft, cyclic))]) from cyclic
    _stop_if_refused(draft)
    planned_items = yield from _planned_items(draft)
    services: list[PlannedService] = []
    for node in draft.nodes.values():
        services.append(node.planned())
        yield
    return Plan(planned_items, tuple(services), tuple(layout.tasks), tuple(draft.awaited.values()))


def _services(draft: Draft) -> Iterator[None]:
    doomed = doomed_services(draft)
    for item in draft.items:
        if item.action == "add" and not _is_there(draft, item):
            if item.path not in draft.roots:  # the item around it may have planned it already
                yield from add_item(draft, item)
        else:
            _existing_service(draft, item, doomed)
        yield
    draft.look_at_the_rest()
    yield from order_removals(draft)


def _existing_service(draft: Draft, item: OrderItem, doomed: frozenset[str]) -> None:
    service_id = str(item.service.get("id") or "")
    body = draft.snapshot.services.get(service_id)
    if body is None:
        draft.refuse(f"{item.pointer}/service/id", "unknownService", f"The inventory has no service {service_id!r}.")
    elif draft.named.get(service_id, item) is not item:
        draft.refuse(f"{item.pointer}/service/id", "duplicateService",
                     f"Another item of the order is about the service {service_id} already.")  # fmt: skip
    elif item.action == "noChange":
        _keep(draft, item, body)
    elif item.action == "add":
        _rebuild(draft, item, body)
    elif refused := (refuse_delete if item.action == "delete" else refuse_modify)(item, body):
        draft.violations.append(refused)
    elif item.action == "delete":
        delete_item(draft, item, body, doomed)
    else:
        modify_item(draft, item, body)


def _choose_recipes(draft: Draft) -> None:
    """Have what policies choose carry out the services of an item; operations have tasks of their own."""
    for item in draft.items:
        wishes = draft.snapshot.chosen.get(item.path, ()) if item.operation is None else ()
        if not wishes:
            continue
        published: list[Found] = []
        for node in draft.nodes.values():
            if node.item is item and node.specification is not None and node.action in ACTIONS:
                published += node.specification.recipes.get(node.action, ())
                found = chosen(node.specification, node.action, wishes)
                if found is not None:
                    node.specification = with_recipes(node.specification, {node.action: found})
        for wish in wishes:
            if wish.among(published) is None:
                draft.refuse(item.pointer, "unknownRecipe", in_words(wish, published))


def _is_there(draft: Draft, item: OrderItem) -> bool:
    """Whether an item that adds names a service that is there already, and that this order has not made itself."""
    body = draft.snapshot.services.get(str(item.service.get("id") or ""))
    links = (body or {}).get("serviceOrderItem") or ()
    made = any(isinstance(link, Mapping) and link.get("serviceOrderId") == draft.order_id for link in links)
    return body is not None and (draft.snapshot.builds_anew(item) or not made)


def _rebuild(draft: Draft, item: OrderItem, body: Body) -> None:
    if not draft.snapshot.builds_anew(item):
        draft.refuse(f"{item.pointer}/service/id", "serviceExists", f"The service {body['id']} is there already.")
        return
    refused = list(refuse_rebuild(item, body, draft.snapshot))
    draft.violations.extend(refused)
    if not refused:
        rebuild_item(draft, item, body)


def _keep(draft: Draft, item: OrderItem, body: Body) -> None:
    specification = draft.snapshot.specification_of(body)
    name = specification.name if specification else "service"
    reference = specification.reference if specification else body.get("serviceSpecification")
    state = str(body.get("state"))
    draft.place_root(Node(str(body["id"]), item, "noChange", specification, reference, state, name, name))


def _stop_if_refused(draft: Draft) -> None:
    if draft.violations:
        raise Unplannable(list(dict.fromkeys(draft.violations)))


def _planned_items(draft: Draft) -> Generator[None, None, tuple[PlannedItem, ...]]:
    services: dict[str, dict[str, None]] = {
        item.path: {root.id: None for root in draft.roots.get(item.path, ())} for item in draft.items
    }
    yield
    for node in draft.nodes.values():
        if node.listed:
            services[node.item.path][node.id] = None
    yield
    needs = {path: dict.fromkeys(others) for path, others in draft.waits.items()}
    for waiter, awaited in draft.nesting:
        needs[waiter.path][awaited.path] = None
    planned: list[PlannedItem] = []
    for item in draft.items:
        own = tuple(services[item.path])
        planned.append(PlannedItem(item.path, item.indexes, item.action, own, tuple(needs[item.path])))
        yield
    return tuple(planned)


def _in_words(draft: Draft, cyclic: Cyclic) -> str:
    names = [
        draft.nodes[place[1]].path if place[1] in draft.nodes else f"item {place[1]}"
        for place in cyclic.members
        if isinstance(place, tuple)
    ]
    shown = list(dict.fromkeys(names))
    return f"There is no order in which all could be done: {' → '.join([*shown, shown[0]])}."
