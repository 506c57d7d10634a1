"""The one expression language: FEEL, for mappings, conditions and decision tables.

Described for its users in docs/reference/expressions.md. Values are plain JSON values; nothing of Python is reachable.
Time and size are bounded: an expression that wants more is an `ExpressionTooExpensive`.
"""

from models.domain.expressions.errors import (
    ExpressionError,
    ExpressionSyntaxError,
    ExpressionTooExpensive,
    ExpressionTypeError,
    ExpressionValueError,
)
from models.domain.expressions.expression import Expression, compile_expression
from models.domain.expressions.functions.patterns import register_patterns
from models.domain.expressions.templates import Template, compile_template, evaluate_template

__all__ = [
    "Expression",
    "ExpressionError",
    "ExpressionSyntaxError",
    "ExpressionTooExpensive",
    "ExpressionTypeError",
    "ExpressionValueError",
    "Template",
    "compile_expression",
    "compile_template",
    "evaluate_template",
    "register_patterns",
]
