"""Templates: JSON values in which every text that begins with `=` is an expression."""

from collections.abc import Callable, Mapping
from typing import Any

from models.domain.expressions.cursor import MAX_NESTING
from models.domain.expressions.errors import ExpressionSyntaxError
from models.domain.expressions.expression import Expression, compile_expression
from models.domain.expressions.values.calendar import Moment

Maker = Callable[[Mapping[str, Any], Moment | None], Any]


class Template:
    """A compiled template.

    Attributes:
        expressions: the expressions in it, in the order of the document.
        names: the names that they read.
        paths: the paths that they may read.
    """

    __slots__ = ("_make", "expressions", "names", "paths")

    def __init__(self, make: Maker, expressions: tuple[Expression, ...]) -> None:
        self._make = make
        self.expressions = expressions
        self.names: frozenset[str] = frozenset().union(*(expression.names for expression in expressions))
        self.paths: frozenset[tuple[str, ...]] = frozenset().union(*(expression.paths for expression in expressions))

    def evaluate(self, context: Mapping[str, Any], now: Moment | None = None) -> Any:
        """Return the value with each expression replaced by its own; `now` is what `now()` tells.

        Raises ExpressionError as the expressions do.
        """
        return self._make(context, now)


def compile_template(value: Any) -> Template:
    """Return the compiled template.

    Raises:
        ExpressionSyntaxError: an expression in it is malformed, `pointer` says which; or it is nested too deep.
    """
    expressions: list[Expression] = []
    make = _maker(value, expressions, "", 1)
    return Template(make, tuple(expressions))


def evaluate_template(value: Any, context: Mapping[str, Any]) -> Any:
    """Return the value of a template that is used once."""
    return compile_template(value).evaluate(context)


def _maker(value: Any, expressions: list[Expression], pointer: str, depth: int) -> Maker:
    if depth > MAX_NESTING:
        raise ExpressionSyntaxError("", 0, f"the template is nested deeper than {MAX_NESTING} levels")
    if isinstance(value, str) and value.startswith("="):
        return _expression(value[1:], expressions, pointer)
    if isinstance(value, dict):
        entries = [
            (key, _maker(part, expressions, f"{pointer}/{_escaped(key)}", depth + 1)) for key, part in value.items()
        ]
        return lambda context, now: {key: make(context, now) for key, make in entries}
    if isinstance(value, list):
        makers = [_maker(part, expressions, f"{pointer}/{index}", depth + 1) for index, part in enumerate(value)]
        return lambda context, now: [make(context, now) for make in makers]
    return lambda _, __: value


def _expression(source: str, expressions: list[Expression], pointer: str) -> Maker:
    try:
        expression = compile_expression(source)
    except ExpressionSyntaxError as error:
        error.pointer = pointer
        raise
    expressions.append(expression)
    return lambda context, now: expression.evaluate(context, now=now)


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
