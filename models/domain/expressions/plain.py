"""Values as JSON has them: at the end of an evaluation, and where a text is made of them."""

import math
from decimal import Decimal
from typing import Any

from models.domain.expressions.errors import ExpressionTypeError, ExpressionValueError
from models.domain.expressions.values.calendar import TEMPORAL, Moment
from models.domain.expressions.values.calendar_text import canonical, text_of
from models.domain.expressions.values.numbers import MAX_INTEGER, is_whole
from models.domain.expressions.values.ranges import FunctionValue, Range


def plain(value: Any) -> Any:
    """Return a result of a mapping as JSON values: decimals as floats, moments in UTC, other dates as FEEL writes them.

    What is plain already is handed back as it is, shared parts too.

    Raises:
        ExpressionValueError: a number beyond what a float holds.
        ExpressionTypeError: a function or a range.
    """
    return _converted(value, _of_mapping)


def plain_decision(value: Any) -> Any:
    """Return a result of a decision as JSON values: whole numbers as integers, dates as FEEL writes them."""
    return _converted(value, _of_decision)


def _converted(value: Any, scalar: Any) -> Any:
    if isinstance(value, dict):
        entries = {key: _converted(item, scalar) for key, item in value.items()}
        return value if all(entries[key] is item for key, item in value.items()) else entries
    if isinstance(value, list):
        items = [_converted(item, scalar) for item in value]
        return value if all(made is item for made, item in zip(items, value, strict=True)) else items
    return scalar(value)


def _of_mapping(value: Any) -> Any:
    if isinstance(value, Decimal):
        return _float(value)
    if isinstance(value, Moment):
        return canonical(value)
    return _other(value)


def _of_decision(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if is_whole(value) and abs(value) <= MAX_INTEGER else _float(value)
    if isinstance(value, float) and value.is_integer() and abs(value) <= MAX_INTEGER:
        return int(value)
    return _other(value)


def _float(value: Decimal) -> float:
    made = float(value)
    if not math.isfinite(made):
        raise ExpressionValueError("The result is no finite number")
    return made


def _other(value: Any) -> Any:
    if isinstance(value, TEMPORAL):
        return text_of(value)
    if isinstance(value, FunctionValue | Range):
        what = "function" if isinstance(value, FunctionValue) else "range"
        raise ExpressionTypeError(f"The result is a {what}, which is no value of JSON")
    return value
