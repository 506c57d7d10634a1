"""From what stands in a query to values of the kind that the schema gives the attribute."""

import json
import re

from models.domain.dates import canonical_date
from models.domain.filters import Value
from models.domain.shapes import Kind, Shape

_INTEGER = re.compile(r"-?\d{1,19}", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,300}(?:\.\d{1,300})?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_LOST_PLUS = re.compile(r" (?=\d\d:\d\d$)", re.ASCII)
_INTEGER_LIMIT = 2**63
_BOOLEANS = {"true": True, "false": False}


class ValueMismatch(ValueError):
    """The value is not of the attribute's kind; the message says what is."""


def typed(text: str, shape: Shape, *, ordered: bool = False) -> tuple[Value, ...]:
    """The values that a text of a query may mean: one, or for a free value each type that it can be read as.

    Args:
        text: as the client meant it, decoded and without quotes.
        shape: of the attribute.
        ordered: it is for a comparison by order.

    Raises:
        ValueMismatch: it is none of the attribute's kind.
    """
    match shape.element.kind:
        case Kind.STRING:
            return (_storable(text),)
        case Kind.DATE_TIME:
            return (_date(text),)
        case Kind.INTEGER | Kind.NUMBER as kind:
            return (_number(text, kind),)
        case Kind.BOOLEAN:
            return (_boolean(text, ordered=ordered),)
        case Kind.ANY:
            return _free(text, ordered=ordered)
    raise ValueMismatch("it has attributes of its own: name one of them, as in a.b")


def literal(value: Value, shape: Shape, *, ordered: bool = False) -> tuple[Value, ...]:
    """The same for a value that has a type already, as in JSONPath."""
    if value is None:
        if ordered:
            raise ValueMismatch("null has no order")
        return (None,)
    text = value if isinstance(value, str) else json.dumps(value)
    if shape.element.kind is not Kind.ANY:
        return typed(text, shape, ordered=ordered)
    if isinstance(value, str):
        return (_storable(value),)
    return (_boolean(text, ordered=ordered) if isinstance(value, bool) else _number(text, Kind.NUMBER),)


def is_storable(text: str) -> bool:
    """Whether a text has a form in UTF-8: half of a surrogate pair, which JSON can write, has none."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _date(text: str) -> str:
    # A + that was not percent-encoded arrives as a space: 2026-11-22T10:15:00 01:00.
    if _DAY.fullmatch(text):
        text += "T00:00:00Z"
    found = canonical_date(_LOST_PLUS.sub("+", text))
    if found is None:
        raise ValueMismatch("a date is wanted, such as 2026-11-22T10:15:00Z or 2026-11-22")
    return found


def _number(text: str, kind: Kind) -> int | float:
    number: int | float | None = None
    if _INTEGER.fullmatch(text):
        number = int(text)
    elif kind is Kind.NUMBER and _NUMBER.fullmatch(text):
        number = float(text)
    if number is None or not -_INTEGER_LIMIT <= number < _INTEGER_LIMIT:
        raise ValueMismatch("an integer of up to 64 bits is wanted" if kind is Kind.INTEGER else "a number is wanted")
    return number


def _boolean(text: str, *, ordered: bool) -> bool:
    if ordered or text not in _BOOLEANS:
        raise ValueMismatch("true and false have no order" if ordered else "true or false is wanted")
    return _BOOLEANS[text]


def _storable(text: str) -> str:
    if not is_storable(text):
        raise ValueMismatch("half of a surrogate pair is no character")
    return text


def _free(text: str, *, ordered: bool) -> tuple[Value, ...]:
    found: list[Value] = [_storable(text)]
    try:
        found.append(_number(text, Kind.NUMBER))
    except ValueMismatch:
        if not ordered and text in _BOOLEANS:
            found.append(_BOOLEANS[text])
    return tuple(found)
