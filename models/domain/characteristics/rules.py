"""The characteristics of a service or resource against its specification (TMF633, TMF634)."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from models.domain.characteristics.names import OF_SERVICE, Names
from models.domain.characteristics.rule import Given, Rule, rule_of
from models.domain.patterns import PatternEngine
from models.domain.violations import Violation


@dataclass(frozen=True, slots=True)
class CharacteristicRules:
    """The compiled rules of one specification. Compile once per version and keep.

    Attributes:
        rules: by the characteristic's name, in the order of the specification.
        open: whether names that the specification does not know are accepted: it says `extensible`, or does not speak
            of characteristics at all.
    """

    rules: Mapping[str, Rule]
    open: bool
    _needed: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Note what an order has to name to be right beyond doubt."""
        needed = frozenset(name for name, rule in self.rules.items() if not rule.may_be_absent())
        object.__setattr__(self, "_needed", needed)

    @classmethod
    def from_specification(cls, spec: Mapping[str, Any], patterns: PatternEngine, names: Names = OF_SERVICE) -> Self:
        """Return the rules of a specification. Never raises: flaws are what `check_specification` reports."""
        raw = mappings(spec.get(names.characteristics))
        rules: dict[str, Rule] = {}
        for item in raw:
            if isinstance(item.get("name"), str):
                rules.setdefault(item["name"], rule_of(item, patterns, names))
        unspoken = not isinstance(spec.get(names.characteristics), list)
        return cls(rules, unspoken or spec.get("extensible") is True)

    def check(
        self,
        characteristics: Sequence[Mapping[str, Any]],
        *,
        pointer: str,
        partial: bool,
        at: datetime | None = None,
    ) -> list[Violation]:
        """Return what is wrong with the characteristics of an order item's service.

        Args:
            characteristics: entries with `name` and `value`.
            pointer: JSON pointer of the list they stand in.
            partial: they are a change (action `modify`): only named ones are checked, null removes.
            at: the moment at which characteristics and their values have to be valid; None ignores `validFor`.
        """
        if at is None and self.plainly_fit(characteristics, partial=partial):
            return []
        found: list[Violation] = []
        by_name = self._by_name(characteristics, pointer, found)
        for name, entries in by_name.items():
            rule = self.rules.get(name)
            if rule is not None and rule.validity.covers(at):
                found.extend(rule.check(entries, partial=partial, at=at))
            elif not self.open:
                found.append(self._unknown(name, entries[0].pointer, known=rule is not None, at=at))
        if not partial:
            absent = (rule for name, rule in self.rules.items() if name not in by_name and rule.validity.covers(at))
            found.extend(rule.missing(pointer) for rule in absent if rule.mandatory(at))
        return found

    def with_defaults(
        self, characteristics: Sequence[Mapping[str, Any]], *, at: datetime | None = None
    ) -> list[dict[str, Any]]:
        """Return the characteristics with defaults for those that are absent or null; the given order is kept."""
        complete = [dict(item) for item in characteristics]
        valid = (rule for rule in self.rules.values() if rule.options and rule.validity.covers(at))
        defaults = [(rule, default) for rule in valid if (default := rule.default(at)) is not None]
        by_name = {item.get("name"): item for item in reversed(complete)} if defaults else {}
        for rule, default in defaults:
            entry = by_name.get(rule.name)
            if entry is not None and entry.get("value") is not None:
                continue
            if entry is None:
                kind = {"valueType": rule.value_type_text} if rule.value_type_text else {}
                complete.append({"name": rule.name, **kind, "value": copy.deepcopy(default)})
            else:
                entry["value"] = copy.deepcopy(default)
        return complete

    def plainly_fit(self, characteristics: Sequence[Mapping[str, Any]], *, partial: bool) -> bool:
        """Tell whether each is known, stands once and has one value that fits, as in most orders.

        Then `check` finds nothing, with the defaults added or without. Nothing is noted on the way that only a message
        would need, which makes it several times faster than looking for violations.
        """
        rules = self.rules
        named: set[str] = set()
        for item in characteristics:
            name = item.get("name")
            rule = rules.get(name) if type(name) is str else None
            if rule is None or not rule.accepts(item.get("value")):
                return False
            named.add(rule.name)
        return len(named) == len(characteristics) and (partial or self._needed <= named)

    def _by_name(
        self, characteristics: Sequence[Mapping[str, Any]], pointer: str, found: list[Violation]
    ) -> dict[str, list[Given]]:
        by_name: dict[str, list[Given]] = {}
        for index, item in enumerate(characteristics):
            name = item.get("name")
            if isinstance(name, str) and name:
                by_name.setdefault(name, []).append(Given(f"{pointer}/{index}", item.get("value")))
            else:
                message = "A characteristic needs a name, which its specification knows."
                found.append(Violation(f"{pointer}/{index}/name", "characteristicNameMissing", message))
        return by_name

    def _unknown(self, name: str, pointer: str, *, known: bool, at: datetime | None) -> Violation:
        if known:
            message = f"The characteristic {name} is outside its validity in the specification."
            return Violation(f"{pointer}/name", "characteristicNotValid", message)
        names = [rule.name for rule in self.rules.values() if rule.validity.covers(at)]
        allowed = f"it has {listed(names)}" if names else "it has none"
        message = f"The specification has no characteristic {name}; {allowed}."
        return Violation(f"{pointer}/name", "unknownCharacteristic", message)


def mappings(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects of a list; anything else holds none."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def listed(words: Sequence[str], most: int = 20) -> str:
    """Return words as an enumeration that stays readable."""
    rest = len(words) - most
    return ", ".join(words[:most]) + (f" and {rest} more" if rest > 0 else "")
