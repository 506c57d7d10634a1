"""What differs between two versions of a release: in specifications their characteristics, tasks, mappings."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from models.domain.characteristics import OF_RESOURCE, OF_SERVICE
from models.domain.fulfilment import ACTIONS
from models.domain.releases.package import content

Kind = Literal["added", "removed", "changed"]

_CHARACTERISTICS = tuple(names.characteristics for names in (OF_SERVICE, OF_RESOURCE))
_RELATIONSHIPS = ("serviceSpecRelationship", "resourceSpecRelationship")
_OF_VERSION = frozenset({"id", "version", "fulfilment", *_CHARACTERISTICS, *_RELATIONSHIPS})
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs in a specification.

    Attributes:
        kind: added, removed or changed.
        what: characteristic, relationship, task, part, reliance, or attribute.
        name: of the thing; of a task with its action in front (`add/build`).
        attribute: of the thing, where only that differs; levels joined by dots.
        before: value of the older version; None where there was none.
        after: value of the newer version; None where there is none.
    """

    kind: Kind
    what: str
    name: str
    attribute: str | None = None
    before: Any = None
    after: Any = None

    def to_document(self) -> dict[str, Any]:
        """As the API shows it."""
        shown = {"kind": self.kind, "what": self.what, "name": self.name}
        for name in ("attribute", "before", "after"):
            if getattr(self, name) is not None:
                shown[name] = getattr(self, name)
        return shown


def difference(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Compare the specifications of one kind, of services or of resources, in two versions, family by family.

    Returns:
        For each family that differs {name, kind, from, to, difference}: its versions, and what differs between them.
    """
    return by_family(before, after, lambda one, other: [part.to_document() for part in of_specification(one, other)])


def by_family(
    before: Iterable[Mapping[str, Any]],
    after: Iterable[Mapping[str, Any]],
    compare: Callable[[Mapping[str, Any], Mapping[str, Any]], list[dict[str, Any]]],
) -> list[dict[str, Any]]:
    """Compare what is there in versions, family by family.

    Args:
        before: what the older version holds.
        after: what the newer version holds.
        compare: says what differs between two versions of one family.

    Returns:
        For each family that differs {name, kind, from, to, difference}.
    """
    old, new = _families(before), _families(after)
    found: list[dict[str, Any]] = []
    for name in dict.fromkeys([*new, *old]):
        one, other = old.get(name), new.get(name)
        entry: dict[str, Any] = {"name": name}
        if one is not None:
            entry["from"] = one.get("version")
        if other is not None:
            entry["to"] = other.get("version")
        if one is None or other is None:
            found.append({**entry, "kind": "added" if one is None else "removed", "difference": []})
            continue
        parts = compare(one, other)
        if parts or one.get("version") != other.get("version"):
            found.append({**entry, "kind": "changed", "difference": parts})
    return found


def of_specification(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    """Say what differs between two versions of a specification."""
    yield from things("characteristic", _characteristics(before), _characteristics(after))
    yield from things("relationship", _relations(before), _relations(after))
    yield from things("task", _tasks(before), _tasks(after))
    for what, name in (("part", "children"), ("reliance", "reliesOn")):
        yield from things(what, _rules(before).get(name) or {}, _rules(after).get(name) or {})
    one, other = ({name: value for name, value in content(body).items() if name not in _OF_VERSION}
                  for body in (before, after))  # fmt: skip
    yield from things("attribute", one, other)


def _families(specifications: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {str(one.get("name") or one.get("id")): one for one in specifications}


def _characteristics(body: Mapping[str, Any]) -> dict[str, Any]:
    return {str(one.get("name")): one for attribute in _CHARACTERISTICS for one in body.get(attribute) or ()}


def _relations(body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        f"{one.get('relationshipType')} {one.get('role') or one.get('name') or one.get('id')}": one
        for attribute in _RELATIONSHIPS
        for one in body.get(attribute) or ()
    }


def _rules(body: Mapping[str, Any]) -> Mapping[str, Any]:
    rules = body.get("fulfilment")
    return rules if isinstance(rules, Mapping) else {}


def _tasks(body: Mapping[str, Any]) -> dict[str, Any]:
    rules = _rules(body)
    return {
        f"{action}/{name}": task
        for action in ACTIONS
        for name, task in ((rules.get(action) or {}).get("tasks") or {}).items()
    }


def things(what: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    """Say what differs between two sets of things, by name; of those that are objects, attribute by attribute."""
    for name in dict.fromkeys([*before, *after]):
        one, other = before.get(name, _ABSENT), after.get(name, _ABSENT)
        if one is _ABSENT:
            yield Difference("added", what, name, after=None if isinstance(other, Mapping) else other)
        elif other is _ABSENT:
            yield Difference("removed", what, name, before=None if isinstance(one, Mapping) else one)
        else:
            yield from _values(what, name, "", one, other)


def _values(what: str, name: str, path: str, before: Any, after: Any) -> Iterator[Difference]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys([*before, *after]):
            below = f"{path}.{key}" if path else str(key)
            yield from _values(what, name, below, before.get(key), after.get(key))
        return
    yield Difference("changed", what, name, path or None, before, after)
