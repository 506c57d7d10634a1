"""What a recipe is for: an action on a specification of the catalogue, in a range of its versions."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from models.domain.fulfilment import ACTIONS
from models.domain.pointers import pointer
from models.domain.releases.versions import InvalidVersion, Range, Version
from models.domain.violations import Violation

ANY = "*"


@dataclass(frozen=True, slots=True)
class Binding:
    """One thing that a recipe is for.

    Attributes:
        specification: the specification's name, which is that of its family.
        action: of an order's item.
        versions: of the specification; `*` fits specifications without a semantic version, too.
        by_policy: it is taken only where a policy chooses it, so that several recipes can be for the same.
    """

    specification: str
    action: str
    versions: Range
    by_policy: bool = False

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> "Binding":
        """Read one.

        Raises:
            InvalidVersion: its range is none.
        """
        versions = Range.parse(body.get("versions", ANY))
        return cls(body["specification"], body.get("action", "add"), versions, bool(body.get("byPolicy")))

    def fits(self, specification: str, version: str | None, action: str) -> bool:
        """Whether it is for this action on this version of a specification."""
        if (self.specification, self.action) != (specification, action):
            return False
        try:
            return self.versions.text == ANY or (version is not None and self.versions.contains(version))
        except InvalidVersion:
            return False

    def overlaps(self, other: "Binding") -> bool:
        """Whether there can be a version that both fit, and both are taken for without being chosen."""
        if self.by_policy or other.by_policy:
            return False
        if (self.specification, self.action) != (other.specification, other.action):
            return False
        bounds = [*self.versions.comparators, *other.versions.comparators]
        lower = max((_lower(sign, bound) for sign, bound in bounds if sign in (">=", ">", "=")), default=None)
        upper = min((_upper(sign, bound) for sign, bound in bounds if sign in ("<=", "<", "=")), default=None)
        if lower is None or upper is None:
            return True
        return lower[0] < upper[0] or (lower[0] == upper[0] and not lower[1] and bool(upper[1]))

    def __str__(self) -> str:
        """As people read it."""
        versions = f" {self.versions.text}" if self.versions.text != ANY else ""
        return f"{self.action} of {self.specification}{versions}{' by policy' if self.by_policy else ''}"


def bindings_of(body: Mapping[str, Any]) -> tuple[Binding, ...]:
    """All that a recipe is for.

    Raises:
        InvalidVersion: a range is none.
    """
    return tuple(Binding.read(one) for one in body.get("binding") or ())


def violations(bindings: Iterable[Mapping[str, Any]], at: str = "") -> Iterator[Violation]:
    """Say which bindings cannot be meant."""
    for index, body in enumerate(bindings):
        if (action := body.get("action", "add")) not in ACTIONS:
            reason = f"{str(action)[:100]!r} is none of {', '.join(ACTIONS)}."
            yield Violation(f"{at}{pointer('binding', index, 'action')}", "invalidValue", reason)
        try:
            Binding.read(body)
        except InvalidVersion as error:
            yield Violation(f"{at}{pointer('binding', index, 'versions')}", "invalidVersion", str(error))


def _lower(sign: str, bound: Version) -> tuple[Version, bool]:
    """A lower bound; of two at the same version the one that leaves it out is higher."""
    return bound, sign == ">"


def _upper(sign: str, bound: Version) -> tuple[Version, bool]:
    """An upper bound; of two at the same version the one that leaves it out is lower."""
    return bound, sign != "<"
