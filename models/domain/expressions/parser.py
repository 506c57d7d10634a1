"""From text to syntax tree."""

import functools
import json
import math
import re
from typing import Any

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from models.domain.expressions import nodes
from models.domain.expressions.errors import ExpressionSyntaxError
from models.domain.expressions.functions import FUNCTIONS
from models.domain.expressions.functions.registry import near_names
from models.domain.expressions.grammar import grammar
from models.domain.expressions.runtime import MAX_INTEGER, storable

MAX_SOURCE_LENGTH = 4_000
"""Characters of one expression."""

MAX_NESTING = 64
"""Levels of one expression; the same bound as for the documents that a client sends."""

_VALUE_STARTS = {
    "NAME",
    "QUOTED_NAME",
    "FUNCTION",
    "NUMBER",
    "STRING",
    "TRUE",
    "FALSE",
    "NULL",
    "LPAR",
    "LSQB",
    "OPEN_CONTEXT",
}
_VALUE_WORDS = {"IF", "FOR", "SOME", "EVERY", "MINUS"}
_OPERATORS = {"PLUS", "MINUS", "TIMES", "OVER", "POWER", "COMPARE", "AND", "OR", "BETWEEN", "IN", "DOT", "LSQB"}
_NAMES = {"NAME", "QUOTED_NAME"}
_SIGNS = {
    "LPAR": '"("', "RPAR": '")"', "LSQB": '"["', "RSQB": '"]"', "OPEN_CONTEXT": '"{"', "RBRACE": '"}"', "COMMA": '","',
    "COLON": '":"', "DOT": '"."', "DOTS": '".."',
}  # fmt: skip
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{6}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\", "/": "/"}


def parse(source: str) -> nodes.Node:
    """Return the syntax tree of an expression.

    Raises:
        ExpressionSyntaxError: too long, too deep, malformed, or it calls a function that does not exist.
    """
    if len(source) > MAX_SOURCE_LENGTH:
        problem = f"it has {len(source)} characters, and {MAX_SOURCE_LENGTH} are allowed"
        raise ExpressionSyntaxError(source, MAX_SOURCE_LENGTH, problem)
    try:
        tree = _parser().parse(source)
    except UnexpectedCharacters as error:
        raise _unreadable(source, error) from None
    except UnexpectedToken as error:
        raise _misplaced(source, error) from None
    except _RefusedError as refused:
        raise ExpressionSyntaxError(source, refused.position, refused.problem) from None
    root: nodes.Node = tree  # type: ignore[assignment]  # lark types the result as a tree whatever the transformer makes
    if nodes.nesting(root) > MAX_NESTING:
        raise ExpressionSyntaxError(source, 0, f"it is nested deeper than {MAX_NESTING} levels")
    return root


@functools.cache
def _parser() -> Lark:
    return Lark(grammar(FUNCTIONS), parser="lalr", transformer=_Builder(), propagate_positions=False)


def _unreadable(source: str, error: UnexpectedCharacters) -> ExpressionSyntaxError:
    position = error.pos_in_stream or 0
    found = source[position]
    if found in '"`':
        return ExpressionSyntaxError(source, position, f"what the {found} opens has no end")
    return ExpressionSyntaxError(source, position, f"{found!r} does not fit here", _in_words(error.allowed or set()))


def _misplaced(source: str, error: UnexpectedToken) -> ExpressionSyntaxError:
    token = error.token
    expected = _in_words(error.accepts or set())
    if token.type == "$END":
        return ExpressionSyntaxError(source, len(source), "it ends too early", expected)
    return ExpressionSyntaxError(source, token.start_pos or 0, f"{str(token)!r} does not fit here", expected)


def _in_words(terminals: set[str]) -> tuple[str, ...]:
    """Return what a reader understands: a value, an operator, a name, or the signs and words themselves."""
    left, words = set(terminals) - {"$END"}, []
    if left >= {"NUMBER", "STRING"}:
        words.append("a value")
        left -= _VALUE_STARTS | _VALUE_WORDS
    if "COMPARE" in left and "NUMBER" not in terminals:
        words.append("an operator")
        left -= _OPERATORS
    if left >= _NAMES:
        words.append("a name")
        left -= _NAMES
    return (*words, *sorted(_SIGNS.get(name, f'"{name.lower()}"') for name in left))


class _RefusedError(Exception):
    """The parser is content, the meaning is not."""

    def __init__(self, token: Token, problem: str) -> None:
        self.position = token.start_pos or 0
        self.problem = problem


@v_args(inline=True)
class _Builder(Transformer[Token, Any]):
    """Builds nodes while lark reduces: no tree of lark's own, no recursion."""

    def number(self, token: Token) -> nodes.Node:
        value = int(token) if str(token).isdecimal() else float(token)
        if abs(value) > MAX_INTEGER and (isinstance(value, int) or math.isinf(value)):
            raise _RefusedError(token, "the number is beyond 64 bits")
        return nodes.Literal(value)

    def text(self, token: Token) -> nodes.Node:
        return nodes.Literal(_unescaped(token))

    def true(self) -> nodes.Node:
        return nodes.Literal(True)

    def false(self) -> nodes.Node:
        return nodes.Literal(False)

    def null(self) -> nodes.Node:
        return nodes.Literal(None)

    def name(self, token: Token) -> str:
        return str(token).strip("`")

    def key(self, token: Token) -> str:
        return _unescaped(token)

    def variable(self, name: str) -> nodes.Node:
        return nodes.Name(name)

    def list_literal(self, *items: nodes.Node) -> nodes.Node:
        return nodes.ListLiteral(items)

    def entry(self, key: str, value: nodes.Node) -> nodes.Entry:
        return nodes.Entry(key, value)

    def context_literal(self, brace: Token, *entries: nodes.Entry) -> nodes.Node:
        seen: set[str] = set()
        for key in (entry.key for entry in entries):
            if key in seen:
                raise _RefusedError(brace, f"the context has the key {key} twice")
            seen.add(key)
            if not storable(key):
                raise _RefusedError(brace, f"no key begins with $ or holds NUL, as {key!r} does")
        return nodes.ContextLiteral(entries)

    def attribute(self, base: nodes.Node, name: str) -> nodes.Node:
        return nodes.Attribute(base, name)

    def filter(self, base: nodes.Node, condition: nodes.Node) -> nodes.Node:
        return nodes.Filter(base, condition)

    def call(self, token: Token, *arguments: nodes.Node) -> nodes.Node:
        name = " ".join(token.split())
        function = FUNCTIONS.get(name)
        if function is None:
            near = near_names(name)
            raise _RefusedError(token, f"there is no function {name}" + (f"; did you mean {near}?" if near else ""))
        if not function.takes(len(arguments)):
            raise _RefusedError(token, f"{function.signature} was given {len(arguments)} arguments")
        return nodes.Call(name, arguments)

    def negation(self, _: Token, operand: nodes.Node) -> nodes.Node:
        if isinstance(operand, nodes.Literal) and isinstance(operand.value, int | float):
            return nodes.Literal(-operand.value)
        return nodes.Negation(operand)

    def arithmetic(self, first: nodes.Node, *rest: Any) -> nodes.Node:
        if not rest:
            return first
        steps = zip(rest[::2], rest[1::2], strict=True)
        return nodes.Arithmetic(first, tuple(nodes.Step(str(operator), operand) for operator, operand in steps))

    def compare(self, left: nodes.Node, operator: Token, right: nodes.Node) -> nodes.Node:
        return nodes.Comparison(str(operator), left, right)

    def between(self, value: nodes.Node, low: nodes.Node, high: nodes.Node) -> nodes.Node:
        return nodes.Between(value, low, high)

    def operator_test(self, operator: Token, operand: nodes.Node) -> nodes.Node:
        return nodes.Test(str(operator), operand)

    def open_interval(self, low: nodes.Node, high: nodes.Node) -> nodes.Node:
        return nodes.Interval(low, high, low_closed=False, high_closed=False)

    def low_open_interval(self, low: nodes.Node, high: nodes.Node) -> nodes.Node:
        return nodes.Interval(low, high, low_closed=False, high_closed=True)

    def high_open_interval(self, low: nodes.Node, high: nodes.Node) -> nodes.Node:
        return nodes.Interval(low, high, low_closed=True, high_closed=False)

    def closed_interval(self, low: nodes.Node, high: nodes.Node) -> nodes.Node:
        return nodes.Interval(low, high, low_closed=True, high_closed=True)

    def tests(self, *tests: nodes.Node) -> tuple[nodes.Node, ...]:
        return tests

    def membership(self, value: nodes.Node, tests: tuple[nodes.Node, ...]) -> nodes.Node:
        return nodes.Membership(value, tests)

    def conjunction(self, *operands: nodes.Node) -> nodes.Node:
        return nodes.Logic("and", operands)

    def disjunction(self, *operands: nodes.Node) -> nodes.Node:
        return nodes.Logic("or", operands)

    def conditional(self, condition: nodes.Node, then: nodes.Node, otherwise: nodes.Node) -> nodes.Node:
        return nodes.Conditional(condition, then, otherwise)

    def range(self, start: nodes.Node, end: nodes.Node) -> nodes.Node:
        return nodes.Range(start, end)

    def binding(self, name: str, domain: nodes.Node) -> nodes.Node:
        return nodes.Binding(name, domain)

    def bindings(self, *bindings: nodes.Binding) -> tuple[nodes.Binding, ...]:
        return bindings

    def for_loop(self, bindings: tuple[nodes.Binding, ...], body: nodes.Node) -> nodes.Node:
        return nodes.Loop("for", bindings, body)

    def quantified(self, kind: Token, bindings: tuple[nodes.Binding, ...], body: nodes.Node) -> nodes.Node:
        return nodes.Loop(str(kind), bindings, body)


def _unescaped(token: Token) -> str:
    def replacement(match: re.Match[str]) -> str:
        body = match.group(1)
        if len(body) > 1:
            return chr(int(body[1:], 16)) if int(body[1:], 16) <= 0x10FFFF else _no_escape(token, match.group())
        return _ESCAPES.get(body) or _no_escape(token, match.group())

    raw = _ESCAPE.sub(replacement, str(token)[1:-1])
    # Two escapes may be the halves of one character, as JSON writes it; a half alone is not a text.
    try:
        return raw.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise _RefusedError(token, "the text holds half of a surrogate pair") from None


def _no_escape(token: Token, escape: str) -> str:
    raise _RefusedError(token, f"{escape} is no escape; write {json.dumps(escape)[1:-1]} for the characters themselves")
