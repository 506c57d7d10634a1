"""The built-in functions."""

from models.domain.expressions.functions import (
    contexts,
    dates,
    extensions,
    intervals,
    lists,
    numbers,
    patterns,
    statistics,
    texts,
    values,
)
from models.domain.expressions.functions.registry import FUNCTIONS, Function

__all__ = [
    "FUNCTIONS", "Function", "contexts", "dates", "extensions", "intervals", "lists", "numbers", "patterns",
    "statistics", "texts", "values",
]  # fmt: skip
