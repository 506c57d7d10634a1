"""Expressions as BPMN tools write them, as ours: FEEL with and without `=`, and what is plain in JUEL and XPath.

JUEL (`${score > 5}`) and XPath (`bpmn:getDataObject('approved')`) are translated as far as they read, compare, reckon
and combine values. What calls methods is code, and is not run.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from models.domain.expressions import ExpressionError, compile_expression
from models.recipes.juel import UntranslatableError, translate

_WHOLE = re.compile(r"[$#]\{([^{}]*)\}")
_PART = re.compile(r"[$#]\{([^{}]*)\}")
_DATA_OBJECT = re.compile(r"(?:\w{1,40}:)?getData(?:Object|Input|Output)\(\s*'([^']{1,200})'\s*\)")
_APOSTROPHES = re.compile(r"'([^']*)'")


@dataclass(frozen=True, slots=True)
class Read:
    """An expression in our language, or why there is none."""

    feel: str | None
    reason: str = ""


def condition(text: str, language: str = "", names: Iterable[str] = ()) -> Read:
    """Read an expression that stands where only an expression can stand.

    Args:
        text: as the file has it.
        language: URI of the expression language, as far as the file says.
        names: names with blanks that are known to the process, which FEEL of other tools writes without quotes.
    """
    text = text.strip()
    if text.startswith("="):
        return _checked(_quoted(text[1:].strip(), names))
    whole = _WHOLE.fullmatch(text)
    if whole is not None:
        return _from_juel(whole[1])
    if "XPath" in language or _DATA_OBJECT.search(text):
        return _checked(_from_xpath(text))
    plain = _checked(_quoted(text, names))
    return plain if plain.feel is not None or "FEEL" in language else _first(_from_juel(text, names), plain)


def value(text: str) -> tuple[str, str]:
    """Read a value of Camunda 7, a text with `${…}` in it, as a template; return it, and why it is none or ""."""
    parts = _PART.split(text)
    if len(parts) == 1:
        return (f"={json.dumps(text)}" if text.startswith("=") else text), ""
    whole = _WHOLE.fullmatch(text.strip())
    if whole is not None:
        read = _from_juel(whole[1])
        return (f"={read.feel}", "") if read.feel is not None else ("", read.reason)
    made = []
    for index, part in enumerate(parts):
        if index % 2:
            read = _from_juel(part)
            if read.feel is None:
                return "", read.reason
            made.append(f"string({read.feel})")
        elif part:
            made.append(json.dumps(part))
    return "=" + " + ".join(made), ""


def _first(one: Read, other: Read) -> Read:
    return one if one.feel is not None else other


def _from_juel(text: str, names: Iterable[str] = ()) -> Read:
    try:
        return _checked(translate(_quoted(text, names)))
    except UntranslatableError as error:
        return Read(None, f"{text.strip()[:80]!r} is JUEL that is not run here: {error}")


def _from_xpath(text: str) -> str:
    found = _DATA_OBJECT.sub(lambda match: _name(match[1]), text)
    found = re.sub(r"\b(true|false)\(\)", r"\1", found)
    return _APOSTROPHES.sub(lambda match: json.dumps(match[1]), found)


def _name(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z_]\w*", text, re.ASCII) else f"`{text}`"


def _quoted(text: str, names: Iterable[str]) -> str:
    """Put known names with blanks between backticks, outside of text literals."""
    for name in sorted((name for name in names if " " in name and "`" not in name), key=len, reverse=True):
        if name in text:
            parts = re.split(r'("(?:[^"\\]|\\.)*"|`[^`]*`)', text)
            parts[::2] = [part.replace(name, f"`{name}`") for part in parts[::2]]
            text = "".join(parts)
    return text


def _checked(feel: str) -> Read:
    try:
        compile_expression(feel)
    except ExpressionError as error:
        return Read(None, f"{feel[:80]!r} is no expression: {error}")
    return Read(feel)
