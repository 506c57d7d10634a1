"""Calling functions that are values: those of an expression itself, of decisions, and built-in ones."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from models.domain.expressions.errors import ExpressionTooExpensive, ExpressionTypeError
from models.domain.expressions.runtime import MAX_CALLS, Run, kind
from models.domain.expressions.types import Type, converted
from models.domain.expressions.values.ranges import FunctionValue

Code = Callable[[Run], Any]


def invoke(run: Run, function: Any, values: list[Any], names: tuple[str, ...] = ()) -> Any:
    """Call a function with values in order, or by name. Raises ExpressionTypeError where they do not fit it."""
    if not isinstance(function, FunctionValue):
        raise ExpressionTypeError(f"Only a function can be called, and not {kind(function)}")
    if names:
        if not set(names) <= set(function.parameters) or len(set(names)) != len(names):
            raise ExpressionTypeError(f"The function has the parameters {', '.join(function.parameters)}")
        by_name = dict(zip(names, values, strict=True))
        values = (
            [by_name.get(name) for name in function.parameters] if function.least is None else _cut(function, by_name)
        )
    least = len(function.parameters) if function.least is None else function.least
    if not (least <= len(values) and (len(values) <= len(function.parameters) or function.repeated)):
        raise ExpressionTypeError(f"The function has {len(function.parameters)} parameters, not {len(values)}")
    if names and function.least is None and len(names) != len(function.parameters):
        raise ExpressionTypeError(f"The function has {len(function.parameters)} parameters, not {len(names)}")
    given = [
        converted(run, function.types[index] if index < len(function.types) else None, value)
        for index, value in enumerate(values)
    ]
    return _within_bounds(run, function, given)


def _cut(function: FunctionValue, by_name: dict[str, Any]) -> list[Any]:
    """Return arguments up to the last one given; what is left out between is null."""
    last = max(function.parameters.index(name) for name in by_name)
    return [by_name.get(name) for name in function.parameters[: last + 1]]


def _within_bounds(run: Run, function: FunctionValue, given: list[Any]) -> Any:
    run.calls += 1
    if run.calls > MAX_CALLS:
        raise ExpressionTooExpensive(f"Functions call each other more than {MAX_CALLS} deep")
    try:
        return converted(run, function.returns, function.call(run, *given))
    finally:
        run.calls -= 1


@dataclass(frozen=True, slots=True)
class Definition:
    """A function as it was written: its parameters with their types and slots, and what its body costs."""

    parameters: tuple[str, ...]
    types: tuple[Type | None, ...]
    returns: Type | None
    slots: tuple[int, ...]
    body: Code
    cost: int


def closure(definition: Definition) -> Code:
    """Return the closure that makes a function: it keeps the variables and names of where it was written."""
    slots, body, cost = definition.slots, definition.body, definition.cost

    def make(run: Run) -> FunctionValue:
        run.spend(len(run.slots) // 8)
        kept, context = run.slots.copy(), run.context

        def call(caller: Run, *values: Any) -> Any:
            caller.spend(cost + len(kept) // 8)
            outer = caller.slots, caller.context
            caller.slots, caller.context = kept.copy(), context
            for slot, value in zip(slots, values, strict=True):
                caller.slots[slot] = value
            try:
                return body(caller)
            finally:
                caller.slots, caller.context = outer

        return FunctionValue(definition.parameters, call, definition.types, definition.returns)

    return make
