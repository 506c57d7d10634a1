"""Functions over any value."""

import json
import re
from datetime import UTC, datetime
from typing import Any

from models.domain.expressions.errors import ExpressionError
from models.domain.expressions.functions.registry import function
from models.domain.expressions.runtime import (
    Run,
    checked_number,
    checked_result,
    checked_text,
    is_number,
    kind,
    wrong_type,
)

_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d([Tt]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)?)?",
    re.ASCII,
)


@function("not", "value: any", "boolean")
def negated(_: Run, value: Any) -> bool | None:
    return not value if isinstance(value, bool) else None


@function("is defined", "value: any", "boolean")
def is_defined(_: Run, value: Any) -> bool:
    return value is not None


@function("string", "from: any", "text")
def string(run: Run, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if is_number(value):
        return str(checked_number(value))
    if kind(value) == "unknown":
        raise wrong_type("string(from)", "a JSON value", value)
    text = json.dumps(checked_result(value), ensure_ascii=False, allow_nan=False, default=_unwritable)
    run.spend(len(text) // 5)
    return checked_text(text)


@function("date and time", "from: any", "text")
def date_and_time(_: Run, value: Any) -> str | None:
    """Return a moment in the one form whose text order is its order in time; null where it is none."""
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        return None
    try:
        moment = datetime.fromisoformat(value.upper())
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _unwritable(value: Any) -> Any:
    raise ExpressionError(f"string(from) met a {type(value).__name__}, which is no JSON value")
