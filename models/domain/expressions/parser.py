"""From text to syntax tree: the entrances, and the statements of the language.

Written by hand, because FEEL cannot be cut into tokens without knowing the names in scope ("Monthly Payment", "a-b").
Operators are taken by precedence, in few stack frames for each level of nesting.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from models.domain.expressions import nodes
from models.domain.expressions.cursor import MAX_NESTING, OPERATOR
from models.domain.expressions.errors import ExpressionSyntaxError
from models.domain.expressions.names import Names
from models.domain.expressions.operands import Operands
from models.domain.expressions.runtime import MAX_TEXT
from models.domain.expressions.types import Type

MAX_SOURCE_LENGTH = 4_000
"""Characters of one expression; its text literals count apart, together up to the longest text that one makes."""
_LITERALS = re.compile(r'"(?:\\.|[^"\\])*"', re.DOTALL)

_LEVELS = {
    "or": 0, "and": 1, "=": 2, "!=": 2, "<": 2, "<=": 2, ">": 2, ">=": 2, "between": 2, "in": 2, "instance": 2,
    "+": 3, "-": 3, "*": 4, "/": 4, "**": 5,
}  # fmt: skip
_COMPARISON = 2
_OPERAND = 3


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression may name, and how its mistakes are taken.

    Attributes:
        names: names in scope that have spaces or signs in them (others need not be known).
        attributes: such names of attributes.
        lenient: whether FEEL's null stands for what is wrong, as in decisions.
        types: finds a type by its name.
    """

    names: Names = field(default_factory=Names)
    attributes: Names = field(default_factory=Names)
    lenient: bool = False
    types: Callable[[str], Type | None] = lambda _: None


def parse(source: str, scope: Scope | None = None, doubts: list[str] | None = None) -> nodes.Node:
    """Return the syntax tree of an expression; `doubts` takes what is certain to give null.

    Raises:
        ExpressionSyntaxError: too long, too deep, malformed, or it calls a function that does not exist.
    """
    parser = _parser(source, scope)
    return _finished(parser, parser.expression(), doubts)


def parse_unary_tests(source: str, scope: Scope | None = None, doubts: list[str] | None = None) -> nodes.Node:
    """Return the syntax tree of a cell of a decision table. Raises as `parse` does."""
    parser = _parser(source, scope)
    return _finished(parser, parser.unary_tests(), doubts)


def _parser(source: str, scope: Scope | None) -> "_Parser":
    if len(source) > MAX_SOURCE_LENGTH and _is_too_long(source):
        problem = f"it has {len(source)} characters, and {MAX_SOURCE_LENGTH} are allowed"
        raise ExpressionSyntaxError(source, MAX_SOURCE_LENGTH, problem)
    given = scope or Scope()
    return _Parser(
        source,
        lenient=given.lenient,
        names=given.names.inner(),
        attributes=given.attributes.inner(),
        types=given.types,
    )


def _is_too_long(source: str) -> bool:
    return len(source) > MAX_TEXT or len(_LITERALS.sub("", source)) > MAX_SOURCE_LENGTH


def _finished(parser: "_Parser", root: nodes.Node, doubts: list[str] | None) -> nodes.Node:
    if parser.token.kind != "end":
        parser.fail(OPERATOR)
    if nodes.nesting(root) > MAX_NESTING:
        raise ExpressionSyntaxError(parser.source, 0, f"it is nested deeper than {MAX_NESTING} levels")
    if doubts is not None:
        doubts.extend(parser.doubts)
    return root


class _Parser(Operands):
    """Statements and operators; what stands between operators is the base class's."""

    def expression(self) -> nodes.Node:
        self.deeper()
        if self.sees("if"):
            node = self.conditional()
        elif self.sees("for", "some", "every"):
            node = self.loop()
        else:
            node = self.binary(0)
        self.depth -= 1
        return node

    def conditional(self) -> nodes.Node:
        self.take()
        condition = self.expression()
        self.expect("then")
        then = self.expression()
        self.expect("else")
        return nodes.Conditional(condition, then, self.expression())

    def loop(self) -> nodes.Node:
        kind = self.take().text
        outer, self.names = self.names, self.names.inner(["partial"] if kind == "for" else [])
        bindings = [self.binding()]
        while self.accept(",") or (kind != "for" and self.token.is_name_word):
            bindings.append(self.binding())
        self.expect("return" if kind == "for" else "satisfies", OPERATOR)
        body = self.expression()
        self.names = outer
        return nodes.Loop(kind, tuple(bindings), body)

    def binding(self) -> nodes.Binding:
        name = self.words()
        self.expect("in")
        domain = self.expression()
        if self.accept(".."):
            domain = nodes.Range(domain, self.binary(_OPERAND))
        self.names.add(name)
        return nodes.Binding(name, domain)

    def binary(self, minimum: int) -> nodes.Node:
        """Return operators of this level or a stronger one with their operands."""
        left = self.operand()
        while self.token.kind in ("sign", "word"):
            level = _LEVELS.get(self.token.text, -1)
            if level < minimum:
                break
            if level == _COMPARISON:
                left = self.comparison(left)
                if _LEVELS.get(self.token.text, -1) >= _COMPARISON and self.token.kind in ("sign", "word"):
                    self.fail('"and"', '"or"')
            else:
                left = self.chain(left, level)
        return left

    def chain(self, first: nodes.Node, level: int) -> nodes.Node:
        """Return operators of one level with their operands: flat, however many there are."""
        steps: list[nodes.Step] = []
        while self.token.kind in ("sign", "word") and _LEVELS.get(self.token.text) == level:
            operator = self.take().text
            steps.append(nodes.Step(operator, self.binary(level + 1)))
        if level < _COMPARISON:
            return nodes.Logic(steps[0].operator, (first, *(step.operand for step in steps)))
        return nodes.Arithmetic(first, tuple(steps))

    def comparison(self, left: nodes.Node) -> nodes.Node:
        operator = self.take().text
        if operator == "between":
            low = self.binary(_OPERAND)
            self.expect("and", OPERATOR)
            return nodes.Between(left, low, self.binary(_OPERAND))
        if operator == "instance":
            self.expect("of")
            return nodes.InstanceOf(left, self.type())
        if operator == "in":
            return self.membership(left)
        return nodes.Comparison(operator, left, self.binary(_OPERAND))

    def membership(self, value: nodes.Node) -> nodes.Node:
        self.tests_at = self.at
        tests = self.test_by_operator() if self.sees_comparison() else self.binary(_OPERAND)
        return nodes.Membership(value, tests.tests if isinstance(tests, nodes.TestList) else (tests,))

    def unary_tests(self) -> nodes.Node:
        """Return a cell: `-`, `not(…)`, or tests with commas between them."""
        if self.sees("-") and self.tokens[self.at + 1].kind == "end":
            self.take()
            return nodes.UnaryTests((), negated=False)
        negated = self.sees("not") and self.is_function_call(1)
        if negated:
            self.at += 2
        tests = [self.test()]
        while self.accept(","):
            tests.append(self.test())
        if negated:
            self.expect(")", OPERATOR)
        return nodes.UnaryTests(tuple(tests), negated)
