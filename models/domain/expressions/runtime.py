"""What a running expression has: its context, its loop variables, its budget; and what values are to it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from models.domain.expressions.errors import ExpressionTooExpensive, ExpressionTypeError
from models.domain.expressions.values.calendar import TEMPORAL, Date, DaysTime, Moment, Time, YearsMonths
from models.domain.expressions.values.calendar_text import text_of
from models.domain.expressions.values.numbers import MAX_INTEGER, comparable_number, written
from models.domain.expressions.values.ranges import FunctionValue, Range
from models.domain.patterns import Pattern

MAX_STEPS = 20_000
"""Steps of one evaluation: nodes visited, elements looked at. Some 10 ms, with the worst mix of functions 50."""

MAX_TEXT = 100_000
"""Characters of one text that an expression makes."""

MAX_LIST = 10_000
"""Elements of one list that an expression makes."""

MAX_VALUES = 50_000
"""Values in a result, counted through all its lists and contexts."""

MAX_ALL_TEXT = 1_000_000
"""Characters in a result, counted through all its lists and contexts."""

MAX_CALLS = 60
"""Functions of one's own that call each other, one inside the other."""

_KINDS: dict[type, str] = {
    type(None): "null", bool: "boolean", int: "number", float: "number", Decimal: "number", str: "text", list: "list",
    dict: "context", Date: "date", Time: "time", Moment: "date and time", DaysTime: "days and time duration",
    YearsMonths: "years and months duration", Range: "range", FunctionValue: "function",
}  # fmt: skip


class Run:
    """One evaluation. Not shared, so a compiled expression can be evaluated by many threads at once."""

    __slots__ = ("calls", "context", "lenient", "now", "patterns", "slots", "steps")

    def __init__(self, context: Mapping[str, Any], slots: int, steps: int, *, lenient: bool = False) -> None:
        self.context = context
        self.slots: list[Any] = [None] * slots
        self.steps = steps
        self.lenient = lenient
        self.calls = 0
        self.now: Moment | None = None
        self.patterns: dict[str, Pattern] | None = None

    def spend(self, steps: int) -> None:
        """Pay for work before it is done. Raises ExpressionTooExpensive when the budget is used up."""
        self.steps -= steps
        if self.steps < 0:
            raise ExpressionTooExpensive(
                "The expression takes more steps than are allowed: its loops or lists are too long"
            )


def kind(value: Any) -> str:
    """Return what a value is in the language. Anything that JSON does not know is `unknown`, and opaque."""
    known = _KINDS.get(type(value))
    if known is not None:
        return known
    return next((name for base, name in _KINDS.items() if base is not bool and isinstance(value, base)), "unknown")


def checked_text(text: str) -> str:
    """Return a computed text if it is not too long."""
    if len(text) > MAX_TEXT:
        raise ExpressionTooExpensive(f"The expression makes a text of more than {MAX_TEXT} characters")
    return text


def checked_list(items: list[Any]) -> list[Any]:
    """Return a computed list if it is not too long."""
    if len(items) > MAX_LIST:
        raise ExpressionTooExpensive(f"The expression makes a list of more than {MAX_LIST} elements")
    return items


def checked_result(value: Any) -> Any:
    """Return a result if it is not too big when written out.

    A list may hold one and the same list a thousand times at no cost in memory; written as JSON, each one counts.
    """
    values, texts = 1, len(checked_text(value)) if isinstance(value, str) else 0
    waiting = [value] if isinstance(value, list | dict) else []
    while waiting:
        current = waiting.pop()
        items = current.values() if isinstance(current, dict) else checked_list(current)
        values += len(items)
        texts += sum(map(len, current)) if isinstance(current, dict) else 0
        if values > MAX_VALUES:
            raise ExpressionTooExpensive(f"The expression makes a result of more than {MAX_VALUES} values")
        for item in items:
            if isinstance(item, list | dict):
                waiting.append(item)
            elif isinstance(item, str):
                texts += len(checked_text(item))
        if texts > MAX_ALL_TEXT:
            raise ExpressionTooExpensive(f"The expression makes a result of more than {MAX_ALL_TEXT} characters")
    return value


def storable(key: str) -> bool:
    """Tell whether a context may have this key: the database gives `$` and NUL a meaning of its own."""
    return not key.startswith("$") and "\0" not in key


def same(run: Run, left: Any, right: Any) -> bool:  # noqa: PLR0911  # one for each kind
    """Tell whether two values are the same, all the way down. 1 and 1.0 are, 1 and true are not."""
    run.spend(1)
    what = kind(left)
    if what != kind(right):
        return False
    if what == "list":
        return len(left) == len(right) and all(same(run, a, b) for a, b in zip(left, right, strict=True))
    if what == "context":
        return len(left) == len(right) and all(key in right and same(run, left[key], right[key]) for key in left)
    if what == "number":
        return bool(comparable_number(left) == comparable_number(right))
    if what == "range":
        return _same_range(run, left, right)
    if what in _BY_INSTANT:
        return moment_key(run, left) == moment_key(run, right)
    return bool(left == right) if what not in ("unknown", "function") else left is right


_BY_INSTANT = frozenset({"time", "date and time"})


def moment_key(run: Run, value: Time | Moment) -> tuple[str, int]:
    """Return what is equal where moments are: the instant, in decisions also which kind of zone there is."""
    zone = value.zone if isinstance(value, Time) else value.time.zone
    if not run.lenient:
        return "", value.instant
    return "local" if zone is None else "offset" if zone.offset is not None else "zone", value.instant


def _same_range(run: Run, left: Range, right: Range) -> bool:
    return (
        (left.low_included, left.high_included) == (right.low_included, right.high_included)
        and same(run, left.low, right.low)
        and same(run, left.high, right.high)
    )


def frozen(run: Run, value: Any) -> Any:
    """Return something hashable that is equal exactly where values are the same."""
    run.spend(1)
    what = kind(value)
    if what == "list":
        return what, tuple(frozen(run, item) for item in value)
    if what == "context":
        return what, frozenset((key, frozen(run, item)) for key, item in value.items())
    if what == "number":
        return what, comparable_number(value)
    if what in _BY_INSTANT:
        return what, moment_key(run, value)
    if what == "range":
        return what, frozen(run, value.low), frozen(run, value.high), value.low_included, value.high_included
    return what, value if what not in ("unknown", "function") else id(value)


def as_list(value: Any) -> list[Any]:
    """Return a list as it is and any other value as a list of one, as FEEL converts."""
    return value if isinstance(value, list) else [value]


def wrong_type(what: str, wanted: str, value: Any) -> ExpressionTypeError:
    """Return the error for a value that an operation cannot take."""
    return ExpressionTypeError(f"{what} needs {wanted}, and was given {kind(value)} {shown(value)}".rstrip())


def shown(value: Any) -> str:
    """Return a value as a message can hold it: scalars, shortened."""
    if isinstance(value, TEMPORAL):
        return text_of(value)
    if isinstance(value, Decimal):
        return written(value) if abs(value.adjusted()) < 60 else "out of bounds"
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return ""
    text = repr(value) if not isinstance(value, int) or abs(value) <= MAX_INTEGER else "beyond 64 bits"
    return text if len(text) <= 60 else text[:57] + "..."
