"""Regular expressions in linear time, on RE2: the implementation of `models.domain.patterns`."""

import functools
import re
from collections.abc import Iterator
from typing import Any

import re2  # type: ignore[import-untyped]  # it ships no annotations

from models.domain.patterns import MAX_PATTERN_LENGTH, Pattern, PatternError, PatternMatch

MAX_PROGRAM_SIZE = 10_000
"""RE2 instructions. `\\p{L}` alone is 1,200; a bounded repetition of such a class is what gets refused."""

MAX_WORK = 10_000_000
"""Characters times instructions of one match: RE2's slowest path takes about 14 ns for each, so 140 ms at worst."""

_UNSUPPORTED_GROUP = {
    "(?=": "look-ahead (?=...)",
    "(?!": "look-ahead (?!...)",
    "(?<=": "look-behind (?<=...)",
    "(?<!": "look-behind (?<!...)",
}
# One ECMA-262 piece at a time: what is translated, what is refused, and everything else as it stands.
_PIECE = re.compile(
    r"\\u\{(?P<braced>[0-9a-fA-F]{1,6})\}|\\u(?P<plain>[0-9a-fA-F]{4})|\\c(?P<control>[a-zA-Z])"
    r"|(?P<back>\\[1-9]|\\k<)|(?P<escape>\\.)|(?P<group>\(\?<?[=!])|(?P<open>\[\^?)|(?P<close>\])|(?P<other>.)",
    re.DOTALL,
)


class Re2Pattern:
    """A pattern on RE2."""

    __slots__ = ("_searching", "_testing", "_translated", "size", "source")

    def __init__(self, source: str) -> None:
        """Compile the pattern. Raises PatternError."""
        self.source = source
        self._translated = _translated(source)
        self._testing: Any = _program(source, self._translated, captures=False)
        self._searching: Any = None
        self.size = int(self._testing.programsize)  # asked for with each match, and dear to ask RE2 for

    def fullmatch(self, text: str) -> bool:
        return self._testing.fullmatch(self._encoded(text)) is not None

    def search(self, text: str) -> bool:
        return self._testing.search(self._encoded(text)) is not None

    def find(self, text: str) -> Iterator[PatternMatch]:
        self._encoded(text)
        if self._searching is None:
            self._searching = _program(self.source, self._translated, captures=True)
        try:
            yield from self._searching.finditer(text)
        except UnicodeEncodeError as error:
            raise PatternError(self.source, "the text holds half of a surrogate pair") from error

    def _encoded(self, text: str) -> bytes:
        # Bytes spare RE2's wrapper the way back from byte offsets to characters, which a yes or no does not need.
        encoded = text.encode("utf-8", "surrogatepass")
        if len(encoded) * self.size > MAX_WORK:
            raise PatternError(self.source, f"it is too costly for a text of {len(text)} characters")
        return encoded


class Re2Patterns:
    """The pattern engine on RE2."""

    def compile_pattern(self, text: str, /) -> Pattern:
        return compile_pattern(text)


@functools.lru_cache(maxsize=2_000)
def compile_pattern(text: str) -> Pattern:
    """Return the compiled pattern.

    Raises:
        PatternError: too long, malformed, too big when compiled, or in need of look-around or a back reference.
    """
    if len(text) > MAX_PATTERN_LENGTH:
        raise PatternError(text, f"it has {len(text)} characters, and {MAX_PATTERN_LENGTH} are allowed")
    return Re2Pattern(text)


def _program(source: str, translated: str, *, captures: bool) -> Any:
    options = re2.Options()
    options.log_errors = False  # RE2 would write what strangers sent to our stderr
    options.never_capture = not captures
    try:
        program = re2.compile(translated, options)
    except (re2.error, UnicodeEncodeError) as error:
        raise PatternError(source, _reason(error)) from error
    if program.programsize > MAX_PROGRAM_SIZE:
        raise PatternError(
            source, f"it compiles into {program.programsize} instructions, and {MAX_PROGRAM_SIZE} are allowed"
        )
    return program


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeEncodeError):
        return "it holds half of a surrogate pair"
    given = error.args[0] if error.args else str(error)
    return given.decode("utf-8", "replace") if isinstance(given, bytes) else str(given)


def _translated(source: str) -> str:
    r"""Return the pattern in RE2's words: ECMA-262's `\u0041` is `\x{41}` there; look-around and `\1` exist nowhere."""
    pieces: list[str] = []
    in_class = False
    for piece in _PIECE.finditer(source):
        kind, text = str(piece.lastgroup), piece.group()
        match kind:
            case "braced" | "plain":
                pieces.append(f"\\x{{{piece.group(kind)}}}")
                continue
            case "control":
                pieces.append(f"\\x{{{ord(piece.group(kind)) % 32:x}}}")
                continue
            case "group" if not in_class:
                raise PatternError(source, f"{_UNSUPPORTED_GROUP[text]} is not supported, since it needs more than "
                                           "linear time")  # fmt: skip
            case "back" if not in_class:
                raise PatternError(source, f"the back reference {text} is not supported, since it needs more than "
                                           "linear time")  # fmt: skip
            case "open" if in_class:
                text = text.replace("[", "\\[")  # ECMA-262 takes a bracket inside a class literally
            case "open":
                in_class = True
            case "close":
                in_class = False
            case "escape" if text == "\\b" and in_class:
                text = "\\x{8}"
        pieces.append(text)
    return "".join(pieces)
