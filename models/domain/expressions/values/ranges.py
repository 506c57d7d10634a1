"""Ranges and functions as values."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Range:
    """`[low..high]`; None for an end that is open: `(< 5)` has no low end."""

    low: Any
    high: Any
    low_included: bool
    high_included: bool


@dataclass(frozen=True, slots=True, eq=False)
class FunctionValue:
    """A function as a value. `call` gets the run and one value for each parameter."""

    parameters: tuple[str, ...]
    call: Callable[..., Any]
    types: tuple[Any, ...] = ()
    returns: Any = None
    repeated: bool = False
    least: int | None = None
    """How many arguments it needs at least, where that is fewer than it has parameters."""
