"""The built-in functions."""

from models.domain.expressions.functions import contexts, lists, numbers, texts, values
from models.domain.expressions.functions.registry import FUNCTIONS, Function

__all__ = ["FUNCTIONS", "Function", "contexts", "lists", "numbers", "texts", "values"]
