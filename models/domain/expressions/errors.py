"""What can go wrong with an expression."""

from models.domain.errors import SomError


class ExpressionError(SomError):
    """The expression cannot be evaluated."""

    code = "invalidExpression"
    source: str | None = None
    """The expression's text, once it is known."""


class ExpressionSyntaxError(ExpressionError):
    """The expression is not written as the language wants it.

    Attributes:
        position: offset of the first character that does not fit, counted from 0.
        line: the same as a line, counted from 1.
        column: the same as a column of that line, counted from 1.
        expected: what could have stood there, in words.
        pointer: JSON pointer of the expression inside the template it stands in; empty for a single expression.
    """

    code = "expressionSyntax"

    def __init__(self, source: str, position: int, problem: str, expected: tuple[str, ...] = ()) -> None:
        before = source[:position]
        self.source = source
        self.position = position
        self.line = before.count("\n") + 1
        self.column = position - (before.rfind("\n") + 1) + 1
        self.expected = expected
        self.pointer = ""
        where = f"line {self.line}, column {self.column}" if "\n" in source else f"column {self.column}"
        hint = f"; expected {' or '.join(expected)}" if expected else ""
        super().__init__(f"Expression does not parse at {where}: {problem}{hint}")


class ExpressionTypeError(ExpressionError):
    """The expression applies an operation to a value that it does not fit."""

    code = "expressionType"


class ExpressionValueError(ExpressionError):
    """The expression leads to a value that does not exist or cannot be represented."""

    code = "expressionValue"


class ExpressionTooExpensive(ExpressionError):
    """The expression takes more steps, or makes a bigger value, than is allowed."""

    code = "expressionTooExpensive"
