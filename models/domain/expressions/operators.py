"""Arithmetic and comparison over plain JSON values, with FEEL's null.

Null in, null out. What FEEL calls an invalid operand (a text times a number) yields null there; here it is an error,
because a mapping that silently hands null to a fulfiller is found too late. Comparisons stay with FEEL: unlike kinds
compare as null.
"""

import operator as python
from collections.abc import Callable
from typing import Any

from models.domain.expressions.errors import ExpressionValueError
from models.domain.expressions.runtime import Run, checked_number, checked_text, is_number, kind, same, wrong_type

Operation = Callable[[Run, Any, Any], Any]


def add(run: Run, left: Any, right: Any) -> Any:
    if left is None or right is None:
        return None
    if isinstance(left, str) and isinstance(right, str):
        run.spend((len(left) + len(right)) // 100)
        return checked_text(left + right)
    return _calculated("+", "two numbers or two texts", python.add, left, right)


def subtract(_: Run, left: Any, right: Any) -> Any:
    return _calculated("-", "two numbers", python.sub, left, right)


def multiply(_: Run, left: Any, right: Any) -> Any:
    return _calculated("*", "two numbers", python.mul, left, right)


def divide(_: Run, left: Any, right: Any) -> Any:
    return _calculated("/", "two numbers", quotient, left, right)


def raise_to(_: Run, left: Any, right: Any) -> Any:
    return _calculated("**", "two numbers", _power, left, right)


def negate(value: Any) -> Any:
    if value is None:
        return None
    if not is_number(value):
        raise wrong_type("-", "a number", value)
    return checked_number(-value)


def quotient(left: float, right: float) -> int | float:
    """Return left divided by right: an integer where two integers divide without rest, else a float."""
    if right == 0:
        raise ExpressionValueError("The expression divides by zero")
    if isinstance(left, int) and isinstance(right, int) and left % right == 0:
        return left // right
    return left / right


def _power(left: float, right: float) -> Any:
    if left == 0 and right < 0:
        raise ExpressionValueError("The expression divides by zero")
    if isinstance(left, int) and isinstance(right, int) and right >= 0:
        # Beyond these bounds the result has more than 64 bits anyway; computing it could take for ever.
        if abs(left) > 1 and (right > 64 or left.bit_length() > 64):
            raise ExpressionValueError("The result is an integer beyond 64 bits")
        return left ** (right if abs(left) > 1 or right == 0 else 2 - right % 2)
    return float(left) ** right


def _calculated(sign: str, wanted: str, operation: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    if left is None or right is None:
        return None
    if not is_number(left):
        raise wrong_type(sign, wanted, left)
    if not is_number(right):
        raise wrong_type(sign, wanted, right)
    try:
        return checked_number(operation(left, right))
    except OverflowError:
        raise ExpressionValueError("The result is no finite number") from None


def equal(run: Run, left: Any, right: Any) -> bool | None:
    """Compare as FEEL does: null equals null alone, values of unlike kinds compare as null."""
    if left is None or right is None:
        return left is right
    return same(run, left, right) if kind(left) == kind(right) else None


def unequal(run: Run, left: Any, right: Any) -> bool | None:
    outcome = equal(run, left, right)
    return None if outcome is None else not outcome


def _ordered(compare: Callable[[Any, Any], bool]) -> Operation:
    def operation(_: Run, left: Any, right: Any) -> bool | None:
        if isinstance(left, str) and isinstance(right, str):
            return compare(left, right)
        return compare(left, right) if is_number(left) and is_number(right) else None

    return operation


ARITHMETIC: dict[str, Operation] = {"+": add, "-": subtract, "*": multiply, "/": divide, "**": raise_to}
COMPARISON: dict[str, Operation] = {
    "=": equal,
    "!=": unequal,
    "<": _ordered(python.lt),
    "<=": _ordered(python.le),
    ">": _ordered(python.gt),
    ">=": _ordered(python.ge),
}


def both(left: Any, right: Any) -> bool | None:
    """Three-valued `and`; what is no boolean counts as null."""
    if left is False or right is False:
        return False
    return True if left is True and right is True else None


def included(run: Run, items: list[Any], value: Any) -> bool:
    """Tell whether a list contains a value."""
    return any(same(run, item, value) for item in items)
