"""What a client asks of a collection."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from models.domain.filters import Condition

AttributePath = tuple[str, ...]
ALWAYS = ("id", "href", "@type")
"""First-level attributes that come back whatever `fields` says; `@type` where the resource has one."""


@dataclass(frozen=True, slots=True)
class Sort:
    """One key of the order of a list."""

    path: AttributePath
    descending: bool = False


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A page of a collection.

    Attributes:
        condition: what the resources have to meet; None is met by all.
        sort: the order, ties broken by identity; empty is the order of creation.
        fields: the attributes to come back; None is all of them, and () those that always come.
        offset: how many resources to pass over.
        limit: how many to return at most; 0 asks for the count alone.
    """

    condition: Condition | None = None
    sort: tuple[Sort, ...] = ()
    fields: tuple[AttributePath, ...] | None = None
    offset: int = 0
    limit: int = 100


_Tree = dict[str, Any]  # an attribute's name -> the tree below it; an empty tree is the whole attribute


def select_fields(body: dict[str, Any], fields: tuple[AttributePath, ...] | None) -> dict[str, Any]:
    """The chosen attributes of a body, and those of `ALWAYS` that it has; the body itself where all are asked for.

    In an array, each element keeps the chosen attributes. The result may share parts with the body.
    """
    if fields is None:
        return body
    chosen: dict[str, Any] = _pick(body, _tree(fields))
    return chosen


@lru_cache(maxsize=1_000)
def _tree(fields: tuple[AttributePath, ...]) -> _Tree:
    tree: _Tree = {name: {} for name in ALWAYS}
    for path in outermost(fields):
        place = tree
        for name in path:
            place = place.setdefault(name, {})
    return tree


def outermost(fields: tuple[AttributePath, ...]) -> list[AttributePath]:
    """The paths that are not within another one."""
    wanted = set(fields)
    return sorted(path for path in wanted if not any(path[:depth] in wanted for depth in range(1, len(path))))


def _pick(value: Any, tree: _Tree) -> Any:
    if not tree:
        return value
    if isinstance(value, list):
        return [_pick(element, tree) for element in value]
    if isinstance(value, dict):
        return {name: _pick(inner, tree[name]) for name, inner in value.items() if name in tree}
    return value
