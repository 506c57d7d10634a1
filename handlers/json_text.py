"""What has to be known of JSON as text: before it is parsed, or because parsing loses it.

All in time linear in the text, whatever it says.
"""

import re
from collections.abc import Iterator

MAX_INTEGER = 2**63 - 1
MIN_INTEGER = -(2**63)

# Without backtracking, and an open end counts as an end: the search for the next text never begins in this one again.
_TEXT = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_AROUND_A_NUMBER = b" \t\r\n:[]{}"

# Digits that may make an integer which the database cannot hold: 2^63 has nineteen. Twenty times as quick as a regex.
_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"0" * 9)
_LONG_NUMBER = b"0" * 19


def has_more_values(raw: bytes, most: int) -> bool:
    """Whether a JSON text holds more than so many values: attributes, elements of arrays, and arrays and objects.

    An empty array or object counts twice. What is no JSON may count as anything.
    """
    if len(raw) <= most or _marks(raw) <= most:  # as in nearly all bodies
        return False
    count = 0
    for between in _between_texts(raw):
        count += _marks(between)
        if count > most:
            return True
    return False


def _marks(raw: bytes) -> int:
    """How many values may begin here: one behind each comma and in each bracket and brace."""
    return raw.count(b",") + raw.count(b"[") + raw.count(b"{")


def oversized_integer(raw: bytes) -> str | None:
    """The first integer beyond 64 bits in a text that is JSON; a parser makes a rounded number of it."""
    if _LONG_NUMBER not in raw.translate(_DIGITS_TO_ZERO):
        return None
    for between in _between_texts(raw):
        for part in between.split(b","):
            if len(part) >= len(_LONG_NUMBER) and _is_oversized(number := part.strip(_AROUND_A_NUMBER)):
                return str(number, "ascii")
    return None


def _is_oversized(number: bytes) -> bool:
    # A longer one need not be converted to be known as too large, and conversion takes quadratic time.
    return number.removeprefix(b"-").isdigit() and (len(number) > 20 or not MIN_INTEGER <= int(number) <= MAX_INTEGER)


def _between_texts(raw: bytes) -> Iterator[bytes]:
    end = 0
    for text in _TEXT.finditer(raw):
        yield raw[end : text.start()]
        end = text.end()
    yield raw[end:]
