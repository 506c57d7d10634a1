"""The syntax tree. Chains of one operator are flat, so that depth means nesting and not length."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from models.domain.expressions.types import Type
from models.domain.expressions.values.calendar import Temporal


@dataclass(frozen=True, slots=True)
class Node:
    """Any part of an expression."""


@dataclass(frozen=True, slots=True)
class Literal(Node):
    value: bool | int | Decimal | str | Temporal | None


@dataclass(frozen=True, slots=True)
class ListLiteral(Node):
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Entry(Node):
    """One entry of a context; later entries see the earlier ones by name."""

    key: str
    value: Node


@dataclass(frozen=True, slots=True)
class ContextLiteral(Node):
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Name(Node):
    name: str


@dataclass(frozen=True, slots=True)
class Attribute(Node):
    base: Node
    name: str


@dataclass(frozen=True, slots=True)
class Filter(Node):
    """`base[condition]`: an index where the condition is a number, else a filter."""

    base: Node
    condition: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A call by name. `names` has the parameters' names where the arguments are named, else it is empty."""

    function: str
    arguments: tuple[Node, ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Invocation(Node):
    """A call of what an expression gives: `a.b(1)`."""

    target: Node
    arguments: tuple[Node, ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FunctionDefinition(Node):
    """`function(a: number, b) body`; None for a parameter without a type."""

    parameters: tuple[str, ...]
    types: tuple[Type | None, ...]
    body: Node
    returns: Type | None = None


@dataclass(frozen=True, slots=True)
class InstanceOf(Node):
    value: Node
    type: Type


@dataclass(frozen=True, slots=True)
class Typed(Node):
    """A value converted to a type, as DMN does with variables; null where it cannot be."""

    value: Node
    type: Type


@dataclass(frozen=True, slots=True)
class UnaryTests(Node):
    """A cell of a decision table. Its value is a check of the value in `?`; no tests stand for `-`."""

    tests: tuple[Node, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Negation(Node):
    operand: Node


@dataclass(frozen=True, slots=True)
class Step(Node):
    """One operator and its right operand."""

    operator: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """Operators of one precedence, applied from left to right."""

    first: Node
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Between(Node):
    value: Node
    low: Node
    high: Node


@dataclass(frozen=True, slots=True)
class Interval(Node):
    low: Node
    high: Node
    low_closed: bool
    high_closed: bool


@dataclass(frozen=True, slots=True)
class Test(Node):
    """`> 5` on the right side of `in`."""

    operator: str
    operand: Node


@dataclass(frozen=True, slots=True)
class TestList(Node):
    """`(1, > 5)` behind `in`. Only the parser makes it, and only a `Membership` takes it."""

    tests: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Membership(Node):
    """`value in tests`; each test is an interval, a `Test`, or a value."""

    value: Node
    tests: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Logic(Node):
    """`and` or `or` over two or more operands, three-valued."""

    operator: str
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Conditional(Node):
    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Range(Node):
    """`1..n` as the domain of a loop."""

    start: Node
    end: Node


@dataclass(frozen=True, slots=True)
class Binding(Node):
    """`name in domain` of a loop."""

    name: str
    domain: Node


@dataclass(frozen=True, slots=True)
class Loop(Node):
    """`for` (kind "for"), `some` or `every`, over the product of its bindings."""

    kind: str
    bindings: tuple[Binding, ...]
    body: Node


def children(node: Node) -> Iterator[Node]:
    """Yield the nodes directly below a node."""
    for field in dataclasses.fields(node):
        value: Any = getattr(node, field.name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            yield from (part for part in value if isinstance(part, Node))


def nesting(root: Node) -> int:
    """Return how deep a tree is. Iterative: a tree too deep for recursion is what it has to find."""
    deepest, waiting = 0, [(root, 1)]
    while waiting:
        node, depth = waiting.pop()
        deepest = max(deepest, depth)
        waiting.extend((child, depth + (not isinstance(child, Step | Entry | Binding))) for child in children(node))
    return deepest


def weight(node: Node) -> int:
    """Return the steps of evaluating a node once, bodies of loops and filters left out: these pay per round."""
    match node:
        case Filter(base=base):
            return 1 + weight(base)
        case FunctionDefinition() | UnaryTests():
            return 1
        case Loop(bindings=bindings):
            return 1 + sum(weight(binding) for binding in bindings[:1])
        case _:
            return 1 + sum(weight(child) for child in children(node))
