"""The rule of one characteristic."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.domain.characteristics.names import OF_SERVICE, Names
from models.domain.characteristics.options import Option, Validity, matches, option_of, pattern_of
from models.domain.characteristics.value_types import ANY, ARRAY, ValueType, alike, given, shown, value_type_of
from models.domain.patterns import Pattern, PatternEngine
from models.domain.violations import Violation


@dataclass(frozen=True, slots=True)
class Given:
    """What an order gives for a characteristic: the pointer of the entry, and its value."""

    pointer: str
    value: Any


@dataclass(frozen=True, slots=True)
class Rule:
    """What a specification says about one characteristic.

    Attributes:
        least: minCardinality, 0 where it is not given.
        most: maxCardinality, 1 where it is not given, None for no bound (a negative number).
        configurable: whether the orderer may choose the value.
        options: the value specifications.
        limits: those of which a value has to fit one; none where every value of the type will do.
    """

    name: str
    value_type: ValueType
    value_type_text: str | None
    configurable: bool
    least: int
    most: int | None
    unique: bool
    pattern: Pattern | None
    options: tuple[Option, ...]
    limits: tuple[Option, ...]
    validity: Validity

    def default(self, at: datetime | None = None) -> Any:
        """Return the default value, a list of them where several are defaults and allowed, None where there is none."""
        values = [option.value for option in self._valid(at) if option.is_default and option.has_value]
        if not values:
            return None
        return values if len(values) > 1 and self.most != 1 else values[0]

    def mandatory(self, at: datetime | None = None) -> bool:
        """Tell whether an order has to give a value: needed, without a default, and the orderer's to choose."""
        return self.least > 0 and self.configurable and self.default(at) is None

    def missing(self, pointer: str) -> Violation:
        """Return the violation for an order that does not give a mandatory value."""
        wanted = f" It must be {self.value_type.phrase}." if self.value_type is not ANY else ""
        return Violation(pointer, "characteristicMissing", f"The characteristic {self.name} is mandatory.{wanted}")

    def accepts(self, value: Any) -> bool:
        """Tell whether one single value is right beyond doubt; `check` finds out what is wrong with any other."""
        if value is None or type(value) is list or not self.configurable or self.least > 1 or self.most == 0:
            return False
        if not self.value_type.fits(value) or (self.pattern is not None and not matches(self.pattern, value)):
            return False
        return not self.limits or any(option.fits(self.value_type, value) for option in self.limits)

    def may_be_absent(self) -> bool:
        """Tell whether an order may leave it out: it is not needed, or the default that takes its place is right."""
        default = self.default()
        if default is None:
            return not self.mandatory()
        return not self.check([Given("", default)], partial=False, at=None)

    def check(self, entries: list[Given], *, partial: bool, at: datetime | None) -> list[Violation]:
        """Return what is wrong with the entries that an order has for this characteristic."""
        if len(entries) > 1 and self.most == 1:
            return [self._duplicate(entry) for entry in entries[1:]]
        values = [value for entry in entries for value in self._values(entry)]
        if not values:
            return list(self._nothing(entries[0], partial=partial, at=at))
        if not self.least <= len(values) or (self.most is not None and len(values) > self.most):
            return [self._cardinality(entries[0], len(values))]
        found = [violation for value in values for violation in self._value(value, at)]
        return found + list(self._repeated(values)) if self.unique else found

    def _duplicate(self, entry: Given) -> Violation:
        message = f"The characteristic {self.name} stands here more than once, and it has one value."
        return Violation(entry.pointer, "characteristicDuplicate", message)

    def _values(self, entry: Given) -> Iterator[Given]:
        """Yield the values of an entry; a list holds several, unless the value itself is a list."""
        if entry.value is None:
            return
        several = (
            isinstance(entry.value, list)
            and self.value_type is not ARRAY
            and (self.value_type is not ANY or self.most != 1)
        )
        if not several:
            yield Given(f"{entry.pointer}/value", entry.value)
            return
        for index, value in enumerate(entry.value):
            yield Given(f"{entry.pointer}/value/{index}", value)

    def _nothing(self, entry: Given, *, partial: bool, at: datetime | None) -> Iterator[Violation]:
        pointer = f"{entry.pointer}/value"
        if partial and self.least > 0:
            message = f"The characteristic {self.name} is mandatory and cannot be removed."
            yield Violation(pointer, "mandatoryCharacteristic", message)
        elif not partial and self.mandatory(at):
            yield self.missing(pointer)

    def _value(self, value: Given, at: datetime | None) -> Iterator[Violation]:
        if not self.configurable:
            yield from self._chosen(value, at)
        elif not self.value_type.fits(value.value):
            yield self._wrong(value, "characteristicValueType", f"must be {self.value_type.phrase}")
        elif self.pattern is not None and not matches(self.pattern, value.value):
            yield self._wrong(value, "characteristicPattern", f"must be like {self.pattern.source}")
        else:
            yield from self._allowed(value, at)

    def _chosen(self, value: Given, at: datetime | None) -> Iterator[Violation]:
        default = self.default(at)
        fixed = default if isinstance(default, list) and self.most != 1 else [default]
        if not any(alike(one, value.value) for one in fixed):
            allowed = f"is fixed to {shown(default)}" if default is not None else "is not for the orderer to set"
            yield self._wrong(value, "characteristicNotConfigurable", allowed)

    def _allowed(self, value: Given, at: datetime | None) -> Iterator[Violation]:
        fitting = [option for option in self.limits if option.fits(self.value_type, value.value)]
        if not self.limits or any(option.validity.covers(at) for option in fitting):
            return
        allowed = [option.described() for option in self.limits if option.validity.covers(at)]
        words = " or ".join(allowed[:20]) + (f" or one of {len(allowed) - 20} more" if len(allowed) > 20 else "")
        ranged = all(option.range is not None for option in self.limits)
        code = "characteristicRange" if ranged else "characteristicValueNotAllowed"
        expired = " (this value is outside its validity)" if fitting else ""
        yield self._wrong(value, code, f"must be {words or 'nothing at this time'}{expired}")

    def _cardinality(self, entry: Given, count: int) -> Violation:
        bounds = [f"at least {self.least}"] if self.least else []
        if self.most is not None:
            bounds.append(f"at most {self.most}")
        message = (
            f"The number of values of the characteristic {self.name} must be {' and '.join(bounds)}; it is {count}."
        )
        return Violation(f"{entry.pointer}/value", "characteristicCardinality", message)

    def _repeated(self, values: list[Given]) -> Iterator[Violation]:
        seen: set[str] = set()
        for value in values:
            key = json.dumps(value.value, sort_keys=True, default=str)
            if key in seen:
                yield self._wrong(value, "characteristicNotUnique", "has different values")
            seen.add(key)

    def _wrong(self, value: Given, code: str, rule: str) -> Violation:
        message = f"The characteristic {self.name} {rule}; {given(value.value)} was given."
        return Violation(value.pointer, code, message)

    def _valid(self, at: datetime | None) -> list[Option]:
        return [option for option in self.options if option.validity.covers(at)]


def rule_of(raw: Mapping[str, Any], patterns: PatternEngine, names: Names = OF_SERVICE) -> Rule:
    """Return the rule that a characteristic of a specification states."""
    specifications = raw.get(names.values)
    values = [item for item in specifications if isinstance(item, Mapping)] if isinstance(specifications, list) else []
    text = raw.get("valueType") or next((item["valueType"] for item in values if item.get("valueType")), None)
    value_type = value_type_of(text)
    most = whole(raw.get("maxCardinality"), 1)
    options = tuple(option_of(item, value_type, patterns) for item in values)
    return Rule(
        name=raw["name"],
        value_type=value_type,
        value_type_text=text if isinstance(text, str) else None,
        configurable=raw.get("configurable") is not False,
        least=max(0, whole(raw.get("minCardinality"), 0)),
        most=None if most < 0 else most,
        unique=raw.get("isUnique") is True,
        pattern=pattern_of(raw, patterns),
        options=options,
        limits=_limits(options, raw.get("extensible")),
        validity=Validity.of(raw),
    )


def _limits(options: tuple[Option, ...], extensible: Any) -> tuple[Option, ...]:
    """Return the options that restrict values. A default alone does where `extensible` is expressly false."""
    restricting = tuple(option for option in options if option.restricts)
    lone_default = len(restricting) == 1 and restricting[0].is_default and restricting[0].range is None
    return () if extensible is True or (lone_default and extensible is not False) else restricting


def whole(value: Any, otherwise: int) -> int:
    """Return an integer as it is, anything else as what stands for it."""
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise
