"""The closures that an expression is made of; the compiler decides which."""

from collections.abc import Callable
from typing import Any

from models.domain.expressions.errors import ExpressionTypeError, ExpressionValueError
from models.domain.expressions.operators import COMPARISON, both, order_keys, satisfies
from models.domain.expressions.properties import property_of
from models.domain.expressions.runtime import Run, kind, wrong_type
from models.domain.expressions.values.calendar import TEMPORAL
from models.domain.expressions.values.ranges import Range

Code = Callable[[Run], Any]
Check = Callable[[Run, Any], bool | None]
"""A test of a value."""


def tolerant(code: Code) -> Code:
    """Return the closure that gives FEEL's null where an operation does not fit its operands."""

    def attempt(run: Run) -> Any:
        try:
            return code(run)
        except (ExpressionTypeError, ExpressionValueError):
            return None

    return attempt


def one_of(code: Code) -> Check:
    return lambda run, value: satisfies(run, value, code(run))


def inside(low: Code, high: Code, *, low_closed: bool, high_closed: bool) -> Check:
    """Return the check of a range whose ends need not be made into one."""
    above, below = COMPARISON[">=" if low_closed else ">"], COMPARISON["<=" if high_closed else "<"]
    return lambda run, value: both(above(run, value, low(run)), below(run, value, high(run)))


def range_value(low: Code, high: Code, *, low_closed: bool, high_closed: bool) -> Code:
    def make(run: Run) -> Range:
        first, last = low(run), high(run)
        if first is None or last is None or order_keys(run, first, last) is None:
            raise wrong_type("..", "two ends that have an order", last if first is not None else first)
        return Range(first, last, low_closed, high_closed)

    return make


def half_line(sign: str, end: Code) -> Code:
    """Return the closure of `(< 5)` as a value."""

    def make(run: Run) -> Range:
        value = end(run)
        if sign == "!=" or value is None or kind(value) in ("list", "context", "function", "range"):
            raise wrong_type(sign, "an end that has an order", value)
        if sign == "=":
            return Range(value, value, True, True)
        closed = sign.endswith("=")
        return Range(None, value, False, closed) if sign[0] == "<" else Range(value, None, closed, False)

    return make


def all_checks(checks: tuple[Check, ...]) -> Check:
    """Return the check that one of several is fulfilled."""
    if len(checks) == 1:
        return checks[0]

    def member(run: Run, value: Any) -> bool | None:
        outcomes = [check(run, value) for check in checks]
        return True if True in outcomes else None if None in outcomes else False

    return member


def slot_value(slot: int) -> Code:
    return lambda run: run.slots[slot]


def element_or(elements: list[int], name: str, otherwise: Code) -> Code:
    """Return the closure of a name that may be an attribute of one of the filtered elements around it."""
    if not elements:
        return otherwise

    def read(run: Run) -> Any:
        for slot in elements:
            element = run.slots[slot]
            if isinstance(element, dict) and name in element:
                return element[name]
        return otherwise(run)

    return read


def attribute(base: Code, name: str) -> Code:
    def read(run: Run) -> Any:
        value = base(run)
        if isinstance(value, dict):
            return value.get(name)
        if isinstance(value, list):
            run.spend(len(value) // 8)
            return [item.get(name) if isinstance(item, dict) else property_of(item, name) for item in value]
        return property_of(value, name) if isinstance(value, (*TEMPORAL, Range)) else None

    return read


def all_true(operands: tuple[Code, ...]) -> Code:
    def conjunction(run: Run) -> bool | None:
        outcome: bool | None = True
        for operand in operands:
            value = operand(run)
            if value is False:
                return False
            if value is not True:
                outcome = None
        return outcome

    return conjunction


def any_true(operands: tuple[Code, ...]) -> Code:
    def disjunction(run: Run) -> bool | None:
        outcome: bool | None = False
        for operand in operands:
            value = operand(run)
            if value is True:
                return True
            if value is not False:
                outcome = None
        return outcome

    return disjunction
