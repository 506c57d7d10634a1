"""Decomposition of `delete`: what goes with a service, what stays, and what forbids it."""

from collections.abc import Iterator, Sequence

from models.domain.draft import Draft, Node, as_seen, numbered
from models.domain.order_items import OrderItem
from models.domain.relations import RelationKind
from models.domain.snapshot import BUNDLES, RELIES_ON, Body, role_of
from models.domain.violations import Violation

DELETABLE = frozenset({"active", "inactive"})
GONE = "terminated"
SHOWN_USERS = 50
"""That an error names of those who rely on a service."""


def doomed_services(draft: Draft) -> frozenset[str]:
    """Return the ids of all services that the order takes out of use, as far as nobody else relies on them."""
    waiting = [service_id for service_id, item in draft.named.items() if item.action == "delete"]
    doomed: set[str] = set(waiting)
    while waiting:
        body = draft.snapshot.services.get(waiting.pop())
        for other in _going_with(draft, body) if body else ():
            if other["id"] not in doomed and other["id"] not in draft.named:
                doomed.add(other["id"])
                waiting.append(other["id"])
    return frozenset(doomed)


def _going_with(draft: Draft, body: Body) -> Iterator[Body]:
    """Yield what a service is made of, and what was made for it alone."""
    yield from draft.snapshot.related(body, BUNDLES)
    for other in draft.snapshot.related(body, RELIES_ON):
        if is_dedicated(draft, body, other):
            yield other


def is_dedicated(draft: Draft, body: Body, other: Body) -> bool:
    """Whether a service relied on was made for this one alone (`reuse: false`)."""
    specification = draft.snapshot.specification_of(body)
    name = name_in(draft, body, other, "dependency")
    rule = specification.fulfilment.relies_on.get(name) if specification else None
    return rule is not None and not rule.reuse


def name_in(draft: Draft, body: Body, other: Body, kind: RelationKind) -> str:
    """Return the name by which a service knows another: the role it was given, else as its specification says."""
    role = role_of(body, str(other["id"]))
    if role:
        return role
    specification, family = draft.snapshot.specification_of(body), draft.snapshot.specification_of(other)
    for relation in specification.relations if specification and family else ():
        target = draft.snapshot.specification(relation)
        if relation.kind == kind and target is not None and family is not None and target.name == family.name:
            return relation.name
    return family.name if family else str(other.get("name") or other["id"])


def reliances_of(draft: Draft, body: Body) -> dict[str, str]:
    """Return id and name of the known services that one in the inventory relies on."""
    relied = draft.snapshot.related(body, RELIES_ON)
    return {str(other["id"]): name_in(draft, body, other, "dependency") for other in relied}


def users_of(draft: Draft, service_id: str, doomed: frozenset[str]) -> list[str]:
    """Return the services that rely on one and stay."""
    return [user for user in draft.snapshot.dependents.get(service_id, ()) if user not in doomed]


def refuse_delete(item: OrderItem, body: Body) -> Violation | None:
    """Return why a service cannot be deleted in its present state, or None where it can."""
    state = body.get("state")
    if state in DELETABLE:
        return None
    hint = "it is out of use already" if state == GONE else "one that was never built leaves the inventory by DELETE"
    problem = f"The service {body['id']} is {state}, and delete is for active and inactive ones: {hint}."
    return Violation(f"{item.pointer}/service/id", "illegalState", problem)


def refuse_used(item: OrderItem, service_id: str, users: Sequence[str]) -> Violation | None:
    """Return why a service cannot be deleted that others rely on, naming them, or None where nobody does."""
    if not users:
        return None
    return Violation(f"{item.pointer}/service/id", "serviceInUse", in_use(service_id, users))


def in_use(service_id: str, users: Sequence[str]) -> str:
    """Say in a sentence who relies on a service that shall be deleted."""
    shown, left = ", ".join(users[:SHOWN_USERS]), len(users) - SHOWN_USERS
    more = f" and {left} more" if left > 0 else ""
    return f"The service {service_id} cannot be deleted: {shown}{more} rel{'y' if len(users) > 1 else 'ies'} on it."


def delete_item(draft: Draft, item: OrderItem, body: Body, doomed: frozenset[str]) -> None:
    """Plan an item that deletes."""
    refused = refuse_used(item, str(body["id"]), users_of(draft, str(body["id"]), doomed))
    if refused is not None:
        draft.violations.append(refused)
    specification = draft.snapshot.specification_of(body)
    name = specification.name if specification else "service"
    node = draft.place_root(removed_node(draft, item, body, name, None))
    remove_what_goes_with(draft, node, body, doomed)


def removed_node(draft: Draft, item: OrderItem, body: Body, name: str, parent: Node | None) -> Node:
    """Make the node of a service that goes."""
    specification = draft.snapshot.specification_of(body)
    return Node(
        id=str(body["id"]),
        item=item,
        action="delete",
        specification=specification,
        reference=specification.reference if specification else body.get("serviceSpecification"),
        state=GONE,
        path=f"{parent.path}/{name}" if parent else name,
        name=name,
        parent=parent,
        relies_on=reliances_of(draft, body),
        level=parent.level + 1 if parent else 0,
        seen=as_seen(body),
        key=(item.path, str(body["id"])),
    )


def remove_what_goes_with(draft: Draft, node: Node, body: Body, doomed: frozenset[str]) -> None:
    """Plan the end of what a service is made of; what others rely on, or an item of its own names, is left alone."""
    counted: dict[str, int] = {}
    for other in draft.snapshot.related(body, BUNDLES):
        role = name_in(draft, body, other, "bundles")
        counted[role] = counted.get(role, 0) + 1
        _remove(draft, node, other, numbered(role, counted[role]), doomed, part=True)
    for other in draft.snapshot.related(body, RELIES_ON):
        name = name_in(draft, body, other, "dependency")
        if is_dedicated(draft, body, other):
            _remove(draft, node, other, name, doomed, part=False)
        else:
            draft.look_at_later(other, node.item, name)


def _remove(  # noqa: PLR0913  # a service and what surrounds it
    draft: Draft, node: Node, body: Body, name: str, doomed: frozenset[str], *, part: bool
) -> None:
    parent = node if part else None
    service_id = str(body["id"])
    if service_id in draft.nodes or service_id in draft.named:
        return
    if users_of(draft, service_id, doomed) or body.get("state") not in DELETABLE:
        if part:
            draft.look_at(body, node.item, name, node)
        else:
            draft.look_at_later(body, node.item, name)
        return
    gone = removed_node(draft, node.item, body, name, parent)
    if parent is None:
        gone.path = f"{node.path}/{name}"
    draft.place(gone)
    gone.awaits.append(("after", node.id))
    node.add_child(gone)
    remove_what_goes_with(draft, gone, body, doomed)


def order_removals(draft: Draft) -> Iterator[None]:
    """Let what is relied on go after what relies on it, wherever both go in this order."""
    for node in draft.nodes.values():
        yield
        if node.action == "delete":
            for other in node.relies_on:
                relied = draft.nodes.get(other)
                if relied is not None and relied.action == "delete" and ("after", node.id) not in relied.awaits:
                    relied.awaits.append(("after", node.id))
