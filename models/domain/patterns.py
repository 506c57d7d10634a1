"""The port for regular expressions that strangers write: specifications, filters, expressions.

Python's `re` knows no time limit, so a pattern of twenty characters can hold the event loop for hours. Whoever needs a
pattern here takes a `PatternEngine` as an argument; the implementation matches in time linear in the text.
"""

from collections.abc import Iterator
from typing import Protocol

from models.domain.errors import SomError

MAX_PATTERN_LENGTH = 1_000
"""Characters. The longest pattern in TM Forum's own specifications has fewer than 100."""


class PatternError(SomError):
    """The regular expression cannot be used."""

    code = "invalidPattern"

    def __init__(self, pattern: str, reason: str) -> None:
        super().__init__(f"The regular expression {_shown(pattern)} cannot be used: {reason}.")
        self.pattern = pattern
        self.reason = reason


class PatternMatch(Protocol):
    """One place where a pattern was found; offsets count characters."""

    def start(self) -> int: ...

    def end(self) -> int: ...

    def groups(self) -> tuple[str | None, ...]:
        """Return the texts of the capturing groups, None for a group that took no part."""


class Pattern(Protocol):
    """A compiled pattern. Safe to share and to keep."""

    @property
    def source(self) -> str:
        """Return the pattern as it was written."""

    @property
    def size(self) -> int:
        """Return the length of the compiled program: an upper bound of the work that one character can cost."""

    def fullmatch(self, text: str) -> bool:
        """Tell whether the whole text fits. Raises PatternError where text times size is beyond the engine's bound."""

    def search(self, text: str) -> bool:
        """Tell whether any part of the text fits. Raises PatternError like fullmatch."""

    def find(self, text: str) -> Iterator[PatternMatch]:
        """Yield the matches from left to right, lazily: each step may read the rest of the text once."""


class PatternEngine(Protocol):
    """Compiles patterns as ECMA-262 and TM Forum's specifications write them, less what needs exponential time."""

    def compile_pattern(self, text: str, /) -> Pattern:
        """Return the compiled pattern, from a cache where possible. Raises PatternError, which says what is wrong."""


def _shown(pattern: str) -> str:
    return repr(pattern if len(pattern) <= 80 else pattern[:77] + "...")
