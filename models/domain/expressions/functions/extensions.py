"""Functions that Camunda adds to those of the standard: the ones that give the same whenever they are called."""

import base64
import binascii
import json
from typing import Any, NoReturn

from models.domain.expressions.errors import ExpressionTooExpensive, ExpressionValueError
from models.domain.expressions.functions.registry import function
from models.domain.expressions.plain import plain
from models.domain.expressions.runtime import Run, checked_list, checked_result, checked_text, storable, wrong_type
from models.domain.expressions.values.numbers import MAX_INTEGER, whole


@function("get or else", "value: any, default: any", "any")
def get_or_else(_: Run, value: Any, default: Any) -> Any:
    return default if value is None else value


@function("assert", "value: any, condition: any, cause: any?", "any")
def asserted(_: Run, value: Any, condition: Any, cause: Any = None) -> Any:
    """Return the value where the condition is true. An error says so where it is not, with the cause as its text."""
    if condition is True:
        return value
    raise ExpressionValueError(cause[:200] if isinstance(cause, str) and cause else "The assertion does not hold")


@function("is empty", "list: list", "boolean")
def is_empty(_: Run, items: list[Any]) -> bool:
    return not items


@function("is blank", "string: text", "boolean")
def is_blank(run: Run, text: str) -> bool:
    run.spend(len(text) // 100)
    return not text.strip()


@function("trim", "string: text", "text")
def trim(run: Run, text: str) -> str:
    run.spend(len(text) // 100)
    return text.strip()


@function("partition", "list: list, size: number", "list")
def partition(run: Run, items: list[Any], size: Any) -> list[Any] | None:
    """Return the list in pieces of one size, of which the last may be smaller; null for a size below 1."""
    length = whole(size, "partition(size)")
    if length < 1:
        return None
    run.spend(len(items) // 8)
    return checked_list([items[at : at + length] for at in range(0, len(items), length)])


@function("to base64", "value: text", "text")
def to_base64(run: Run, text: str) -> str:
    run.spend(len(text) // 50)
    return checked_text(base64.b64encode(text.encode()).decode())


@function("from base64", "value: text", "text")
def from_base64(run: Run, text: str) -> str | None:
    """Return the text that Base64 stands for; null where it is none."""
    run.spend(len(text) // 50)
    try:
        return base64.b64decode(text.encode(), validate=True).decode()
    except (binascii.Error, UnicodeError):
        return None


@function("to json", "value: any", "text")
def to_json(run: Run, value: Any) -> str:
    made = plain(checked_result(value))
    text = json.dumps(made, ensure_ascii=False, allow_nan=False, default=_unwritable, separators=(",", ":"))
    run.spend(len(text) // 5)
    return checked_text(text)


@function("from json", "value: text", "any")
def from_json(run: Run, text: str) -> Any:
    """Return the value that JSON stands for; null where it is none, or none that can be stored."""
    run.spend(len(text) // 5)
    try:
        return json.loads(text, object_pairs_hook=_object, parse_int=_integer, parse_constant=_refused)
    except RecursionError:
        raise ExpressionTooExpensive("The JSON is nested too deep") from None
    except ValueError:
        return None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if not all(storable(key) for key, _ in pairs):
        raise ValueError
    return dict(pairs)


def _integer(text: str) -> int:
    made = int(text)
    if abs(made) > MAX_INTEGER:
        raise ValueError
    return made


def _refused(_: str) -> NoReturn:
    raise ValueError


def _unwritable(value: Any) -> Any:
    raise wrong_type("to json(value)", "a value that can be written", value)
