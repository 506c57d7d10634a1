"""Functions that take regular expressions. They run on the registered engine, in linear time."""

import re
from collections.abc import Iterator
from typing import Any

from models.domain.expressions.errors import ExpressionError, ExpressionValueError
from models.domain.expressions.functions.registry import function
from models.domain.expressions.runtime import MAX_LIST, MAX_TEXT, Run, checked_list, checked_text, wrong_type
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


@function("matches", "input: text, pattern: text, flags: any?", "boolean")
def matches(run: Run, text: str, pattern: str, flags: Any = None) -> bool:
    compiled = _compiled(run, _flagged(pattern, flags))
    run.spend(compiled.size * len(text) // _WORK_PER_STEP)
    try:
        return compiled.search(text)
    except PatternError as error:
        raise ExpressionValueError(str(error)) from error


@function("replace", "input: text, pattern: text, replacement: text, flags: any?", "text")
def replace(run: Run, text: str, pattern: str, replacement: str, flags: Any = None) -> str:
    r"""Return a text with every match replaced: `$1` is the first group, `$0` the match, `\$` a dollar."""
    pieces, end, length = [], 0, 0
    for match in _found(run, text, _flagged(pattern, flags)):
        pieces += [text[end : match.start()], _filled(replacement, match, text)]
        length += len(pieces[-1]) + len(pieces[-2])
        if length > MAX_TEXT:
            break
        end = match.end()
    return checked_text("".join([*pieces, text[end:]]))


@function("split", "string: text, delimiter: text", "list")
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


@function("extract", "string: text, pattern: text", "list")
def extract(run: Run, text: str, pattern: str) -> list[str]:
    """Return all matches of a pattern in a text."""
    made: list[str] = []
    for match in _found(run, text, pattern):
        made.append(text[match.start() : match.end()])
        if len(made) > MAX_LIST:
            break
    return checked_list(made)


def _flagged(pattern: str, flags: Any) -> str:
    """Return a pattern with XQuery's flags: i, m and s as the engine has them, x by leaving white space out."""
    if flags is None or flags == "":
        return pattern
    if not isinstance(flags, str):
        raise wrong_type("flags", "a text", flags)
    if set(flags) - set("imsx"):
        raise ExpressionValueError("The flags of a regular expression are i, m, s and x")
    kept = "".join(sorted(set(flags) - {"x"}))
    pattern = re.sub(r"\s+", "", pattern) if "x" in flags else pattern
    return f"(?{kept}){pattern}" if kept else pattern


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
