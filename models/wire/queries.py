"""Filters, sorts and choices of fields in a version, as the stored bodies can be asked for them."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from models.domain.errors import InvalidRequest
from models.domain.filters import (
    And,
    Compare,
    Condition,
    Element,
    Exists,
    Match,
    Not,
    Op,
    Or,
    Path,
    StartsWith,
    predicate,
)
from models.domain.listing import ListQuery, Sort
from models.domain.patterns import PatternEngine
from models.domain.violations import Violation
from models.wire.table import PLAIN, PLAIN_ATTRIBUTE, Attribute, Count, Table

Leaf = Compare | Match | StartsWith | Exists


def stored_query(table: Table, query: ListQuery, engine: PatternEngine) -> ListQuery:
    """What a query over a version's bodies asks of the stored ones.

    Its `fields` are whole first-level attributes: what is written within one may need all of what is stored there.

    Raises:
        InvalidRequest: it asks for a class that is not stored, as the version makes it up.
    """
    if table is PLAIN:
        return query
    fields = query.fields
    return replace(
        query,
        condition=None if query.condition is None else stored_condition(table, query.condition, engine),
        sort=tuple(Sort(_path_of(table, key), key.descending) for key in query.sort),
        fields=None if fields is None else tuple(dict.fromkeys((table.find(path[0])[0],) for path in fields)),
    )


def _path_of(table: Table, key: Sort) -> tuple[str, ...]:
    place = _Place.at(table, key.path)
    return tuple(str(step) for step in place.path)


def stored_condition(table: Table, condition: Condition, engine: PatternEngine) -> Condition:
    """What a condition on a version's bodies says of the stored ones.

    Raises:
        InvalidRequest: it asks for a class that is not stored, as the version makes it up.
    """
    match condition:
        case And(conditions):
            return And(tuple(stored_condition(table, inner, engine) for inner in conditions))
        case Or(conditions):
            return Or(tuple(stored_condition(table, inner, engine) for inner in conditions))
        case Not(inner):
            return Not(stored_condition(table, inner, engine))
        case Element(path, inner):
            return _element(table, path, inner, engine)
        case Compare() | Match() | StartsWith() | Exists():
            return _leaf(table, condition, engine)


class _Place:
    """Where a path of the wire leads among what is stored.

    Attributes:
        path: the stored path.
        attribute: how what stands there is written.
        table: of the object or objects there.
        lone: places in the path where an index 0 stands of a thing that may be stored without a list around it.
    """

    def __init__(self, table: Table) -> None:
        self.path: Path = ()
        self.attribute: Attribute = PLAIN_ATTRIBUTE
        self.table = table
        self.lone: list[int] = []

    @classmethod
    def at(cls, table: Table, path: Path) -> "_Place":
        place = cls(table)
        for step in path:
            place.go(step)
        return place

    def go(self, step: str | int) -> None:
        if isinstance(step, int):
            if step == 0 and self.attribute.count is Count.LIST:
                self.lone.append(len(self.path))
            self.path = (*self.path, step)
            return
        if self.table.inner is not None and step == self.table.inner.name:
            return
        if step == "@type" and (self.table.inner or self.table.typed):
            message = "That is the class of a part of the resource, which version 5 gives it; it cannot be asked for."
            raise InvalidRequest([Violation("query", "unknownAttribute", message)])
        name, self.attribute = self.table.find(step)
        self.path = (*self.path, name)
        self.table = self.attribute.table({}) if self.attribute.table is not None else PLAIN


def _leaf(table: Table, condition: Leaf, engine: PatternEngine) -> Condition:
    place = _Place.at(table, condition.path)
    return _alone_or_not(place.path, place.lone, lambda path: _at(path, condition, place.attribute, engine))


def _alone_or_not(path: Path, lone: Sequence[int], made: Callable[[Path], Condition]) -> Condition:
    """A condition at a path with the index 0 of what may be stored without a list around it."""
    if not lone:
        return made(path)
    *others, at = lone
    in_a_list = Exists(path[: at + 1])
    return Or(
        (
            And((in_a_list, _alone_or_not(path, others, made))),
            And((Not(in_a_list), _alone_or_not(path[:at] + path[at + 1 :], others, made))),
        )
    )


def _at(path: Path, condition: Leaf, attribute: Attribute, engine: PatternEngine) -> Condition:
    if attribute.values is None or isinstance(condition, Exists):
        return replace(condition, path=path)
    if isinstance(condition, Compare) and condition.op is Op.NE:
        return Not(_at(path, Compare(condition.path, Op.EQ, condition.values), attribute, engine))
    holds = predicate(replace(condition, path=()), engine)
    values = tuple(value for value, written in attribute.values.items() if holds(written))
    return Compare(path, Op.EQ, values) if values else And((Exists(path), Not(Exists(path))))


def _element(table: Table, path: Path, inner: Condition, engine: PatternEngine) -> Condition:
    """One element of an array; where one thing may be stored without the array around it, that thing, too."""
    place = _Place.at(table, path)
    condition = stored_condition(place.table, inner, engine)
    is_list = place.attribute.count is Count.LIST
    return _alone_or_not(
        place.path,
        place.lone,
        lambda stored: _some_element(stored, condition) if is_list else Element(stored, condition),
    )


def _some_element(path: Path, condition: Condition) -> Condition:
    """An element of the array, or the one thing that stands there instead of it."""
    alone = And((Exists(path), Not(Exists((*path, 0))), _below(path, condition)))
    return Or((Element(path, condition), alone))


def _below(path: Path, condition: Condition) -> Condition:
    """The same condition on what stands at a path."""
    match condition:
        case And(conditions):
            return And(tuple(_below(path, inner) for inner in conditions))
        case Or(conditions):
            return Or(tuple(_below(path, inner) for inner in conditions))
        case Not(inner):
            return Not(_below(path, inner))
    return replace(condition, path=(*path, *condition.path))
