"""The closures that an expression is made of; the compiler decides which."""

from collections.abc import Callable
from typing import Any

from models.domain.expressions.operators import equal, included
from models.domain.expressions.runtime import Run

Code = Callable[[Run], Any]


def one_of(code: Code) -> Callable[[Run, Any], bool | None]:
    def check(run: Run, value: Any) -> bool | None:
        allowed = code(run)
        return included(run, allowed, value) if isinstance(allowed, list) else equal(run, value, allowed)

    return check


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
            return [item.get(name) if isinstance(item, dict) else None for item in value]
        return None

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
