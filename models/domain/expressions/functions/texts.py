"""Functions over texts. Regular expressions run on the registered engine, in linear time."""

import re
from collections.abc import Iterator
from typing import Any

from models.domain.expressions.errors import ExpressionError, ExpressionTooExpensive, ExpressionValueError
from models.domain.expressions.functions.registry import function
from models.domain.expressions.runtime import MAX_LIST, MAX_TEXT, Run, checked_list, checked_text, is_whole, wrong_type
from models.domain.patterns import Pattern, PatternEngine, PatternError, PatternMatch

_REFERENCE = re.compile(r"\$(\d{1,2})|\\([$\\])")
_COMPILING = 50  # steps: compiling a pattern takes as long as some fifty nodes
_WORK_PER_STEP = 100  # a character of text times an instruction of the pattern: some 14 ns at worst


class _Engine:
    """The one place that knows which engine the program runs."""

    registered: PatternEngine | None = None


def register_patterns(engine: PatternEngine) -> None:
    """Name the engine for `matches`, `replace` and `split`. Called once, when the program is put together."""
    _Engine.registered = engine


@function("string length", "text: text", "number")
def string_length(_: Run, text: str) -> int:
    return len(text)


@function("substring", "text: text, start: number, length: number?", "text")
def substring(_: Run, text: str, start: float, length: float | None = None) -> str:
    """Return a part of a text; positions count from 1, and from the end when negative."""
    for value in (start, length):
        if value is not None and not is_whole(value):
            raise ExpressionValueError("substring needs integers for start and length")
    if start == 0:
        return ""
    first = int(start) - 1 if start > 0 else max(0, len(text) + int(start))
    return text[first:] if length is None else text[first : first + max(0, int(length))]


@function("upper case", "text: text", "text")
def upper_case(run: Run, text: str) -> str:
    run.spend(len(text) // 100)
    return checked_text(text.upper())


@function("lower case", "text: text", "text")
def lower_case(run: Run, text: str) -> str:
    run.spend(len(text) // 100)
    return checked_text(text.lower())


@function("contains", "text: text, match: text", "boolean")
def contains(run: Run, text: str, match: str) -> bool:
    run.spend(len(text) // 100)
    return match in text


@function("starts with", "text: text, match: text", "boolean")
def starts_with(_: Run, text: str, match: str) -> bool:
    return text.startswith(match)


@function("ends with", "text: text, match: text", "boolean")
def ends_with(_: Run, text: str, match: str) -> bool:
    return text.endswith(match)


@function("string join", "list: list, delimiter: text?", "text")
def string_join(run: Run, items: list[Any], delimiter: str = "") -> str:
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
    return checked_text(delimiter.join(parts))


@function("matches", "text: text, pattern: text", "boolean")
def matches(run: Run, text: str, pattern: str) -> bool:
    compiled = _compiled(run, pattern)
    run.spend(compiled.size * len(text) // _WORK_PER_STEP)
    try:
        return compiled.search(text)
    except PatternError as error:
        raise ExpressionValueError(str(error)) from error


@function("replace", "text: text, pattern: text, replacement: text", "text")
def replace(run: Run, text: str, pattern: str, replacement: str) -> str:
    r"""Return a text with every match replaced: `$1` is the first group, `$0` the match, `\$` a dollar."""
    pieces, end, length = [], 0, 0
    for match in _found(run, text, pattern):
        pieces += [text[end : match.start()], _filled(replacement, match, text)]
        length += len(pieces[-1]) + len(pieces[-2])
        if length > MAX_TEXT:
            break
        end = match.end()
    return checked_text("".join([*pieces, text[end:]]))


@function("split", "text: text, delimiter: text", "list")
def split(run: Run, text: str, delimiter: str) -> list[str]:
    """Return the parts of a text between the matches of a pattern."""
    parts, end = [], 0
    for match in _found(run, text, delimiter):
        if match.end() == match.start() and match.start() in (0, len(text)):
            continue  # an empty delimiter stands between characters, not around them
        parts.append(text[end : match.start()])
        end = match.end()
        if len(parts) > MAX_LIST:
            break
    return checked_list([*parts, text[end:]])


def _compiled(run: Run, pattern: str) -> Pattern:
    """Return the compiled pattern. A run pays once for each of its patterns: computed ones can all be different."""
    if run.patterns is None:
        run.patterns = {}
    compiled = run.patterns.get(pattern)
    if compiled is None:
        engine = _Engine.registered
        if engine is None:
            raise ExpressionError("No engine for regular expressions is registered")
        run.spend(_COMPILING)
        try:
            compiled = run.patterns[pattern] = engine.compile_pattern(pattern)
        except PatternError as error:
            raise ExpressionValueError(str(error)) from error
        run.spend(compiled.size)
    return compiled


def _found(run: Run, text: str, pattern: str) -> Iterator[PatternMatch]:
    """Yield the matches. Each search may read all that is left: linear each, but not together, so each pays."""
    compiled = _compiled(run, pattern)
    run.spend(1 + compiled.size * len(text) // _WORK_PER_STEP)
    try:
        for match in compiled.find(text):
            run.spend(10 + compiled.size * (len(text) - match.end()) // _WORK_PER_STEP)
            yield match
    except PatternError as error:
        raise ExpressionValueError(str(error)) from error


def _filled(replacement: str, match: PatternMatch, text: str) -> str:
    groups = (text[match.start() : match.end()], *match.groups())

    def reference(found: re.Match[str]) -> str:
        if found.group(2):
            return found.group(2)
        number = int(found.group(1))
        return (groups[number] if number < len(groups) else "") or ""

    return _REFERENCE.sub(reference, replacement)
