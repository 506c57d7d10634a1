"""What a client asks of a collection."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Self

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
class Cursor:
    """A place in a list that is in the order of creation: that of one resource, be it still there or not.

    Attributes:
        created: when that resource was made, to the millisecond.
        id: its id, which breaks ties.
        backwards: the page ends before it, instead of beginning behind it.
    """

    created: datetime
    id: str
    backwards: bool = False

    @property
    def text(self) -> str:
        """What clients send back; its form is ours to change."""
        return f"{(self.created - _EPOCH) // _MILLISECOND:x}-{self.id}"

    @classmethod
    def parse(cls, text: str, *, backwards: bool) -> Self | None:
        """The cursor that a text stands for, or None."""
        found = _CURSOR.fullmatch(text)
        if found is None:
            return None
        return cls(_EPOCH + int(found["at"], 16) * _MILLISECOND, found["id"], backwards)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_CURSOR = re.compile(r"(?P<at>[0-9a-f]{1,11})-(?P<id>[^\0]+)")


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A page of a collection.

    Attributes:
        condition: what the resources have to meet; None is met by all.
        sort: the order, ties broken by identity; empty is the order of creation.
        fields: the attributes to come back; None is all of them, and () those that always come.
        offset: how many resources to pass over.
        limit: how many to return at most; 0 asks for the count alone.
        cursor: where in the order of creation the page is; then there is neither a sort nor an offset.
    """

    condition: Condition | None = None
    sort: tuple[Sort, ...] = ()
    fields: tuple[AttributePath, ...] | None = None
    offset: int = 0
    limit: int = 100
    cursor: Cursor | None = None


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
