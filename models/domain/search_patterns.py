r"""Regular expressions that clients put into filters, made safe for the database, whose engine backtracks.

MongoDB matches with PCRE: `(a+)+b` takes time exponential in the text, and `a+b` still quadratic, inside which no time
limit of a query is looked at. So a pattern has to pass three gates.

1. It is one for the linear-time engine as well: no look-around, no back references, a bounded program. The same filter
   is evaluated in memory for notifications, and it has to mean the same there: what the two engines read differently
   (`[[`, `\v`, `\Q`) is refused.
2. Nothing that can match in several ways is repeated: `*`, `+` and `{n,m}` stand behind a character, a class or a group
   without alternatives and without quantifiers of its own. What is left is polynomial.
3. It is tried only on texts of up to `MATCHED_TEXT` characters, which bounds the polynomial. (PCRE's own match limit
   cuts off the steeper ones within a tenth of a second.)
"""

import re
from dataclasses import dataclass, field

from models.domain.patterns import PatternEngine, PatternError

MATCHED_TEXT = 1_000
"""Characters. A longer text never matches a regex. At twice as many, PCRE takes over a second at worst."""
MAX_GROUP_REPEAT = 100
MAX_PROGRAM = 2_500
"""Instructions: so many times `MATCHED_TEXT` characters of four bytes are within the linear-time engine's bound."""

_TOKEN = re.compile(
    r"(?P<class>\[\^?(?:\\.|[^\]\\\[])+\])"
    r"|(?P<escape>\\(?:x\{[0-9a-fA-F]{1,6}\}|x[0-9a-fA-F]{2}|[pP]\{\^?\w+\}|[pP]\w|.))"
    r"|(?P<flags>\(\?[ims-]+\))"
    r"|(?P<open>\((?:\?(?:P?<\w+>|[ims-]*:))?)"
    r"|(?P<close>\))|(?P<or>\|)|(?P<repeat>[*+?]\??|\{\d+(?:,\d*)?\}\??)|(?P<refused>[\[]|\(\?)|(?P<plain>.)",
    re.DOTALL,
)
_ESCAPES = re.compile(r"\\(?:[dDwWsStnrf]|[^\w\s]|[xpP].+)", re.DOTALL | re.ASCII)
_ANCHORS = ("\\b", "\\B", "\\A", "\\z")
_PREFIX = re.compile(r"\^((?:[\w /:@-]|\\[^\w\s])+)(?:\.\*)?", re.ASCII)


@dataclass(slots=True)
class _Group:
    """A group being read: whether it can match in several ways, and the piece that a quantifier would repeat."""

    choice: bool = False
    piece_choice: bool | None = None
    piece_is_group: bool = False

    def add(self, *, choice: bool, group: bool = False) -> None:
        """A piece ends, and the next one may be quantified."""
        self.choice |= choice
        self.piece_choice, self.piece_is_group = choice, group


@dataclass(slots=True)
class _Reader:
    pattern: str
    stack: list[_Group] = field(default_factory=lambda: [_Group()])

    def refuse(self, reason: str) -> PatternError:
        return PatternError(self.pattern, reason)

    def read(self) -> None:
        for token in _TOKEN.finditer(self.pattern):
            kind, text, top = token.lastgroup, token.group(), self.stack[-1]
            match kind:
                case "open":
                    self.stack.append(_Group())
                case "close":
                    self._close()
                case "or":
                    top.choice, top.piece_choice = True, None
                case "repeat":
                    self._repeat(text, top)
                case "refused":
                    raise self.refuse(f"{text} is not supported; a bracket that is meant literally is written \\[")
                case "flags":
                    top.piece_choice = None
                case _:
                    self._check(kind, text)
                    top.add(choice=False)

    def _check(self, kind: str | None, text: str) -> None:
        escapes = re.findall(r"\\(?:x\{\w+\}|x\w\w|[pP]\{\^?\w+\}|[pP]\w|.)", text, re.DOTALL)
        for escape in escapes:
            if not _ESCAPES.fullmatch(escape) and not (kind == "escape" and escape in _ANCHORS):
                raise self.refuse(f"the escape {escape} is not supported")

    def _close(self) -> None:
        if len(self.stack) == 1:
            raise self.refuse("a group is closed that was not opened")
        ended = self.stack.pop()
        self.stack[-1].add(choice=ended.choice, group=True)

    def _repeat(self, text: str, top: _Group) -> None:
        if top.piece_choice is None:
            raise self.refuse(f"there is nothing that {text} could repeat")
        low, high = _bounds(text.removesuffix("?") if len(text) > 1 else text)
        if high is None or high > 1:
            if top.piece_choice:
                raise self.refuse(
                    f"{text} repeats a group that can match in several ways, which may take too long; "
                    "inside a repeated group neither | nor another quantifier is allowed"
                )
            if top.piece_is_group and high is not None and high > MAX_GROUP_REPEAT:
                raise self.refuse(f"a group can be repeated up to {MAX_GROUP_REPEAT} times")
        top.choice |= low != high
        top.piece_choice = None  # a quantifier behind a quantifier has nothing to repeat


def _bounds(text: str) -> tuple[int, int | None]:
    """How often at least and at most; None is without end."""
    match text:
        case "*":
            return 0, None
        case "+":
            return 1, None
        case "?":
            return 0, 1
    low, comma, high = text.strip("{}").partition(",")
    return int(low), (int(high) if high else None) if comma else int(low)


def check(pattern: str, engine: PatternEngine) -> None:
    """Let a pattern through that both engines run in bounded time.

    Raises:
        PatternError: it says what is wrong and what to write instead.
    """
    if "\0" in pattern:
        raise PatternError(pattern, "it holds the character NUL")
    compiled = engine.compile_pattern(pattern)
    if compiled.size > MAX_PROGRAM:
        raise PatternError(pattern, f"it compiles into {compiled.size} instructions, and {MAX_PROGRAM} are allowed")
    _Reader(pattern).read()


def prefix_of(pattern: str) -> str | None:
    """The text that everything starts with that matches, where the pattern says no more than that; else None."""
    found = _PREFIX.fullmatch(pattern)
    return re.sub(r"\\(.)", r"\1", found[1]) if found else None


def for_backtracking(pattern: str) -> str:
    r"""The pattern as the database gets it: bounded in the text that it is tried on.

    The length is looked at first and once, then the search goes on from there as it would have by itself. A `$` is
    written `\z`, since PCRE's own would also stand before a line break at the end.
    """
    if "(?" in pattern and re.search(r"\(\?[is-]*m", pattern):
        strict = pattern  # with the flag m, `$` means every end of a line, in both engines
    else:
        strict = "".join(r"\z" if token.group() == "$" else token.group() for token in _TOKEN.finditer(pattern))
    return rf"\A(?=[\s\S]{{0,{MATCHED_TEXT}}}\z)[\s\S]*?(?:{strict})"
