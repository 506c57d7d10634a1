"""A resource specification (shaped like TMF634 v4): what its resources are like, and who speaks of it.

Resources and the parts of pools are held against its characteristics. The fulfilment rules of a service specification
speak of it where a task allocates resources of it by a literal name; what an expression names shows when it runs.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.domain.characteristics import OF_RESOURCE, CharacteristicRules, check_specification
from models.domain.fulfilment import ACTIONS
from models.domain.patterns import PatternEngine
from models.domain.pointers import pointer
from models.domain.violations import Violation

Body = Mapping[str, Any]
PLACE = "place"
"""A condition of a demand that is about where a resource is, not about a characteristic."""

_FACTS = frozenset({"network", "prefixLength", "netmask", "gateway"})
"""Characteristics that a pool of addresses gives its members by itself."""


@dataclass(frozen=True, slots=True)
class ResourceSpecification:
    """One version of a resource specification.

    Attributes:
        id: of this version.
        name: of the family, to which all versions belong.
        rules: what characteristics a resource of it has.
    """

    id: str
    name: str
    version: str | None
    rules: CharacteristicRules

    @classmethod
    def from_body(cls, body: Body, patterns: PatternEngine) -> "ResourceSpecification":
        """Compile a body. Never raises: flaws are what `check_resource_specification` reports."""
        key = str(body.get("id", ""))
        rules = CharacteristicRules.from_specification(body, patterns, OF_RESOURCE)
        return cls(key, str(body.get("name") or key), body.get("version"), rules)


Find = Callable[[str], ResourceSpecification | None]
"""Finds a resource specification by id or by name."""


def check_resource_specification(body: Body, patterns: PatternEngine) -> list[Violation]:
    """Return what is wrong with a resource specification, with pointers into its body, which fits the schema."""
    found = check_specification(body, patterns, OF_RESOURCE)
    for index, relation in enumerate(body.get("resourceSpecRelationship") or ()):
        if relation.get("id") == body.get("id"):
            text = "A resource specification cannot relate to itself."
            found.append(Violation(pointer("resourceSpecRelationship", index), "relatedToItself", text))
    return found


def check_parts(
    specification: ResourceSpecification, entries: Sequence[Body], besides: Collection[str] = ()
) -> list[Violation]:
    """Return what is wrong with the parts of a pool of this specification: their members would not be like it.

    Args:
        specification: of the members.
        entries: the parts as they are written, each with what its members carry (`characteristic`).
        besides: ids of parts that are left out.
    """
    found: list[Violation] = []
    for index, entry in enumerate(entries):
        if entry.get("id") in besides:
            continue
        at, carried = pointer("capacity", index, "characteristic"), entry.get("characteristic") or ()
        found += specification.rules.check(carried, pointer=at, partial=True)
        given = {str(one.get("name")) for one in (*carried, *(entry.get("measure") or ()))}
        given |= _FACTS if "prefix" in entry else frozenset()
        lacking = (rule for name, rule in specification.rules.rules.items() if name not in given)
        found += [rule.missing(at) for rule in lacking if rule.mandatory()]
    return found


def allocated(service_specification: Body) -> Iterator[tuple[str, str, Body]]:
    """Yield where the tasks of a service specification allocate by the literal name of a resource specification.

    Returns:
        For each its pointer in the body, the id or name, and the demand as it is written.
    """
    rules = _mapping(service_specification.get("fulfilment"))
    places = {pointer("fulfilment", action): rules.get(action) for action in ACTIONS}
    operations = _mapping(rules.get("operations"))
    places |= {pointer("fulfilment", "operations", name): one for name, one in operations.items()}
    for at, action in places.items():
        for name, task in _mapping(_mapping(action).get("tasks")).items():
            demand = _mapping(_mapping(task).get("input"))
            named = _literal(demand.get("resourceSpecification"))
            if _mapping(task).get("kind") == "allocate" and named is not None:
                yield f"{at}{pointer('tasks', name, 'input')}", named, demand


def _literal(named: Any) -> str | None:
    """The name, where it is one and not the expression by which one is found."""
    return named if isinstance(named, str) and named and not named.startswith("=") else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def check_allocations(service_specification: Body, find: Find) -> list[Violation]:
    """Return the conditions of allocations that no resource of the specification could ever meet.

    Of a resource specification that is not known here nothing is said: its pools are those of another system.
    """
    found: list[Violation] = []
    for at, named, demand in allocated(service_specification):
        specification, conditions = find(named), demand.get("where")
        if specification is None or not isinstance(conditions, Mapping):
            continue
        rules = specification.rules
        for name in conditions:
            if name != PLACE and name not in rules.rules and not rules.open:
                text = f"Resources of {specification.name} have no characteristic {name!r}, so that none would fit."
                found.append(Violation(f"{at}/where{pointer(name)}", "unknownCharacteristic", text))
    return found


def references(service_specification: Body) -> Iterator[Mapping[str, Any]]:
    """Yield how a service specification refers to resource specifications: {id, name, version}, or one of them.

    The name of an allocation may be an id as well; then both are yielded.
    """
    for one in service_specification.get("resourceSpecification") or ():
        if isinstance(one, Mapping):
            yield one
    for _, named, _ in allocated(service_specification):
        yield {"id": named}
        yield {"name": named}


def refers(reference: Mapping[str, Any], body: Body, *, alone: bool) -> bool:
    """Whether a reference means this version of a resource specification.

    Args:
        reference: {id}, or {name} with or without version.
        body: the resource specification.
        alone: whether no other version of its family could be meant by the name.
    """
    if reference.get("id"):
        return bool(reference["id"] == body["id"])
    if not reference.get("name") or reference["name"] != body.get("name"):
        return False
    version = reference.get("version")
    return alone if version is None else bool(version == body.get("version"))


def users_of(body: Body, service_specifications: Iterable[Body], *, alone: bool) -> list[str]:
    """The ids of the service specifications that refer to a version of a resource specification."""
    return sorted(
        str(one["id"])
        for one in service_specifications
        if any(refers(reference, body, alone=alone) for reference in references(one))
    )
