"""Where a parser stands in its tokens: looking, taking, and saying what does not fit."""

from collections.abc import Callable
from typing import NoReturn

from models.domain.expressions.errors import ExpressionSyntaxError
from models.domain.expressions.names import Names
from models.domain.expressions.tokens import Token, tokens_of
from models.domain.expressions.types import Type

MAX_NESTING = 64
"""Levels of one expression; the same bound as for the documents that a client sends."""

VALUE = "a value"
OPERATOR = "an operator"
_NAME_SIGNS = frozenset("+-*/.'")


class Cursor:
    """The tokens of one expression, and the scope in which its names are read.

    Args:
        lenient: whether FEEL's null stands for what is wrong (decisions), or an error does (mappings).
        names: the names in scope. attributes: the names that may follow a point. types: finds types by name.
    """

    def __init__(
        self, source: str, *, lenient: bool, names: Names, attributes: Names, types: Callable[[str], Type | None]
    ) -> None:
        self.source = source
        self.tokens = tokens_of(source)
        self.at = 0
        self.lenient = lenient
        self.names = names
        self.attributes = attributes
        self.types = types
        self.depth = 0
        self.doubts: list[str] = []

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def sees(self, *texts: str) -> bool:
        """Tell whether one of these signs or words comes next."""
        token = self.tokens[self.at]
        return token.text in texts and token.kind in ("sign", "word")

    def take(self) -> Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def accept(self, text: str) -> bool:
        if not self.sees(text):
            return False
        self.at += 1
        return True

    def expect(self, text: str, *others: str) -> None:
        """Take this sign or word; `others` could have stood here, too."""
        if not self.accept(text):
            self.fail(*others, f'"{text}"')

    def fail(self, *expected: str) -> NoReturn:
        token = self.token
        if token.kind == "end":
            raise ExpressionSyntaxError(self.source, len(self.source), "it ends too early", expected)
        raise ExpressionSyntaxError(self.source, token.start, f"{token.text!r} does not fit here", expected)

    def refuse(self, token: Token, problem: str) -> NoReturn:
        raise ExpressionSyntaxError(self.source, token.start, problem)

    def doubt(self, token: Token, problem: str) -> None:
        """Refuse what cannot work in a mapping. In a decision it is null, and worth a word at reading."""
        if not self.lenient:
            self.refuse(token, problem)
        self.doubts.append(problem)

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise ExpressionSyntaxError(self.source, 0, f"it is nested deeper than {MAX_NESTING} levels")

    def is_function_call(self, length: int) -> bool:
        """Tell whether so many tokens from here are followed by a bracket."""
        behind = self.at + length
        return behind < len(self.tokens) and self.tokens[behind].text == "(" and self.tokens[behind].kind == "sign"

    def words(self) -> str:
        """Take words side by side as one name."""
        if self.token.kind == "quoted":
            return self.take().text.strip("`")
        if not self.token.is_name_word:
            self.fail("a name")
        taken = [self.take().text]
        while (token := self.tokens[self.at]).is_name_word:
            taken.append(token.text)
            self.at += 1
        return " ".join(taken)

    def attribute(self) -> str:
        """Take the name behind a point: the longest one known, else words side by side."""
        if self.token.kind == "word":
            for known in (self.attributes, self.names):
                if found := known.longest(self.tokens, self.at):
                    self.at += found[1]
                    return found[0]
            if not self.token.is_name_word:
                return self.take().text  # `a.in`: behind a point, a keyword can only be a name
        return self.words()

    def key(self) -> str:
        """Take all that stands before a colon as one name, as contexts and parameters are named."""
        if self.token.kind == "quoted":
            return self.take().text.strip("`")
        first = self.token
        if first.kind not in ("word", "string"):
            self.fail("a name")
        last = self.take()
        while self.token.kind in ("word", "number") or (self.token.kind == "sign" and self.token.text in _NAME_SIGNS):
            last = self.take()
        return " ".join(self.source[first.start : last.end].split())

    def is_named_argument(self) -> bool:
        """Tell whether words and a colon come next."""
        ahead = self.at
        while self.tokens[ahead].kind in ("word", "quoted"):
            ahead += 1
        return ahead > self.at and self.tokens[ahead].text == ":" and self.tokens[ahead].kind == "sign"
