"""Under which names elements of a decision model are known to others: by the standard their own, in tools more."""

from dataclasses import fields, replace
from typing import Any, TypeVar
from xml.etree.ElementTree import Element

from models.dmn.document import child, children, name_of
from models.domain.expressions.nodes import Name, Node

N = TypeVar("N", bound=Node)
_CAMUNDA = "http://camunda.org/schema/1.0/dmn"


def output_names(element: Element) -> tuple[str, ...]:
    """Return the names of the outputs of a decision that is a table."""
    table = child(element, "decisionTable")
    found = map(name_of, children(table, "output")) if table is not None else ()
    return tuple(name for name in found if name)


def other_names(element: Element) -> tuple[str, ...]:
    """Return the names that tools write for an element beside its own.

    Camunda 8 writes that of its variable, or its id; Camunda 7 that of its output, if there is one alone.
    """
    variable = child(element, "variable")
    outputs = output_names(element)
    names = (
        element.get("id") or "",
        *(outputs if len(outputs) == 1 else ()),
        name_of(variable) if variable is not None else "",
    )
    return tuple(dict.fromkeys(name for name in names if name and name != name_of(element)))


def known_as(element: Element) -> tuple[str, ...]:
    """Return all names under which others may know an element."""
    return name_of(element), *other_names(element), *output_names(element)


def input_name(column: Element) -> str:
    """Return the name by which cells of a column know its value: that which Camunda 7 lets say, or gives by itself."""
    return column.get(f"{{{_CAMUNDA}}}inputVariable") or "cellInput"


def renamed(node: N, old: str, new: str) -> N:
    """Return a tree in which a name stands in for another."""
    if isinstance(node, Name):
        return replace(node, name=new) if node.name == old else node
    changes = {part.name: _renamed(getattr(node, part.name), old, new) for part in fields(node)}
    return replace(node, **changes)


def _renamed(value: Any, old: str, new: str) -> Any:
    if isinstance(value, tuple):
        return tuple(_renamed(part, old, new) for part in value)
    return renamed(value, old, new) if isinstance(value, Node) else value
