"""New services in the making: identity, values, body and relationships."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models.domain.desired import SIDES
from models.domain.draft import AS_PLANNED_ONLY, Draft, Node, as_seen, reservations
from models.domain.ids import derived_id
from models.domain.order_items import OrderItem
from models.domain.snapshot import INSTANCE, Body, related_ids
from models.domain.specification import Mapped, Specification

SET_HERE = frozenset({
    "id", "href", "state", "serviceSpecification", "serviceCharacteristic", "serviceRelationship", "supportingService",
    *SIDES,
})  # fmt: skip
"""Attributes of an ordered service that decomposition sets itself."""

MAX_QUANTITY = 10_000


@dataclass(slots=True)
class Wanted:
    """A service that shall be built. Attributes as in Node."""

    item: OrderItem
    specification: Specification | None
    reference: Mapping[str, Any] | None
    path: str
    name: str
    state: str
    parent: Node | None = None
    role: str = ""
    level: int = 0
    shared: bool = False


@dataclass(slots=True)
class Part:
    """A service that has its place already, and what its values come from.

    Attributes:
        given: the service as ordered; empty for one that a specification asks for.
        values: characteristic values handed down, by name; given ones go before them.
        described: by an item of its own.
    """

    node: Node
    given: Body = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    described: bool = False


@dataclass(frozen=True, slots=True)
class Role:
    """What a nested item's service is in the service around it.

    Attributes:
        name: the relationship's name; empty where the specification has none for it.
        values: characteristic values handed down.
        first: how many of the kind there are with the first of this item.
    """

    name: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    first: int = 1


ALONE = Role()


def new_node(draft: Draft, wanted: Wanted) -> Node:
    """Make the node of a new service, without its values. Its id follows from what it is, never from when."""
    key = ("", wanted.path) if wanted.shared else (wanted.item.path, wanted.path)
    return Node(
        id=derived_id(draft.order_id, *key),
        item=wanted.item,
        action="add",
        specification=wanted.specification,
        reference=wanted.reference,
        state=wanted.state,
        path=wanted.path,
        name=wanted.name,
        role=wanted.role or wanted.name,
        parent=wanted.parent,
        level=wanted.level or (wanted.parent.level + 1 if wanted.parent else 0),
        shared=wanted.shared,
        key=key,
    )


def fill(draft: Draft, part: Part) -> None:
    """Give a new service its body: what was ordered, else what is handed down, else the specification's defaults."""
    node, given = part.node, part.given
    characteristics = _characteristics(draft, part)
    specification = node.specification
    node.body = {
        "@type": "Service",
        **({"name": specification.name, "isBundle": specification.is_bundle} if specification else {}),
        **({"category": specification.category} if specification and specification.category else {}),
        **{name: value for name, value in given.items() if name not in SET_HERE},
        "id": node.id,
        "state": node.state if node.state in AS_PLANNED_ONLY and not reservations(node) else "designed",
        **({"serviceSpecification": dict(node.reference)} if node.reference else {}),
        **({"serviceCharacteristic": characteristics} if characteristics else {}),
    }
    for name in ("serviceRelationship", "supportingService"):
        if given.get(name):
            node.body[name] = list(given[name])
    parties = draft.order.get("relatedParty")
    if part.described and node.parent is None and parties and "relatedParty" not in node.body:
        node.body["relatedParty"] = list(parties)  # whoever orders it is who has it
    node.related = relationships_in(node.body)
    node.seen = as_seen(node.body)


def _characteristics(draft: Draft, part: Part) -> list[Any]:
    node, specification = part.node, part.node.specification
    ordered: list[Any] = list(part.given.get("serviceCharacteristic") or ())
    named = {characteristic.get("name") for characteristic in ordered}
    characteristics = ordered + [
        {"name": name, **_value_type(specification, name), "value": value}
        for name, value in part.values.items()
        if name not in named and value is not None
    ]
    if specification is None:
        return characteristics
    characteristics = specification.rules.with_defaults(characteristics)
    at = f"{node.item.pointer}/service/serviceCharacteristic"
    for violation in specification.rules.check(characteristics, pointer=at, partial=False):
        if part.described and not part.values:
            draft.refuse(violation.pointer, violation.code, violation.message)
        else:
            draft.refuse(at, violation.code, f"For {node.path}: {violation.message}")
    return characteristics


def _value_type(specification: Specification | None, name: str) -> dict[str, str]:
    rule = specification.rules.rules.get(name) if specification is not None else None
    return {"valueType": rule.value_type_text} if rule is not None and rule.value_type_text else {}


def relationships_in(body: Body) -> set[tuple[str, str]]:
    """Return type and service of every relationship of a service."""
    kinds = {str(relation.get("relationshipType", "")) for relation in body.get("serviceRelationship") or ()}
    return {(kind, other) for kind in kinds for other in related_ids(body, kind)}


def relate(node: Node, kind: str, other: str, role: str | None = None) -> None:
    """Note a relationship of a service to another, once; what supports it also stands in supportingService."""
    if (kind, other) in node.related:
        return
    node.related.add((kind, other))
    named = {"role": role} if role else {}
    relation = {"relationshipType": kind, **named, "service": {"id": other, "@referredType": "Service"}}
    _list_in(node, "serviceRelationship").append(relation)
    if kind != INSTANCE:
        _list_in(node, "supportingService").append({"id": other, "@referredType": "Service"})


def unrelate(node: Node, other: str) -> None:
    """Take a service out of the relationships of one that is being changed."""
    relations, supporting = _list_in(node, "serviceRelationship"), _list_in(node, "supportingService")
    relations[:] = [relation for relation in relations if (relation.get("service") or {}).get("id") != other]
    supporting[:] = [service for service in supporting if service.get("id") != other]


def _list_in(node: Node, name: str) -> list[Any]:
    """Return a list of the body to be changed; a delta names the whole list, since lists are replaced as a whole."""
    if name not in node.body:
        node.body[name] = list(node.base.get(name) or ())
    given: list[Any] = node.body[name]
    return given


def wanted_count(draft: Draft, mapped: Mapped, context: Mapping[str, Any], item: OrderItem) -> int:
    """Return how many services of a kind the rules ask for."""
    if mapped.condition is not None and draft.evaluate(mapped.condition, context, item, "a condition") is not True:
        return 0
    if mapped.quantity is None:
        return 1
    count = draft.evaluate(mapped.quantity, context, item, "a quantity")
    whole = isinstance(count, int | float) and not isinstance(count, bool) and count == count // 1
    if whole and 0 <= count <= MAX_QUANTITY:
        return int(count)
    problem = f"A quantity came out as {count!r}; it must be a whole number from 0 to {MAX_QUANTITY}."
    draft.refuse(f"{item.pointer}/service", "invalidQuantity", problem)
    return 0


def mapped_values(draft: Draft, mapped: Mapped, context: Mapping[str, Any], item: OrderItem) -> dict[str, Any]:
    """Return the characteristic values that are handed down."""
    return {name: draft.evaluate(template, context, item, f"characteristic {name}")
            for name, template in mapped.characteristic.items()}  # fmt: skip
