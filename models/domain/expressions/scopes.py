"""What the names inside an expression may mean: the frames around them, known when compiling."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Variable:
    """A name that a loop binds."""

    slot: int
    name: str


@dataclass(frozen=True, slots=True)
class Element:
    """What a filter looks at: `item`, and its attributes by their bare names."""

    slot: int


@dataclass(frozen=True, slots=True)
class Building:
    """A context under construction, whose earlier entries have names."""

    slot: int
    keys: frozenset[str]


Scope = tuple[Variable | Element | Building, ...]
"""The innermost first."""
