"""Whether an expression hands something on as it is, or makes something else of it."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from models.domain.expressions import nodes
from models.domain.expressions.nodes import Node
from models.domain.expressions.parser import parse

_KEEPING = frozenset({
    "append",
    "concatenate",
    "context",
    "context merge",
    "context put",
    "flatten",
    "get or else",
    "insert before",
    "string",
    "string join",
    "union",
})  # fmt: skip
"""Functions that put texts together, and change none."""
_PARTS = (nodes.ListLiteral, nodes.Entry, nodes.ContextLiteral, nodes.Attribute)


def reshaped(source: str, root: str) -> frozenset[str]:
    """Return the attributes of `root` of which an expression does not hand on the value, alone or joined to texts.

    What goes by way of a variable of the expression itself (`for x in [root.a] return upper case(x)`) is not seen.

    Raises:
        ExpressionSyntaxError: it is no expression.
    """
    return frozenset(_reshaped(parse(source), root, kept=True))


def _reshaped(node: Any, root: str, *, kept: bool) -> Iterator[str]:
    if isinstance(node, tuple):
        for part in node:
            yield from _reshaped(part, root, kept=kept)
        return
    if not isinstance(node, Node):
        return
    if isinstance(node, nodes.Attribute) and node.base == nodes.Name(root):
        if not kept:
            yield node.name
        return
    for field in dataclasses.fields(node):
        yield from _reshaped(getattr(node, field.name), root, kept=kept and _keeps(node, field.name))


def _keeps(node: Node, part: str) -> bool:
    """Whether this part of a node is in its value as it is."""
    match node:
        case nodes.Call(function=function):
            return function in _KEEPING
        case nodes.Arithmetic(steps=steps):
            return all(step.operator == "+" for step in steps)
        case nodes.Step(operator=operator):
            return operator == "+"
        case nodes.Conditional() | nodes.Filter():
            return part != "condition"
        case _:
            return isinstance(node, _PARTS) or (isinstance(node, nodes.Loop) and (node.kind, part) == ("for", "body"))
