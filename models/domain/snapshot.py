"""What the catalogue and the inventory said when an order was looked at: all that the pure checks and plans need."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.domain.order_items import OrderItem
from models.domain.recipe_choice import RecipeWish
from models.domain.relations import Relation
from models.domain.specification import Specification

BUNDLES = "bundles"
RELIES_ON = "reliesOn"
INSTANCE = "instance"

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wish:
    """A service to re-use that the inventory may have, beyond those that a snapshot shows.

    Attributes:
        specification: id of the specification.
        match: the characteristic values that it must have.
        key: the same for the same wish.
    """

    specification: str
    match: Mapping[str, Any]
    key: str


@dataclass(frozen=True, slots=True)
class Builder:
    """Who builds a service at the moment that others may rely on: an order, and the service."""

    order: str
    service: str


class MoreToSee(Exception):
    """Services that could be re-used were not in the snapshot."""

    def __init__(self, wishes: Sequence[Wish]) -> None:
        """Carry what to ask the inventory for."""
        super().__init__(", ".join(wish.key for wish in wishes[:5]))
        self.wishes = tuple(wishes)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A picture of one moment.

    Attributes:
        at: the moment, as text in the canonical form.
        specifications: by id; those the order names and everything they are made of and rely on.
        services: bodies by id; those the order names and everything they are made of and rely on.
        shared: for a specification id the services of it that could be re-used, oldest first.
        dependents: for a service id the ids of the living services that rely on it.
        beyond: ids of specifications of which the inventory may have more services than `shared` holds.
        answered: what was asked of the inventory about these (`Wish.key`); what it has is in `shared`.
        building: who builds what was asked for (`Wish.key`), where the inventory has none in use yet.
        gone: ids of services that are terminated although nobody ordered that: an `add` that names one builds it anew.
        chosen: the recipes that policies want, by the path of the item.
    """

    at: str
    specifications: Mapping[str, Specification] = field(default_factory=dict)
    services: Mapping[str, Body] = field(default_factory=dict)
    shared: Mapping[str, Sequence[Body]] = field(default_factory=dict)
    dependents: Mapping[str, Sequence[str]] = field(default_factory=dict)
    beyond: frozenset[str] = frozenset()
    answered: frozenset[str] = frozenset()
    building: Mapping[str, Builder] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    chosen: Mapping[str, Sequence[RecipeWish]] = field(default_factory=dict)
    _families: Mapping[str, list[Specification]] = field(init=False, repr=False, compare=False)

    def builds_anew(self, item: OrderItem) -> bool:
        """Whether an item that adds names a service that is gone, which it builds again."""
        return item.action == "add" and item.parent is None and item.service.get("id") in self.gone

    def __post_init__(self) -> None:
        """Index the families, since an order may refer to a thousand specifications by name."""
        families: dict[str, list[Specification]] = {}
        for member in self.specifications.values():
            families.setdefault(member.name, []).append(member)
        object.__setattr__(self, "_families", families)

    def specification(self, reference: Mapping[str, Any] | Relation | None) -> Specification | None:
        """Return what a reference, by id or by name and version, means; None where it is unknown.

        Without a version the newest orderable one of the family is meant.
        """
        if reference is None:
            return None
        if isinstance(reference, Relation):
            return self._specification(reference.id, reference.family, reference.version)
        return self._specification(_text(reference, "id"), _text(reference, "name"), _text(reference, "version"))

    def _specification(self, wanted: str | None, family: str | None, version: str | None) -> Specification | None:
        if wanted is not None:
            return self.specifications.get(wanted)
        family_members = self._families.get(family or "", [])
        if version is not None:
            return next((member for member in family_members if member.version == version), None)
        orderable = [member for member in family_members if member.not_orderable(self.at) is None]
        return max(orderable or family_members, key=lambda member: version_order(member.version), default=None)

    def specification_of(self, service: Body) -> Specification | None:
        """Return the specification of a service in the inventory."""
        reference = service.get("serviceSpecification")
        return self.specification(reference) if isinstance(reference, Mapping) else None

    def related(self, service: Body, kind: str) -> Iterator[Body]:
        """Yield the known, living services that one has a relationship of this type to."""
        seen: set[str] = set()
        for other in related_ids(service, kind):
            body = self.services.get(other)
            if body is not None and other not in seen and body.get("state") != "terminated":
                seen.add(other)
                yield body


def related_ids(service: Body, kind: str | None = None) -> Iterator[str]:
    """Yield the ids in a service's serviceRelationship, of one type (any case) or of all."""
    for relationship in service.get("serviceRelationship") or ():
        if not isinstance(relationship, Mapping):
            continue
        other = relationship.get("service")
        found = other.get("id") if isinstance(other, Mapping) else None
        if found and (kind is None or str(relationship.get("relationshipType", "")).lower() == kind.lower()):
            yield str(found)


def role_of(service: Body, other: str) -> str | None:
    """Return the role that a service gave another when they were related, where it gave one."""
    for relationship in service.get("serviceRelationship") or ():
        if isinstance(relationship, Mapping) and relationship.get("role"):
            related = relationship.get("service")
            if isinstance(related, Mapping) and related.get("id") == other:
                return str(relationship["role"])
    return None


def characteristics_of(service: Body) -> dict[str, Any]:
    """Return the values of a service's characteristics by name."""
    return {
        str(characteristic.get("name")): characteristic.get("value")
        for characteristic in service.get("serviceCharacteristic") or ()
        if isinstance(characteristic, Mapping)
    }


def version_order(version: str | None) -> tuple[tuple[int, int, str], ...]:
    """Return a key by which versions sort as people read them: 1.10 comes after 1.9."""
    parts = (version or "").replace("-", ".").split(".")
    return tuple((1, int(part), "") if part.isdecimal() and len(part) < 10 else (0, 0, part) for part in parts)


def _text(reference: Mapping[str, Any], name: str) -> str | None:
    value = reference.get(name)
    return value if isinstance(value, str) and value else None
