"""A compiled expression."""

import functools
from collections.abc import Mapping
from typing import Any

from models.domain.expressions import meter
from models.domain.expressions.compiler import Code, Compiler, Path
from models.domain.expressions.errors import ExpressionError, ExpressionTooExpensive
from models.domain.expressions.nodes import weight
from models.domain.expressions.parser import parse
from models.domain.expressions.plain import plain
from models.domain.expressions.runtime import MAX_STEPS, Run, checked_result
from models.domain.expressions.values.calendar import Moment


class Expression:
    """An expression that can be evaluated over and over, by several threads at once.

    Attributes:
        source: the text it was compiled from.
        names: the names it reads from its context. Names inside a filter that may as well be an attribute of the
            filtered element are left out: what is missing here is certainly a mistake.
        paths: every dotted path that it may read from its context, the doubtful ones of filters included. A list on the
            way does not show: `items[1].name` and `items.name` are both `("items", "name")`.
    """

    __slots__ = ("_code", "_slots", "_weight", "names", "paths", "source")

    def __init__(self, source: str, code: Code, compiler: Compiler, steps: int) -> None:
        self.source = source
        self.names: frozenset[str] = frozenset(compiler.names)
        self.paths: frozenset[Path] = frozenset(compiler.paths)
        self._code = code
        self._slots = compiler.slots
        self._weight = steps

    def evaluate(self, context: Mapping[str, Any], *, steps: int = MAX_STEPS, now: Moment | None = None) -> Any:
        """Return the value over a context of plain JSON values. It may share parts with the context; change neither.

        Raises:
            ExpressionTypeError: an operation met a value it does not fit.
            ExpressionValueError: division by zero, an integer beyond 64 bits, a bad regular expression.
            ExpressionTooExpensive: more steps than given, or too big a value.
        """
        run = Run(context, self._slots, steps - self._weight)
        run.now = now
        try:
            value = self._code(run)
            if not isinstance(value, int):
                value = plain(checked_result(value))
        except ExpressionError as error:
            error.source = self.source
            raise
        except RecursionError:
            too_deep = ExpressionTooExpensive("The expression goes deeper than the program's stack")
            too_deep.source = self.source
            raise too_deep from None
        finally:
            meter.note(steps - run.steps)
        return value

    def __repr__(self) -> str:
        return f"Expression({self.source!r})"


@functools.lru_cache(maxsize=4_096)
def compile_expression(source: str) -> Expression:
    """Return the compiled expression; the same text is compiled once.

    Raises:
        ExpressionSyntaxError: where the text stops being an expression, and what was expected there.
    """
    tree = parse(source)
    compiler = Compiler()
    code = compiler.compile(tree, ())
    return Expression(source, code, compiler, weight(tree))
