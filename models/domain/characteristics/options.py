"""One `characteristicValueSpecification`: a value that is allowed, a range, or a pattern."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.domain.characteristics.value_types import ValueType, alike, as_written, moment, number_of, shown
from models.domain.patterns import Pattern, PatternEngine, PatternError

CLOSED_BOTTOM = ("closed", "closedbottom")
CLOSED_TOP = ("closed", "closedtop")
INTERVALS = ("open", "closed", "closedBottom", "closedTop")


@dataclass(frozen=True, slots=True)
class Validity:
    """A `validFor`; a side that is missing is open."""

    start: datetime | None = None
    end: datetime | None = None

    @classmethod
    def of(cls, holder: Mapping[str, Any]) -> "Validity":
        """Return the validity that an object of the catalogue states."""
        period = holder.get("validFor")
        if not isinstance(period, Mapping):
            return cls()
        return cls(moment(period.get("startDateTime")), moment(period.get("endDateTime")))

    def covers(self, at: datetime | None) -> bool:
        """Tell whether a moment is inside; None asks for no particular moment."""
        if at is None:
            return True
        return (self.start is None or self.start <= at) and (self.end is None or at <= self.end)


@dataclass(frozen=True, slots=True)
class Range:
    """From, to, and whether the ends belong to it. `low` and `high` are comparable, `shown` is for people."""

    low: Any
    high: Any
    low_closed: bool
    high_closed: bool
    shown: str

    def holds(self, value: Any) -> bool:
        """Tell whether a comparable value is inside."""
        try:
            above = self.low is None or value > self.low or (self.low_closed and value == self.low)
            return bool(above and (self.high is None or value < self.high or (self.high_closed and value == self.high)))
        except TypeError:  # a number against a text, where the value type does not tell them apart
            return False


@dataclass(frozen=True, slots=True)
class Option:
    """One alternative for a value. It fits when its range or else its value fits, and its pattern too."""

    value: Any
    has_value: bool
    is_default: bool
    range: Range | None
    pattern: Pattern | None
    validity: Validity

    @property
    def restricts(self) -> bool:
        """Tell whether the option says anything about values."""
        return self.has_value or self.range is not None or self.pattern is not None

    def fits(self, value_type: ValueType, value: Any) -> bool:
        """Tell whether a value is covered by this option."""
        if self.range is not None:
            comparable = value_type.ordered(value)
            if comparable is None or not self.range.holds(comparable):
                return False
        elif self.has_value and not alike(self.value, value):
            return False
        return self.pattern is None or (self.has_value and self.range is None) or matches(self.pattern, value)

    def described(self) -> str:
        """Return the option in words, for a message that lists what is allowed."""
        if self.range is not None:
            return self.range.shown
        if self.has_value:
            return shown(self.value)
        return f"a text like {self.pattern.source}" if self.pattern else "anything"


def option_of(raw: Mapping[str, Any], value_type: ValueType, patterns: PatternEngine) -> Option:
    """Return the option that a `characteristicValueSpecification` states. An unusable pattern restricts nothing."""
    value = raw.get("value")
    return Option(
        value=as_written(value_type, value),
        has_value=value is not None and value != "",
        is_default=raw.get("isDefault") is True,
        range=_range_of(raw, value_type),
        pattern=pattern_of(raw, patterns),
        validity=Validity.of(raw),
    )


def pattern_of(raw: Mapping[str, Any], patterns: PatternEngine) -> Pattern | None:
    """Return the compiled `regex` of an object of the catalogue, None where there is none or it cannot be used."""
    text = raw.get("regex")
    if not isinstance(text, str) or not text:
        return None
    try:
        return patterns.compile_pattern(text)
    except PatternError:
        return None  # reported when the specification is published; a foreign catalogue's must not stop every order


def matches(pattern: Pattern, value: Any) -> bool:
    """Tell whether the whole of a value fits a pattern, a number or boolean by its JSON text. Others have no text."""
    kind = type(value)
    if kind is list or kind is dict:
        return True
    try:
        return pattern.fullmatch(value if kind is str else shown(value))
    except PatternError:
        return False


def bound(value_type: ValueType, raw: Any) -> Any:
    """Return an end of a range as something comparable, None where there is none. Catalogues write numbers as texts."""
    if raw is None or raw == "":
        return None
    if value_type.name in ("any", "text"):
        number = number_of(raw)
        return raw if number is None or value_type.name == "text" else number
    return value_type.ordered(raw)


def _range_of(raw: Mapping[str, Any], value_type: ValueType) -> Range | None:
    low, high = bound(value_type, raw.get("valueFrom")), bound(value_type, raw.get("valueTo"))
    if low is None and high is None:
        return None
    interval = raw.get("rangeInterval")
    kind = interval.strip().lower() if isinstance(interval, str) and interval.strip() else "closed"
    bottom, top = kind in CLOSED_BOTTOM, kind in CLOSED_TOP
    parts = []
    if low is not None:
        parts.append(f"{'at least' if bottom else 'more than'} {raw['valueFrom']}")
    if high is not None:
        parts.append(f"{'at most' if top else 'less than'} {raw['valueTo']}")
    unit = raw.get("unitOfMeasure")
    return Range(low, high, bottom, top, " and ".join(parts) + (f" {unit}" if unit else ""))
