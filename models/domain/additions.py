"""Decomposition of `add`: from an item and its specification to the services that have to be built."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from models.domain.builds import ALONE, Part, Role, Wanted, fill, mapped_values, new_node, relate, wanted_count
from models.domain.draft import Draft, Node, numbered
from models.domain.order_items import OrderItem
from models.domain.relations import Relation
from models.domain.reliances import item_name, refuse_unknown, rely
from models.domain.snapshot import BUNDLES, INSTANCE
from models.domain.specification import Mapped, Specification

_NOTHING_MAPPED = Mapped({})


def add_item(draft: Draft, item: OrderItem) -> Iterator[None]:
    """Plan an item that adds, one step a service."""
    parts = list(described_parts(draft, item))
    for part in parts:
        fill(draft, part)
        expand(draft, part.node, draft.inner.get(item.path, ()))
        yield
    for part in parts[1:]:
        relate(parts[0].node, INSTANCE, part.node.id)
        relate(part.node, INSTANCE, parts[0].node.id)


def described_parts(draft: Draft, item: OrderItem, parent: Node | None = None, role: Role = ALONE) -> Iterator[Part]:
    """Place the services that an item describes, one for each of its quantity."""
    specification = draft.snapshot.specification(item.specification)
    family = item_name(draft, item)
    reference = item.specification
    if specification is not None:  # what the client added to the reference is kept
        reference = {**(reference or {}), **specification.reference}
    inherited = parent.state if parent is not None else "active"
    for number in range(1, item.quantity + 1):
        wanted = Wanted(
            item=item,
            specification=specification,
            reference=reference,
            path=numbered(family, number),
            name=numbered(role.name or family, role.first + number - 1),
            role=role.name or family,
            state=str(item.service.get("state") or inherited),
            parent=parent,
        )
        node = draft.place_root(new_node(draft, wanted))
        if parent is not None:
            parent.add_child(node)
        yield Part(node, item.service, role.values, described=True)


def expand(draft: Draft, node: Node, nested: Sequence[OrderItem] = ()) -> None:
    """Plan what a new service is made of and relies on. All its parts get their place first, to find each other."""
    additions = [item for item in nested if item.action == "add"]
    parts: list[Part] = []
    if node.specification is not None:
        for relation in node.specification.bundled:
            parts.extend(parts_by(draft, node, relation, additions))
    for item in additions:
        parts.extend(described_parts(draft, item, node))
    for made in rely(draft, node):
        expand(draft, made)
    for part in parts:
        complete(draft, node, part)


def complete(draft: Draft, node: Node, part: Part) -> None:
    """Fill and expand a part of a service, and note that the service is made of it."""
    fill(draft, part)
    node.awaits.append((f"child:{part.node.role}", part.node.id))
    relate(node, BUNDLES, part.node.id, part.node.role)
    expand(draft, part.node, draft.inner.get(part.node.item.path, ()) if part.described else ())


def parts_by(draft: Draft, node: Node, relation: Relation, additions: list[OrderItem]) -> Iterator[Part]:
    """Place the parts that a service has by one relationship, taking the items that describe them from the list."""
    specification = draft.snapshot.specification(relation)
    if specification is None or node.specification is None:
        refuse_unknown(draft, node, relation)
        return
    mapped = node.specification.children.get(relation.name, _NOTHING_MAPPED)
    context = draft.context(node)
    described = nested_for(draft, node, relation, additions)
    for number, item in enumerate(described, 1):
        additions.remove(item)
        values = mapped_values(draft, mapped, {**context, "index": number}, node.item)
        yield from described_parts(draft, item, node, Role(relation.name, values, number))
    if not described:
        for number in range(1, wanted_count(draft, mapped, context, node.item) + 1):
            yield new_part(draft, node, relation, specification, {**context, "index": number})


def new_part(
    draft: Draft, node: Node, relation: Relation, specification: Specification, context: Mapping[str, Any]
) -> Part:
    """Place the part that a specification asks for; the context's `index` says which of several."""
    mapped = node.specification.children.get(relation.name, _NOTHING_MAPPED) if node.specification else _NOTHING_MAPPED
    wanted = Wanted(
        item=node.item,
        specification=specification,
        reference=specification.reference,
        path=f"{node.path}/{numbered(relation.name, context['index'])}",
        name=numbered(relation.name, context["index"]),
        role=relation.name,
        state=node.state,
        parent=node,
        shared=node.shared,
    )
    part = draft.place(new_node(draft, wanted))
    node.add_child(part)
    return Part(part, values=mapped_values(draft, mapped, context, node.item))


def nested_for(draft: Draft, node: Node, relation: Relation, nested: Sequence[OrderItem]) -> list[OrderItem]:
    """Return the nested items that describe the parts of one relationship.

    Where several relationships name the same specification, the service's name tells which is meant; without a name
    each relationship takes one.
    """
    specification = draft.snapshot.specification(relation)
    fitting = [item for item in nested if draft.snapshot.specification(item.specification) is specification]
    relations = node.specification.bundled if node.specification else ()
    rivals = {other.name for other in relations if draft.snapshot.specification(other) is specification}
    if len(rivals) == 1:
        return fitting
    named = [item for item in fitting if item.service.get("name") == relation.name]
    return named or [item for item in fitting if item.service.get("name") not in rivals][:1]
