"""JUEL, the expressions of Camunda 7, as FEEL: a recursive descent over its operators, without methods and functions.

Precedence and coercion follow the Unified Expression Language 2.1 (JSR 245), chapter 1.
"""

import json
import re

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d{1,18}(?:\.\d{1,18})?)|(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<quoted>`[^`]*`)|(?P<word>[A-Za-z_]\w*)|(?P<sign>==|!=|<=|>=|&&|\|\||[!<>+\-*/%?:().\[\]]))",
    re.ASCII,
)
_WORDS = {
    "eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">=", "and": "&&", "or": "||", "not": "!",
    "div": "/", "mod": "%",
}  # fmt: skip
_COMPARISONS = {"==": "=", "!=": "!=", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
_VARIABLES = {
    "nrOfInstances": "numberOfInstances",
    "nrOfCompletedInstances": "numberOfCompletedInstances",
    "nrOfActiveInstances": "numberOfActiveInstances",
    "loopCounter": "(loopCounter - 1)",
}
"""Of loops, as Camunda 7 names them; its counter begins at 0."""
_MAX_DEPTH = 30


class UntranslatableError(Exception):
    """It does something that FEEL does not, or is malformed."""


def translate(text: str) -> str:
    """Return what a JUEL expression, without `${` and `}`, is in FEEL.

    Raises:
        UntranslatableError: it calls a method or a function, or is malformed.
    """
    parser = _Parser(_tokens(text))
    made = parser.choice(0)
    parser.end()
    return made


def _tokens(text: str) -> list[tuple[str, str]]:
    found, position = [], 0
    text = text.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise UntranslatableError(f"{text[position : position + 20]!r} does not belong to it.")
        kind, token = match.lastgroup, match[match.lastgroup]
        found.append(("sign", _WORDS[token]) if kind == "word" and token in _WORDS else (kind, token))
        position = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._next = 0

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._next] if self._next < len(self._tokens) else ("end", "")

    def _take(self, *signs: str) -> str | None:
        kind, token = self._peek()
        if kind == "sign" and token in signs:
            self._next += 1
            return token
        return None

    def _expect(self, sign: str) -> None:
        if self._take(sign) is None:
            raise UntranslatableError(f"it needs {sign!r} where it has {self._peek()[1]!r}.")

    def end(self) -> None:
        if self._peek()[0] != "end":
            raise UntranslatableError(f"{self._peek()[1]!r} does not fit there.")

    def choice(self, depth: int) -> str:
        if depth > _MAX_DEPTH:
            raise UntranslatableError("it is nested too deep.")
        condition = self._or(depth)
        if self._take("?") is None:
            return condition
        yes = self.choice(depth + 1)
        self._expect(":")
        return f"(if {condition} then {yes} else {self.choice(depth + 1)})"

    def _or(self, depth: int) -> str:
        parts = [self._and(depth)]
        while self._take("||"):
            parts.append(self._and(depth))
        return parts[0] if len(parts) == 1 else f"({' or '.join(parts)})"

    def _and(self, depth: int) -> str:
        parts = [self._comparison(depth)]
        while self._take("&&"):
            parts.append(self._comparison(depth))
        return parts[0] if len(parts) == 1 else f"({' and '.join(parts)})"

    def _comparison(self, depth: int) -> str:
        left = self._sum(depth)
        while sign := self._take(*_COMPARISONS):
            left = f"{left} {_COMPARISONS[sign]} {self._sum(depth)}"
        return left

    def _sum(self, depth: int) -> str:
        left = self._product(depth)
        while sign := self._take("+", "-"):
            left = f"({left} {sign} {self._product(depth)})"
        return left

    def _product(self, depth: int) -> str:
        left = self._unary(depth)
        while sign := self._take("*", "/", "%"):
            right = self._unary(depth)
            left = f"modulo({left}, {right})" if sign == "%" else f"({left} {sign} {right})"
        return left

    def _unary(self, depth: int) -> str:
        if depth > _MAX_DEPTH:
            raise UntranslatableError("it is nested too deep.")
        if self._take("!"):  # null is false to JUEL, and its opposite true
            return f"(if {self._unary(depth + 1)} then false else true)"
        if self._take("-"):
            return f"(-{self._unary(depth + 1)})"
        if self._peek() == ("word", "empty"):
            self._next += 1
            operand = self._unary(depth + 1)
            return f'({operand} = null or {operand} = "" or {operand} = [])'
        return self._path(depth)

    def _path(self, depth: int) -> str:
        made = self._atom(depth)
        while True:
            if self._take("."):
                kind, name = self._peek()
                if kind != "word":
                    raise UntranslatableError(f"{name!r} is no name of an attribute.")
                self._next += 1
                made = f"{made}.{name}"
            elif self._take("["):
                made += self._index()
                self._expect("]")
            elif self._peek() == ("sign", "("):
                raise UntranslatableError(f"{made}(…) calls code.")
            else:
                return made

    def _index(self) -> str:
        kind, token = self._peek()
        self._next += 1
        if kind == "number" and token.isdecimal():
            return f"[{int(token) + 1}]"  # FEEL counts from 1
        if kind == "text":
            return f".`{_plain(token)}`"
        raise UntranslatableError("only numbers and texts can stand in brackets.")

    def _atom(self, depth: int) -> str:
        kind, token = self._peek()
        self._next += 1
        if kind == "text":
            return json.dumps(_plain(token), ensure_ascii=False)
        if kind in ("number", "word", "quoted"):
            return _VARIABLES.get(token, token)
        if (kind, token) == ("sign", "("):
            inner = self.choice(depth + 1)
            self._expect(")")
            return f"({inner})"
        raise UntranslatableError("it ends too early." if kind == "end" else f"{token!r} does not fit there.")


def _plain(literal: str) -> str:
    return re.sub(r"\\(.)", r"\1", literal[1:-1])
