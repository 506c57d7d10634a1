"""Types: what `instance of` asks, what parameters and results of decisions are converted to.

Names are FEEL's (DMN 1.5, 10.3.2.9 and 10.3.2.9.4 for the conversions). A type that nobody defined is `Unknown`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from models.domain.expressions.runtime import Run, kind
from models.domain.expressions.values.calendar import Date, Moment, Time, Zone
from models.domain.expressions.values.ranges import FunctionValue, Range

_KINDS = {
    "string": "text", "number": "number", "boolean": "boolean", "date": "date", "time": "time",
    "date and time": "date and time", "dateTime": "date and time", "context": "context", "list": "list",
    "days and time duration": "days and time duration", "dayTimeDuration": "days and time duration",
    "years and months duration": "years and months duration", "yearMonthDuration": "years and months duration",
    "function": "function", "range": "range", "Null": "null",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Type:
    """Any type."""

    def holds(self, run: Run, value: Any) -> bool:
        """Tell whether a value is of this type."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class AnyType(Type):
    def holds(self, _: Run, value: Any) -> bool:
        return value is not None


@dataclass(frozen=True, slots=True)
class Simple(Type):
    """A type of the language itself; `kind` is what `runtime.kind` says of its values."""

    kind: str

    def holds(self, _: Run, value: Any) -> bool:
        return kind(value) == self.kind


@dataclass(frozen=True, slots=True)
class ListOf(Type):
    item: Type

    def holds(self, run: Run, value: Any) -> bool:
        if not isinstance(value, list):
            return False
        run.spend(len(value))
        return all(fits(run, self.item, item) for item in value)


@dataclass(frozen=True, slots=True)
class ContextOf(Type):
    """A context with at least these entries."""

    fields: tuple[tuple[str, Type], ...]

    def holds(self, run: Run, value: Any) -> bool:
        run.spend(len(self.fields))
        return isinstance(value, dict) and all(
            name in value and fits(run, field, value[name]) for name, field in self.fields
        )


@dataclass(frozen=True, slots=True)
class RangeOf(Type):
    end: Type

    def holds(self, run: Run, value: Any) -> bool:
        return isinstance(value, Range) and all(
            end is None or self.end.holds(run, end) for end in (value.low, value.high)
        )


@dataclass(frozen=True, slots=True)
class FunctionOf(Type):
    parameters: tuple[Type, ...]
    returns: Type

    def holds(self, _: Run, value: Any) -> bool:
        if not isinstance(value, FunctionValue) or len(value.parameters) != len(self.parameters):
            return False
        given = (*value.types, *[None] * (len(self.parameters) - len(value.types)))
        pairs = zip(self.parameters, given, strict=True)
        return all(own is None or isinstance(own, AnyType) or own == wanted for wanted, own in pairs) and (
            value.returns is None or isinstance(self.returns, AnyType) or self.returns == value.returns
        )


@dataclass(frozen=True, slots=True)
class Constrained(Type):
    """A type of which not every value is allowed."""

    base: Type
    allowed: Callable[[Run, Any], bool | None]
    ranked: tuple[Any, ...] = ()
    """The allowed values as they are written (nodes): their order is a priority for decision tables."""

    def holds(self, run: Run, value: Any) -> bool:
        return self.base.holds(run, value) and self.allowed(run, value) is True


def result_type(declared: Type | None) -> Type | None:
    """Return what a function gives whose variable is of a type: what a function's type says, else the type itself."""
    return declared.returns if isinstance(declared, FunctionOf) else declared


def named(name: str) -> Type | None:
    """Return a type of the language, None where it has no type of that name."""
    if name == "Any":
        return AnyType()
    if name == "list":
        return ListOf(AnyType())
    found = _KINDS.get(name)
    return Simple(found) if found else None


def fits(run: Run, wanted: Type, value: Any) -> bool:
    """Tell whether a value may stand where a type is wanted: null may, everywhere but as an instance."""
    return value is None or wanted.holds(run, value)


def converted(run: Run, wanted: Type | None, value: Any) -> Any:
    """Return a value as a type wants it, null where it cannot be converted (DMN 1.5, 10.3.2.9.4)."""
    if wanted is None or value is None or wanted.holds(run, value):
        return value
    base = wanted.base if isinstance(wanted, Constrained) else wanted
    if isinstance(base, ListOf) and not isinstance(value, list):
        candidate: Any = [value]
    elif isinstance(value, list) and len(value) == 1 and not isinstance(base, ListOf):
        candidate = value[0]
    elif isinstance(value, Date) and base == Simple("date and time"):
        candidate = Moment(value, Time(0, Zone(0)))
    else:
        return None
    return candidate if wanted.holds(run, candidate) else None
