"""What a specification is made of and relies on: `serviceSpecRelationship`, typed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

RelationKind = Literal["bundles", "dependency", "exclusivity", "substitution"]

_KINDS: Mapping[str, RelationKind] = {
    "bundles": "bundles",
    "dependency": "dependency",
    "exclusivity": "exclusivity",
    "substitution": "substitution",
}


@dataclass(frozen=True, slots=True)
class Validity:
    """A period of TM Forum's `validFor`; texts in the canonical form, None where it is open."""

    start: str | None = None
    end: str | None = None

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "Validity":
        """Read the `validFor` of a body."""
        period = body.get("validFor")
        if not isinstance(period, Mapping):
            return cls()
        return cls(_text(period, "startDateTime"), _text(period, "endDateTime"))

    def holds(self, at: str) -> bool:
        """Whether the moment (text in the canonical form) is inside."""
        return (self.start is None or self.start <= at) and (self.end is None or at <= self.end)


@dataclass(frozen=True, slots=True)
class Relation:
    """One relationship to another specification.

    Attributes:
        kind: `bundles` (is made of), `dependency` (relies on), `exclusivity`, `substitution`.
        index: where it stands in serviceSpecRelationship.
        id: id of the other specification, or None where it is referred to by name and version.
        family: name of the other one, where given.
        role: the part it plays, where given.
    """

    kind: RelationKind
    index: int
    id: str | None
    family: str | None
    version: str | None
    role: str | None
    validity: Validity

    @property
    def name(self) -> str:
        """Under which the `fulfilment` rules and expressions speak of it."""
        return self.role or self.family or self.id or ""


def relations_of(body: Mapping[str, Any]) -> tuple[Relation, ...]:
    """Return the relationships of the kinds that TM Forum defines; others in the body mean nothing here."""
    found: list[Relation] = []
    for index, raw in enumerate(body.get("serviceSpecRelationship") or ()):
        kind = _KINDS.get(str(raw.get("relationshipType", "")).lower())
        if kind is not None:
            found.append(
                Relation(
                    kind=kind,
                    index=index,
                    id=_text(raw, "id"),
                    family=_text(raw, "name"),
                    version=_text(raw, "version"),
                    role=_text(raw, "role"),
                    validity=Validity.of(raw),
                )
            )
    return tuple(found)


def _text(raw: Mapping[str, Any], name: str) -> str | None:
    value = raw.get(name)
    return value if isinstance(value, str) and value else None
