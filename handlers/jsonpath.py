"""JSONPath as TMF630 uses it, Part 5 (in patches) and Part 6 (`filter=`), translated into our own conditions.

python-jsonpath reads the syntax; it evaluates nothing, so that a client's regex never runs on an engine without a
time limit, and a filter means the same in memory and in the database. Read are attribute names, also as `['@type']`
and `.@type`, indexes `[0]`, `[*]`, and filters `[?(…)]` with comparisons to literals, `=~`, `in`, `&&`, `||`, `!`,
existence, and the functions `search` and `match`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jsonpath import JSONPath, JSONPathEnvironment
from jsonpath.exceptions import JSONPathError
from jsonpath.filter import (
    BaseExpression,
    FilterExpressionLiteral,
    FunctionExtension,
    InfixExpression,
    ListLiteral,
    Nil,
    PrefixExpression,
    RelativeFilterQuery,
    StringLiteral,
)
from jsonpath.lex import Lexer
from jsonpath.parse import Parser
from jsonpath.segments import JSONPathChildSegment
from jsonpath.selectors import Filter, IndexSelector, NameSelector, WildcardSelector
from jsonpath.stream import TokenStream
from jsonpath.token import TOKEN_RE_FLAGS

from handlers.values import ValueMismatch, is_storable, literal
from models.domain.filters import (
    And,
    Compare,
    Condition,
    Element,
    Exists,
    Match,
    Not,
    Op,
    Or,
    Path,
    StartsWith,
    Value,
    about_values,
    depth,
)
from models.domain.patterns import PatternEngine, PatternError
from models.domain.search_patterns import check, prefix_of
from models.domain.shapes import ANYTHING, Kind, Shape

MAX_LENGTH = 2_000
_MAX_INDEX = 100_000
_MAX_DEPTH = 20  # MongoDB nests 100 levels, and each of ours is several of them
_COMPARISONS = {"==": Op.EQ, "!=": Op.NE, "<>": Op.NE, ">": Op.GT, ">=": Op.GTE, "<": Op.LT, "<=": Op.LTE}
_MIRRORED = {">": "<", ">=": "<=", "<": ">", "<=": ">="}


class UnusablePath(ValueError):
    """The JSONPath cannot be used; the message says what stands against it."""


@dataclass(frozen=True, slots=True)
class Every:
    """All elements of an array."""


@dataclass(frozen=True, slots=True)
class Where:
    """The elements of an array that meet a condition."""

    condition: Condition


Step = str | int | Every | Where
"""An attribute's name, an index, or a choice of elements."""


class _Regex(FilterExpressionLiteral[str]):
    """A regex as it was written; the library's own would compile it with Python's engine."""

    __slots__ = ()


class _Lexer(Lexer):
    key_pattern = r"@?[\u0080-\uFFFFa-zA-Z_][\u0080-\uFFFFa-zA-Z0-9_-]*"


class _Parser(Parser):
    def parse_regex(self, stream: TokenStream) -> BaseExpression:
        pattern = stream.current().value
        flags = ""
        if stream.peek().kind == TOKEN_RE_FLAGS:
            stream.next()
            flags = "".join(sorted(set(stream.next().value) - {"a"}))
        return _Regex(value=f"(?{flags}){pattern}" if flags else pattern)


class _Environment(JSONPathEnvironment):
    lexer_class = _Lexer
    parser_class = _Parser


_ENVIRONMENT = _Environment(filter_caching=False, well_typed=False)


@lru_cache(maxsize=1_000)
def _parsed(text: str) -> JSONPath:
    if len(text) > MAX_LENGTH:
        raise UnusablePath(f"a JSONPath may have {MAX_LENGTH} characters, this one has {len(text)}")
    try:
        parsed = _ENVIRONMENT.compile(text)
    except (JSONPathError, ValueError, OverflowError, RecursionError, AssertionError, IndexError) as error:
        reason = str(error).partition("\n")[0].removesuffix(f", line 1, column {len(text)}")
        raise UnusablePath(f"it is no JSONPath: {reason[:200]}") from error
    if not isinstance(parsed, JSONPath):
        raise UnusablePath("unions and intersections of paths are not supported; write || inside one filter")
    return parsed


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads JSONPath against the shape of a resource.

    Attributes:
        engine: compiles the regular expressions.
        lenient: attributes that the schema lacks are taken as free ones (in a patch of a resource that has such), not
            refused (in a query).
    """

    engine: PatternEngine
    lenient: bool = False

    def steps(self, text: str, shape: Shape) -> tuple[Step, ...]:
        """The steps of a path from the resource down.

        Raises:
            UnusablePath: it is malformed, names what is not there, or needs what is not supported.
        """
        try:
            return self._walk(_parsed(text), shape, root=True)[0]
        except RecursionError as error:
            raise UnusablePath("it is nested too deeply") from error

    def condition(self, text: str, shape: Shape) -> Condition:
        """What a resource has to meet for the path to select something in it. `$[?(@.a==1)]` is about the resource.

        Raises:
            UnusablePath: as `steps`.
        """
        steps = self.steps(text, shape)
        match steps:
            case (Where(condition),):
                return condition
            case (Where(condition), *rest):
                return And((condition, _fold(tuple(rest), Exists)))
            case (Every(), *rest):
                steps = tuple(rest)
        if not steps:
            raise UnusablePath("it selects nothing; an example is $.note[?(@.author=='Jo')]")
        return _fold(steps, Exists)

    def _walk(self, path: JSONPath, shape: Shape, *, root: bool = False) -> tuple[tuple[Step, ...], Shape]:
        steps: list[Step] = []
        for segment in path.segments:
            if not isinstance(segment, JSONPathChildSegment) or len(segment.selectors) != 1:
                raise UnusablePath("descent with .. and unions in brackets are not supported")
            selector = segment.selectors[0]
            match selector:
                case NameSelector():
                    shape = self._below(shape, selector.name)
                    steps.append(selector.name)
                case IndexSelector() if 0 <= selector.index <= _MAX_INDEX:
                    steps.append(selector.index)
                case WildcardSelector():
                    steps.append(Every())
                case Filter():
                    steps.append(self._where(selector, steps, shape, root=root))
                case _:
                    raise UnusablePath(f"{selector} is not supported; an index counts from 0")
        return tuple(steps), shape

    def _where(self, selector: Filter, before: list[Step], shape: Shape, *, root: bool) -> Where:
        if not isinstance(before[-1], str) if before else not root:
            raise UnusablePath("a filter stands behind the name of an array")
        if before and shape.kind not in (Kind.ARRAY, Kind.ANY):
            raise UnusablePath(f"{before[-1]} is no array, so it cannot be filtered by [?(…)]")
        condition = self._expression(selector.expression.expression, shape.element)
        try:
            about_values(condition)
        except ValueError as error:
            raise UnusablePath(str(error)) from error
        if depth(condition) > _MAX_DEPTH:
            raise UnusablePath(f"its conditions are nested deeper than {_MAX_DEPTH} levels")
        return Where(condition)

    def _below(self, shape: Shape, name: str) -> Shape:
        if not name or name.startswith("$") or "." in name or not is_storable(name) or "\0" in name:
            raise UnusablePath(f"{name!r} is no attribute's name")
        found = shape.attribute(name)
        if found is not None:
            return found
        if self.lenient:
            return ANYTHING
        raise UnusablePath(f"there is no attribute {name}: {shape.suggest((name,))}")

    def _expression(self, expression: BaseExpression, shape: Shape) -> Condition:
        match expression:
            case InfixExpression(operator="&&"):
                return And(tuple(self._expression(each, shape) for each in _operands(expression)))
            case InfixExpression(operator="||"):
                return Or(tuple(self._expression(each, shape) for each in _operands(expression)))
            case InfixExpression():
                return self._comparison(expression, shape)
            case PrefixExpression(operator="!"):
                return Not(self._expression(expression.right, shape))
            case RelativeFilterQuery():
                return _fold(self._walk(expression.path, shape)[0], Exists)
            case FunctionExtension(name="search" | "match"):
                return self._function(expression, shape)
        raise UnusablePath(f"{expression} is not supported in a filter")

    def _comparison(self, expression: InfixExpression, shape: Shape) -> Condition:
        left, operator, right = expression.left, expression.operator, expression.right
        if isinstance(right, RelativeFilterQuery) and not isinstance(left, RelativeFilterQuery):
            left, operator, right = right, _MIRRORED.get(operator, operator), left
        if not isinstance(left, RelativeFilterQuery) or isinstance(right, RelativeFilterQuery):
            raise UnusablePath(f"{expression} is not supported: a filter compares an attribute, @.a, with a literal")
        steps, reached = self._walk(left.path, shape)
        if operator == "=~":
            return self._pattern(steps, reached, _text(right))
        if operator == "in" and isinstance(right, ListLiteral):
            values = [value for item in right.items for value in self._literal(item, reached, Op.EQ)]
            return _fold(steps, lambda path: Compare(path, Op.EQ, tuple(values)))
        op = _COMPARISONS.get(operator)
        if op is None:
            raise UnusablePath(f"the operator {operator} is not supported here")
        wanted = self._literal(right, reached, op)
        if op is Op.NE and any(isinstance(step, Where) for step in steps):
            return _fold(steps, lambda path: And((Exists(path), Compare(path, Op.NE, wanted))))
        return _fold(steps, lambda path: Compare(path, op, wanted))

    def _literal(self, expression: Any, shape: Shape, op: Op) -> tuple[Value, ...]:
        if isinstance(expression, _Regex) or not isinstance(expression, (FilterExpressionLiteral, Nil)):
            raise UnusablePath(f"{expression} is no literal that can be compared with")
        value = None if isinstance(expression, Nil) else expression.value
        try:
            return literal(value, shape, ordered=op not in (Op.EQ, Op.NE))
        except ValueMismatch as error:
            raise UnusablePath(f"{expression} does not fit: {error}") from error

    def _function(self, expression: FunctionExtension, shape: Shape) -> Condition:
        match list(expression.args):
            case [RelativeFilterQuery() as query, StringLiteral() as pattern]:
                steps, reached = self._walk(query.path, shape)
                regex = pattern.value if expression.name == "search" else f"^(?:{pattern.value})$"
                return self._pattern(steps, reached, regex)
        raise UnusablePath(f"{expression.name} takes an attribute and a text, as in search(@.name, '^a')")

    def _pattern(self, steps: tuple[Step, ...], shape: Shape, regex: str) -> Condition:
        return _fold(steps, lambda path: pattern_condition(path, shape, regex, self.engine))


def _operands(chain: InfixExpression) -> list[BaseExpression]:
    """What a chain of one operator connects, from left to right: the parser nests `a && b && c`."""
    found: list[BaseExpression] = []
    waiting: list[BaseExpression] = [chain]
    while waiting:
        place = waiting.pop()
        if isinstance(place, InfixExpression) and place.operator == chain.operator:
            waiting += [place.right, place.left]
        else:
            found.append(place)
    return found


def pattern_condition(path: Path, shape: Shape, regex: str, engine: PatternEngine) -> Condition:
    """The condition that a regex occurs in an attribute.

    Raises:
        UnusablePath: the attribute is no text, or the regex cannot be used.
    """
    if shape.element.kind not in (Kind.STRING, Kind.DATE_TIME, Kind.ANY):
        raise UnusablePath("a regex can be matched with a text only")
    try:
        check(regex, engine)
    except PatternError as error:
        raise UnusablePath(str(error)) from error
    prefix = prefix_of(regex)
    return Match(path, regex) if prefix is None else StartsWith(path, prefix)


def _text(expression: BaseExpression) -> str:
    if isinstance(expression, (_Regex, StringLiteral)):
        return str(expression.value)
    raise UnusablePath("=~ wants a regex, as in @.name =~ /^a/")


def _fold(steps: Sequence[Step], leaf: Callable[[Path], Condition]) -> Condition:
    """The steps of a path as nested conditions, with the leaf's at the end; names and indexes add up to its path."""
    path: list[str | int] = []
    for number, step in enumerate(steps):
        match step:
            case str() | int():
                path.append(step)
            case Where(condition):
                rest = steps[number + 1 :]
                inner = And((condition, _fold(rest, leaf))) if rest or leaf is not Exists else condition
                return Element(tuple(path), inner)
    return leaf(tuple(path))
