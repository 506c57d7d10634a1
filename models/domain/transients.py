"""Inputs of named operations, of which nothing is kept: a new password, say. Pure.

An item asks for an operation of its service by `operation`: {name, input: [{name, value}]}. The values are taken out of
the order at the door, kept sealed beside it until it has ended, and put in where a fulfiller is called. Whatever is
written down of a call has a mark ({"@transient": name}) where a value stood, and so has what a fulfiller says back.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

Values = dict[str, Any]
ByItem = dict[str, Values]
T = TypeVar("T")

MARK = "@transient"
SHORTEST_PART = 4
"""Characters. A shorter text is taken out where it is a whole value; inside of others it would be found everywhere."""


def take_out(order: Mapping[str, Any]) -> ByItem:
    """Take the values of operations' inputs out of an order's body, which is changed; return them by item path."""
    taken: ByItem = {}
    for path, item in _items(order.get("serviceOrderItem") or (), ""):
        for one in inputs_of(item):
            if "value" in one:
                taken.setdefault(path, {})[str(one["name"])] = one.pop("value")
    return taken


def put_back(order: Mapping[str, Any], taken: ByItem) -> None:
    """Undo what `take_out` did, but for what the body says anew."""
    for path, item in _items(order.get("serviceOrderItem") or (), ""):
        known = taken.get(path, {})
        for one in inputs_of(item):
            if one.get("name") in known:
                one.setdefault("value", known[one["name"]])


def inputs_of(item: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The inputs {name, value?} that an item gives its operation."""
    operation = item.get("operation")
    given = operation.get("input") if isinstance(operation, Mapping) else None
    return [one for one in given if isinstance(one, dict) and one.get("name")] if isinstance(given, list) else []


def without_transients(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same order without what nothing may be kept of; what has none comes back as it is."""
    if not any(inputs_of(item) for _, item in _items(body.get("serviceOrderItem") or (), "")):
        return body
    made = deepcopy(dict(body))
    take_out(made)
    return made


def marks(item: Mapping[str, Any]) -> Values:
    """What stands for each input of an item wherever something is written down."""
    return {str(one["name"]): {MARK: one["name"]} for one in inputs_of(item)}


def has_marks(value: Any) -> bool:
    """Whether something written down has a mark anywhere."""
    if isinstance(value, Mapping):
        return _marked(value) is not None or any(map(has_marks, value.values()))
    return isinstance(value, list | tuple) and any(map(has_marks, value))


def put_in(value: Any, transients: Mapping[str, Any]) -> Any:
    """The same with the values in the places of their marks."""
    if isinstance(value, Mapping):
        name = _marked(value)
        if name is not None and name in transients:
            return transients[name]
        return {key: put_in(part, transients) for key, part in value.items()}
    return [put_in(part, transients) for part in value] if isinstance(value, list) else value


def wiped(told: T, transients: Mapping[str, Any]) -> T:
    """What somebody has said, with marks where it repeats a value; dataclasses of JSON are looked through."""
    found: T = _wiped(told, [(name, value) for name, value in transients.items() if value not in (None, "")])
    return found


def _wiped(told: Any, known: list[tuple[str, Any]]) -> Any:
    if is_dataclass(told) and not isinstance(told, type):
        return replace(told, **{one.name: _wiped(getattr(told, one.name), known) for one in fields(told)})
    if isinstance(told, Mapping):
        return {key: _wiped(part, known) for key, part in told.items()}
    if isinstance(told, list | tuple):
        parts = [_wiped(part, known) for part in told]
        return tuple(parts) if isinstance(told, tuple) else parts
    for name, value in known:
        if type(told) is type(value) and told == value:
            return f"({name})" if isinstance(told, str) else None
        if isinstance(told, str) and isinstance(value, str) and len(value) >= SHORTEST_PART:
            told = told.replace(value, f"({name})")
    return told


def _marked(value: Mapping[str, Any]) -> str | None:
    name = value.get(MARK) if len(value) == 1 else None
    return name if isinstance(name, str) else None


def _items(items: Any, above: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in items:
        if isinstance(item, dict):
            path = f"{above}{item.get('id')}"
            yield path, item
            yield from _items(item.get("serviceOrderItem") or (), f"{path}/")
