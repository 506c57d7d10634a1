"""From text to tokens. One regular expression, linear; every token knows where it begins and ends."""

import re
from dataclasses import dataclass

from models.domain.expressions.errors import ExpressionSyntaxError

KEYWORDS = frozenset(
    {"if", "then", "else", "for", "in", "return", "some", "every", "satisfies", "and", "or", "between", "instance",
     "function", "true", "false", "null"}
)  # fmt: skip

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|//[^\n]*|/\*.*?\*/)
    |(?P<number>(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<moment>@\s*"[^"]*")
    |(?P<string>"(?:\\.|[^"\\])*")
    |(?P<quoted>`[^`\n]+`)
    |(?P<word>\?|(?:@?[^\W\d]|[\u2190-\u2bff\U0001f000-\U0001ffff])(?:\w|[\u200d\u2190-\u2bff\ufe0f\U0001f000-\U0001ffff])*)
    |(?P<sign>\*\*|\.\.|!=|<=|>=|->|[-+*/=<>()\[\]{},:.'])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{6}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\", "/": "/"}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of an expression: kind (number, moment, string, quoted, word, sign, end), text and place."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def is_name_word(self) -> bool:
        return self.kind == "word" and self.text not in KEYWORDS


def tokens_of(source: str) -> list[Token]:
    """Return the tokens, spaces and comments left out, an `end` behind them. Raises ExpressionSyntaxError."""
    found: list[Token] = []
    position = 0
    while position < len(source):
        match = _TOKEN.match(source, position)
        if match is None or match.lastgroup is None:
            raise _unreadable(source, position)
        if match.lastgroup != "space":
            found.append(Token(match.lastgroup, match.group(), position, match.end()))
        position = match.end()
    found.append(Token("end", "", len(source), len(source)))
    return found


def _unreadable(source: str, position: int) -> ExpressionSyntaxError:
    found = source[position]
    if found in '"`':
        return ExpressionSyntaxError(source, position, f"what the {found} opens has no end")
    return ExpressionSyntaxError(source, position, f"{found!r} does not fit here")


def text_of_string(source: str, token: Token, *, lenient: bool) -> str:
    r"""Return what a text literal says. Leniently, a backslash that begins no escape is a backslash, as in `\d`."""

    def replacement(match: re.Match[str]) -> str:
        body = match.group(1)
        if len(body) > 1:
            if int(body[1:], 16) > 0x10FFFF:
                raise ExpressionSyntaxError(source, token.start, f"{match.group()} is no escape")
            return chr(int(body[1:], 16))
        if body in _ESCAPES:
            return _ESCAPES[body]
        if lenient:
            return match.group()
        problem = f"{match.group()} is no escape; write \\{match.group()} for the characters themselves"
        raise ExpressionSyntaxError(source, token.start, problem)

    raw = _ESCAPE.sub(replacement, token.text[1:-1])
    # Two escapes may be the halves of one character, as JSON writes it; a half alone is not a text.
    try:
        return raw.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise ExpressionSyntaxError(source, token.start, "the text holds half of a surrogate pair") from None
