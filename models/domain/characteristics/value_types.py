"""The value types of characteristics, in the words that catalogues use for them.

TMF633 leaves `valueType` a free text. The words seen in catalogues are mapped to a few kinds; an unknown word says
nothing about the value, so anything fits it.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,30}(\.\d{1,30})?([eE][+-]?\d{1,2})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ValueType:
    """What values of a characteristic are.

    Attributes:
        name: the kind.
        phrase: the kind in a sentence: "must be …".
        fits: tells whether a value is of the kind.
        ordered: makes a value comparable with the others of its kind; None where it cannot be.
    """

    name: str
    phrase: str
    fits: Callable[[Any], bool]
    ordered: Callable[[Any], Any] = lambda _: None


def is_number(value: Any) -> bool:
    """Tell whether a value is a number; a boolean is not."""
    kind = type(value)  # of JSON, which has no subtypes; a boolean, which Python takes for an integer, is another type
    return kind is int or kind is float


def moment(value: Any) -> datetime | None:
    """Return an RFC 3339 date or moment as a time in UTC, None where it is none. Without an offset, UTC is meant."""
    if not isinstance(value, str) or not (_DATE.fullmatch(value) or _MOMENT.fullmatch(value)):
        return None
    try:
        parsed = datetime.fromisoformat(value.upper())
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def number_of(value: Any) -> int | float | None:
    """Return a number, be it written as text as catalogues do, or None."""
    if is_number(value):
        return value  # type: ignore[no-any-return]  # is_number narrows, mypy does not see it
    if not isinstance(value, str) or not _NUMBER.fullmatch(text := value.strip()):
        return None
    return float(text) if re.search("[.eE]", text) else int(text)


def _is_integer(value: Any) -> bool:
    return is_number(value) and (isinstance(value, int) or value.is_integer())


def _is_date(value: Any) -> bool:
    return moment(value) is not None


def _is_moment(value: Any) -> bool:
    return moment(value) is not None and len(value) > len("2024-01-01")


def _anything(value: Any) -> Any:
    return number_of(value) if not isinstance(value, str) else value


TEXT = ValueType("text", "a text", lambda value: isinstance(value, str), lambda v: v if isinstance(v, str) else None)
NUMBER = ValueType("number", "a number", is_number, number_of)
INTEGER = ValueType("integer", "a whole number", _is_integer, number_of)
BOOLEAN = ValueType("boolean", "true or false", lambda value: isinstance(value, bool))
DATE = ValueType("date", "a date such as 2024-05-31", _is_date, moment)
MOMENT = ValueType("dateTime", "a date and time such as 2024-05-31T12:00:00Z", _is_moment, moment)
OBJECT = ValueType("object", "an object", lambda value: isinstance(value, dict))
ARRAY = ValueType("array", "a list", lambda value: isinstance(value, list))
ANY = ValueType("any", "any value", lambda _: True, _anything)

_WORDS: dict[ValueType, str] = {
    TEXT: "string text str char character varchar uri url email uuid",
    NUMBER: "number numeric decimal float double real",
    INTEGER: "integer int long short byte biginteger unsignedinteger int32 int64",
    BOOLEAN: "boolean bool",
    DATE: "date",
    MOMENT: "datetime timestamp",
    OBJECT: "object json jsonobject map",
    ARRAY: "array list set",
}
_BY_WORD = {word: value_type for value_type, words in _WORDS.items() for word in words.split()}


def value_type_of(word: Any) -> ValueType:
    """Return the value type that a word means; case, blanks, dashes and a prefix such as `xs:` are ignored."""
    if not isinstance(word, str):
        return ANY
    return _BY_WORD.get(re.sub(r"[\s_-]", "", word.rpartition(":")[2]).lower(), ANY)


def as_written(value_type: ValueType, value: Any) -> Any:
    """Return a catalogue's value as what it means: catalogues write numbers and booleans as texts."""
    if isinstance(value, str) and value_type in (NUMBER, INTEGER):
        number = number_of(value)
        return value if number is None else number
    if isinstance(value, str) and value_type is BOOLEAN:
        return {"true": True, "false": False}.get(value.strip().lower(), value)
    return value


def alike(left: Any, right: Any) -> bool:
    """Tell whether two values are the same: 1 and 1.0 are, 1 and true are not."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(alike, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(alike(left[key], right[key]) for key in left)
    return bool(left == right)


def shown(value: Any) -> str:
    """Return a value as a message can hold it."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:77] + "..."


def given(value: Any) -> str:
    """Return what was given, kind and value, for a message."""
    match value:
        case bool():
            return shown(value)
        case str():
            return f"the text {shown(value)}"
        case int() | float():
            return f"the number {shown(value)}"
        case list():
            return f"a list of {len(value)}"
        case dict():
            return "an object"
        case _:
            return shown(value)
