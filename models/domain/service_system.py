"""A service system: services that belong together, as a file describes them and as an order makes them so. Pure.

The system is known by its services alone: each names it in `relatedEntity` (TMF638: other objects that have to do with
the service), as {id: the system, name: the service's key in it, role: `serviceSystem`}.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from models.domain.pointers import pointer
from models.domain.snapshot import RELIES_ON, characteristics_of, related_ids
from models.domain.violations import Violation

Body = dict[str, Any]
Action = Literal["add", "modify", "delete"]

ROLE = "serviceSystem"
TYPE = "ServiceSystem"
CATEGORY = "pipeline"

_NOT_GIVEN = object()


@dataclass(frozen=True, slots=True)
class WantedService:
    """One service of the system, as the file has it.

    Attributes:
        key: its name in the system; never changes.
        specification: reference to its specification: id, or name and perhaps version.
        state: active or inactive.
        values: characteristic values by name; null says that there is to be none. Others are left as they are.
        needs: keys of services of the system that it relies on, and that come before it.
        more: further attributes of the service as TMF638 has them.
    """

    key: str
    specification: Body
    state: str
    values: Mapping[str, Any]
    needs: tuple[str, ...]
    more: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ServiceSystem:
    """What a file describes; `order` has further attributes of the order that makes it so."""

    name: str
    services: Mapping[str, WantedService]
    order: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "ServiceSystem":
        """Read a description that follows its schema."""
        services = {
            key: WantedService(
                key=key,
                specification=_reference(one["specification"]),
                state=one.get("state", "active"),
                values=one.get("characteristics", {}),
                needs=tuple(dict.fromkeys(one.get("needs", ()))),
                more=one.get("service", {}),
            )
            for key, one in body["services"].items()
        }
        return cls(body["system"], services, body.get("order", {}))

    def violations(self) -> Iterator[Violation]:
        """Say which services need what the system does not have."""
        for key, service in self.services.items():
            for index, need in enumerate(service.needs):
                if need not in self.services or need == key:
                    text = f"The system has no other service {need!r}."
                    yield Violation(pointer("services", key, "needs", index), "unknownService", text)


@dataclass(frozen=True, slots=True)
class Change:
    """What has to be done with one service.

    Attributes:
        action: add, modify or delete.
        key: of the service in the system.
        service: its id; None for one that is to be added.
        values: characteristic values that differ, by name: before and after; None stands for no value.
        attributes: other attributes that differ, likewise, `state` among them.
        needs: keys of those that it relies on, before and after, where they differ.
        relations: what its serviceRelationship becomes then; None for one that is to be added.
    """

    action: Action
    key: str
    service: str | None = None
    values: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    attributes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    needs: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    relations: tuple[Body, ...] | None = None

    def to_document(self) -> Body:
        """For programs."""
        return {
            "action": self.action,
            "name": self.key,
            **({"id": self.service} if self.service else {}),
            "characteristic": [
                {"name": name, "before": one, "after": other} for name, (one, other) in self.values.items()
            ],
            "attribute": [
                {"name": name, "before": one, "after": other} for name, (one, other) in self.attributes.items()
            ],
            "needs": {"before": list(self.needs[0]), "after": list(self.needs[1])},
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """A system as it is wanted, held against what there is.

    Attributes:
        changes: what has to be done, in the file's order; deletions last.
        surplus: keys of services that are there and not in the file, and that stay.
        violations: what no order can do.
    """

    changes: tuple[Change, ...]
    surplus: tuple[str, ...]
    violations: tuple[Violation, ...]


def key_of(service: Mapping[str, Any], system: str) -> str | None:
    """The key of a service in a system; None where it is not part of it."""
    for entity in service.get("relatedEntity") or ():
        if entity.get("id") == system and entity.get("role") == ROLE:
            return str(entity.get("name") or "")
    return None


def compare(system: ServiceSystem, present: Sequence[Body], *, prune: bool) -> Comparison:
    """Say what has to be done so that there is what a description says.

    Args:
        system: the description.
        present: the living services of the system.
        prune: whether services that the description does not have are deleted.
    """
    violations: list[Violation] = []
    known: dict[str, Body] = {}
    for service in present:
        key = key_of(service, system.name) or ""
        if known.setdefault(key, service) is not service:
            text = f"The inventory has two services {key!r} of the system: {known[key]['id']} and {service['id']}."
            violations.append(Violation(pointer("services", key), "duplicateService", text))
    changes: list[Change] = []
    for key, wanted in system.services.items():
        if key not in known:
            changes.append(_addition(wanted))
            continue
        violations += _of_another_kind(wanted, known[key])
        violations += _needs_to_come(wanted, known)
        change = _modification(wanted, known[key], known)
        if change is not None:
            changes.append(change)
    surplus = [key for key in known if key not in system.services]
    if prune:
        changes += [Change("delete", key, str(known[key]["id"])) for key in surplus]
    return Comparison(tuple(changes), () if prune else tuple(surplus), tuple(violations))


def order_of(
    system: ServiceSystem, changes: Sequence[Change], present: Sequence[Body], specifications: Mapping[str, Body]
) -> Body:
    """The TMF641 order that makes these changes.

    Args:
        system: the description.
        changes: at least one.
        present: the living services of the system.
        specifications: for each service to be added the reference to its specification.
    """
    touched = {change.key: change for change in changes}
    ids = {key_of(service, system.name): str(service["id"]) for service in present}
    items = [_item(system, change, specifications) for change in changes]
    waited = {need for change in changes for need in _needs(system, change)} - touched.keys()
    # What stays as it is and is relied on by something new is named, so that the new one can refer to it.
    items += [{"id": key, "action": "noChange", "service": {"id": ids[key]}} for key in sorted(waited)]
    return {"category": CATEGORY, **system.order, "serviceOrderItem": items}


def _reference(given: Any) -> Body:
    return {"name": given} if isinstance(given, str) else dict(given)


def _addition(wanted: WantedService) -> Change:
    values = {name: (None, value) for name, value in wanted.values.items() if value is not None}
    return Change("add", wanted.key, None, values, {"state": (None, wanted.state)}, ((), wanted.needs))


def _modification(wanted: WantedService, service: Body, known: Mapping[str, Body]) -> Change | None:
    now = characteristics_of(service)
    values = {name: (now.get(name), value) for name, value in wanted.values.items() if now.get(name) != value}
    attributes = {
        name: (service.get(name), value)
        for name, value in wanted.more.items()
        if name != "relatedEntity" and not covers(service.get(name), value)
    }
    if service.get("state") != wanted.state:
        attributes["state"] = (service.get("state"), wanted.state)
    relied = set(related_ids(service, RELIES_ON))
    before = tuple(sorted(key for key, other in known.items() if str(other["id"]) in relied))
    after = tuple(sorted(wanted.needs))
    if not (values or attributes or before != after):
        return None
    change = Change("modify", wanted.key, str(service["id"]), values, attributes)
    return (
        change
        if before == after
        else replace(change, needs=(before, after), relations=_relations(service, wanted, known))
    )


def _relations(service: Body, wanted: WantedService, known: Mapping[str, Body]) -> tuple[Body, ...]:
    """The service's relationships, those to services of the system as they are wanted."""
    own = {str(other["id"]) for other in known.values()}
    kept = [one for one in service.get("serviceRelationship") or ()
            if str(one.get("relationshipType")).lower() != RELIES_ON.lower()
            or str((one.get("service") or {}).get("id")) not in own]  # fmt: skip
    new = (
        {"relationshipType": RELIES_ON, "service": {"id": str(known[need]["id"])}}
        for need in wanted.needs
        if need in known
    )
    return (*kept, *new)


def _of_another_kind(wanted: WantedService, service: Body) -> Iterator[Violation]:
    """A service keeps the specification that it was built from; only a new one can have another."""
    present = service.get("serviceSpecification") or {}
    for name, value in wanted.specification.items():
        if name in {"id", "name", "version"} and present.get(name, _NOT_GIVEN) != value:
            named = " ".join(str(present[part]) for part in ("name", "version") if part in present) or present.get("id")
            text = f"The service {service['id']} is of {named}, and no order changes that; give a new one a new name."
            yield Violation(pointer("services", wanted.key, "specification"), "specificationChanged", text)
            return


def _needs_to_come(wanted: WantedService, known: Mapping[str, Body]) -> Iterator[Violation]:
    """What is there can only be related to what is there, too: a relationship needs an identifier."""
    for index, need in enumerate(wanted.needs):
        if need not in known:
            text = (
                f"The service {wanted.key} is there already, and {need!r} is not: add that first, and this need later."
            )
            yield Violation(pointer("services", wanted.key, "needs", index), "needsWhatIsNew", text)


def covers(present: Any, wanted: Any) -> bool:
    """Whether what is there says all that is wanted; what the server added to it does not matter."""
    if isinstance(wanted, Mapping):
        return isinstance(present, Mapping) and all(covers(present.get(name), part) for name, part in wanted.items())
    if isinstance(wanted, list):
        return (
            isinstance(present, list)
            and len(present) == len(wanted)
            and all(covers(one, other) for one, other in zip(present, wanted, strict=True))
        )
    return bool(present == wanted)


def _needs(system: ServiceSystem, change: Change) -> tuple[str, ...]:
    """Those that the new service of an item waits for and relies on; for others the inventory knows."""
    return system.services[change.key].needs if change.action == "add" else ()


def _item(system: ServiceSystem, change: Change, specifications: Mapping[str, Body]) -> Body:
    if change.action == "delete":
        return {"id": change.key, "action": "delete", "service": {"id": change.service}}
    wanted = system.services[change.key]
    service: Body = {
        "serviceCharacteristic": [{"name": name, "value": after} for name, (_, after) in change.values.items()]
    }
    if change.action == "add":
        entity = {"id": system.name, "name": change.key, "role": ROLE, "@referredType": TYPE}
        service = {"name": change.key, **wanted.more, **service, "state": wanted.state}
        service["serviceSpecification"] = specifications[change.key]
        service["relatedEntity"] = [*(wanted.more.get("relatedEntity") or ()), entity]
    else:
        service = {"id": change.service, **{name: after for name, (_, after) in change.attributes.items()}, **service}
        if change.relations is not None:
            service["serviceRelationship"] = list(change.relations)
    relations = [{"relationshipType": RELIES_ON, "orderItem": {"itemId": need}} for need in _needs(system, change)]
    return {
        "id": change.key, "action": change.action, "service": service,
        **({"serviceOrderItemRelationship": relations} if relations else {}),
    }  # fmt: skip
