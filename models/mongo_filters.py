"""Conditions, orders and choices of fields in MongoDB's words.

Nothing of a client's text becomes an operator: operators are written here, a name is part of a path below `body`, and
a value always stands behind an operator of ours. Never `$where`, never `$expr`.
"""

import re
from collections.abc import Iterable
from typing import Any

from models.domain.desired import SIDES
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
    Value,
    about_values,
)
from models.domain.listing import AttributePath, Sort, outermost
from models.domain.search_patterns import for_backtracking
from models.domain.violations import Violation

Filter = dict[str, Any]
_ORDER = {Op.GT: "$gt", Op.GTE: "$gte", Op.LT: "$lt", Op.LTE: "$lte"}
_IS_NULL = {"$type": "null"}


def to_mongo(tenant: str, condition: Condition | None) -> Filter:
    """The filter for a tenant's documents whose `body` meets a condition.

    Raises:
        InvalidRequest: the database has no words for it.
    """
    wanted: Filter = {"tenant": tenant}
    if condition is not None:
        wanted["$and"] = [_filter(condition, "body.")]
    return wanted


def to_sort(keys: Iterable[Sort]) -> list[tuple[str, int]]:
    """The order of a list.

    Ties are broken by creation and identity, in the direction of the last key: so runs an index, as `documents` has it.
    """
    order = [(_field(key.path, "body."), -1 if key.descending else 1) for key in keys]
    direction = order[-1][1] if order else 1
    names = {name for name, _ in order}
    return order + [(name, direction) for name in ("created", "_id") if name not in names]


def to_projection(fields: tuple[AttributePath, ...] | None) -> dict[str, int]:
    """What to fetch: of the body as much as is asked for, and what the answer's headers need."""
    always = {"rev": 1, "created": 1, "updated": 1}
    if fields is None:
        return {"body": 1, **dict.fromkeys(SIDES, 1), **always}
    return {_field_of(path): 1 for path in outermost((("id",), ("@type",), *fields))} | always


def _filter(condition: Condition, prefix: str) -> Filter:  # noqa: PLR0911 - one return a case
    match condition:
        case And(conditions):
            return {"$and": [_filter(inner, prefix) for inner in conditions]}
        case Or(conditions):
            return {"$or": [_filter(inner, prefix) for inner in conditions]}
        case Not(inner):
            return {"$nor": [_filter(inner, prefix)]}
        case Element(path, inner):
            return _element(_field(path, prefix), inner)
        case Compare(("href",), op, values) if prefix and op in (Op.EQ, Op.NE):
            # The address is not stored; its last part is the identity.
            tails = tuple(str(value).rstrip("/").rpartition("/")[2] for value in values)
            return _any("_id", _operators(Compare((), op, tails)))
        case Exists(("href",)) if prefix:
            return {}
        case Compare(path) | Match(path) | StartsWith(path) | Exists(path):
            return _any(_field(path, prefix), _operators(condition))


def _element(field: str, inner: Condition) -> Filter:
    if not about_values(inner):
        return {field: {"$elemMatch": _filter(inner, "")}}
    match inner:
        case Or(conditions):  # one element meets one of them: one of them is met by an element
            return {"$or": [_element(field, each) for each in conditions]}
        case And(conditions):
            return {field: {"$elemMatch": _all_of(conditions)}}
        case Compare() | Match() | StartsWith() | Exists():
            return {"$or": [{field: {"$elemMatch": each}} for each in _operators(inner)]}
    raise _unsupported("Of the elements of an array of plain values, ! cannot be asked; compare with != instead.")


def _all_of(conditions: tuple[Condition, ...]) -> Filter:
    """The operators that one plain value has to meet, which MongoDB takes in one object, each once."""
    merged: Filter = {}
    for condition in conditions:
        if isinstance(condition, And):
            more = [_all_of(condition.conditions)]
        elif isinstance(condition, (Compare, Match, StartsWith, Exists)):
            more = _operators(condition)
        else:
            more = []
        if len(more) != 1 or more[0].keys() & merged.keys():
            raise _unsupported("This combination of conditions on plain values of an array is not supported.")
        merged |= more[0]
    return merged


def _operators(condition: Compare | Match | StartsWith | Exists) -> list[Filter]:
    """What stands behind the field: one of these has to hold."""
    match condition:
        case Match(_, regex):
            return [{"$regex": for_backtracking(regex)}]
        case StartsWith(_, prefix):
            return [{"$regex": "^" + re.escape(prefix)}]
        case Exists():
            return [{"$exists": True}]
        case Compare(_, Op.EQ, values):
            return _equal(values)
        case Compare(_, Op.NE, values):
            equal = _equal(values)
            return [{"$nin": equal[0]["$in"]}] if len(equal) == 1 and "$in" in equal[0] else [_none_of(values)]
        case Compare(_, op, values):
            return [{_ORDER[op]: value} for value in values]


def _equal(values: tuple[Value, ...]) -> list[Filter]:
    """Null is asked for by its type: to MongoDB, an attribute that is missing equals null."""
    others = [value for value in values if value is not None]
    found: list[Filter] = [{"$in": others}] if others else []
    return [*found, _IS_NULL] if None in values else found


def _none_of(values: tuple[Value, ...]) -> Filter:
    others = [value for value in values if value is not None]
    return {"$nin": others, "$not": _IS_NULL} if others else {"$not": _IS_NULL}


def _any(field: str, operators: list[Filter]) -> Filter:
    return {field: operators[0]} if len(operators) == 1 else {"$or": [{field: each} for each in operators]}


def _field(path: Path, prefix: str) -> str:
    if prefix and path in (("id",), ("href",)):
        return "_id"
    return _field_of(path) if prefix else _joined(path)


def _field_of(path: Path) -> str:
    """Where an attribute stands: the sides of a service beside its body, everything else in it."""
    return _joined(path) if path and path[0] in SIDES else f"body.{_joined(path)}"


def _joined(path: Path) -> str:
    parts = [str(part) for part in path]
    if any(not part or part.startswith("$") or "." in part or "\0" in part for part in parts):
        raise _unsupported(f"{'.'.join(parts)[:100]!r} is no path of attribute names.")
    return ".".join(parts)


def _unsupported(message: str) -> InvalidRequest:
    return InvalidRequest([Violation("filter", "invalidFilter", message)])
