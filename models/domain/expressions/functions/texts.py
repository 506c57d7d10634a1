"""Functions over texts."""

from typing import Any

from models.domain.expressions.errors import ExpressionTooExpensive, ExpressionValueError
from models.domain.expressions.functions.registry import function
from models.domain.expressions.runtime import MAX_TEXT, Run, checked_text, wrong_type
from models.domain.expressions.values.numbers import is_whole


@function("string length", "string: text", "number")
def string_length(_: Run, text: str) -> int:
    return len(text)


@function("substring", "string: text, start position: number, length: number?", "text")
def substring(run: Run, text: str, start: float, length: float | None = None) -> str:
    """Return a part of a text; positions count from 1, and from the end when negative."""
    for value in (start, length):
        if value is not None and not run.lenient and not is_whole(value):
            raise ExpressionValueError("substring needs integers for start and length")
    if start == 0 or abs(start) > MAX_TEXT * 10:
        return ""
    first = int(start) - 1 if start > 0 else max(0, len(text) + int(start))
    return text[first:] if length is None else text[first : first + max(0, int(min(length, MAX_TEXT * 10)))]


@function("upper case", "string: text", "text")
def upper_case(run: Run, text: str) -> str:
    run.spend(len(text) // 100)
    return checked_text(text.upper())


@function("lower case", "string: text", "text")
def lower_case(run: Run, text: str) -> str:
    run.spend(len(text) // 100)
    return checked_text(text.lower())


@function("contains", "string: text, match: text", "boolean")
def contains(run: Run, text: str, match: str) -> bool:
    run.spend(len(text) // 100)
    return match in text


@function("starts with", "string: text, match: text", "boolean")
def starts_with(_: Run, text: str, match: str) -> bool:
    return text.startswith(match)


@function("ends with", "string: text, match: text", "boolean")
def ends_with(_: Run, text: str, match: str) -> bool:
    return text.endswith(match)


@function("substring before", "string: text, match: text", "text")
def substring_before(run: Run, text: str, match: str) -> str:
    run.spend(len(text) // 100)
    place = text.find(match)
    return text[:place] if place >= 0 else ""


@function("substring after", "string: text, match: text", "text")
def substring_after(run: Run, text: str, match: str) -> str:
    run.spend(len(text) // 100)
    place = text.find(match)
    return text[place + len(match) :] if place >= 0 else ""


@function("string join", "list: list, delimiter: any?, prefix: any?, suffix: any?", "text")
def string_join(run: Run, items: list[Any], delimiter: Any = None, prefix: Any = None, suffix: Any = None) -> str:
    for name, given in (("delimiter", delimiter), ("prefix", prefix), ("suffix", suffix)):
        if not isinstance(given, str | None):
            raise wrong_type(f"string join({name})", "a text", given)
    delimiter = delimiter or ""
    parts = [item for item in items if item is not None]
    run.spend(1 + len(items) // 4)
    length = len(delimiter) * len(parts)
    for part in parts:
        if not isinstance(part, str):
            raise wrong_type("string join(list)", "texts", part)
        length += len(part)
        if length > 2 * MAX_TEXT:
            raise ExpressionTooExpensive(f"The expression makes a text of more than {MAX_TEXT} characters")
    run.spend(length // 100)
    return checked_text(f"{prefix or ''}{delimiter.join(parts)}{suffix or ''}")
