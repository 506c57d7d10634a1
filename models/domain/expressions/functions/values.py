"""Functions over any value."""

import json
import re
from typing import Any

from models.domain.expressions.errors import ExpressionError
from models.domain.expressions.functions.registry import function
from models.domain.expressions.plain import plain
from models.domain.expressions.runtime import Run, checked_result, checked_text, kind, same, wrong_type
from models.domain.expressions.values.calendar import TEMPORAL, Moment, Time
from models.domain.expressions.values.calendar_text import text_of
from models.domain.expressions.values.numbers import exact, is_number, written
from models.domain.expressions.values.ranges import Range

_BARE_KEY = re.compile(r"[^\W\d]\w*(?: \w+)*")


@function("not", "negand: any", "boolean")
def negated(_: Run, value: Any) -> bool | None:
    return not value if isinstance(value, bool) else None


@function("is defined", "value: any", "boolean")
def is_defined(_: Run, value: Any) -> bool:
    return value is not None


@function("is", "value1: any, value2: any", "boolean")
def is_same(run: Run, left: Any, right: Any) -> bool:
    """Tell whether two values are one and the same: moments at one instant with other zones are not."""
    if isinstance(left, Moment | Time) and isinstance(right, Moment | Time):
        return left == right
    return kind(left) == kind(right) and same(run, left, right)


@function("string", "from: any", "text")
def string(run: Run, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if is_number(value):
        given = exact(value)
        text = written(given) if run.lenient or isinstance(given, int) else repr(float(given))
        run.spend(len(text) // 100)
        return text
    if isinstance(value, TEMPORAL):
        return text_of(value)
    if kind(value) in ("unknown", "function"):
        raise wrong_type("string(from)", "a value that can be written", value)
    if run.lenient or isinstance(value, Range):
        text = _as_feel(checked_result(value))
    else:
        text = json.dumps(plain(checked_result(value)), ensure_ascii=False, allow_nan=False, default=_unwritable)
    run.spend(len(text) // 5)
    return checked_text(text)


def _as_feel(value: Any) -> str:  # noqa: PLR0911  # one for each kind
    """Return a value as FEEL writes it as a literal, dates without their `@`."""
    match value:
        case str():
            return json.dumps(value, ensure_ascii=False)
        case bool() | None:
            return json.dumps(value)
        case list():
            return f"[{', '.join(map(_as_feel, value))}]"
        case dict():
            return "{" + ", ".join(f"{_key(key)}: {_as_feel(item)}" for key, item in value.items()) + "}"
        case Range(low, high, low_included, high_included):
            return f"{'[' if low_included else '('}{_as_feel(low)}..{_as_feel(high)}{']' if high_included else ')'}"
        case _ if is_number(value):
            return written(value)
        case _ if isinstance(value, TEMPORAL):
            return text_of(value)
    raise wrong_type("string(from)", "a value that can be written", value)


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else json.dumps(key, ensure_ascii=False)


def _unwritable(value: Any) -> Any:
    raise ExpressionError(f"string(from) met a {type(value).__name__}, which is no JSON value")
