"""Bodies in a version: as it writes what is stored, and what is stored of what it sends."""

from collections.abc import Iterable
from typing import Any

from models.wire.table import Attribute, Body, Count, Inner, Table

Json = dict[str, Any]


def written(table: Table, stored: Body) -> Json:
    """A stored object as the version writes it. The result may share parts with it."""
    made: Json = {}
    for name, value in stored.items():
        attribute = table.attributes.get(name)
        if attribute is None:
            if name not in table.hidden:
                made[name] = value
        elif not (attribute.count is Count.FIRST and value == []):
            made[attribute.name or name] = _written_value(attribute, value)
    if table.inner is not None:
        made = _with_inner(table.inner, made)
    if table.typed is not None:
        given = made.get("@type")
        if given is None or given in table.typed.among:
            made["@type"] = table.typed.of(stored)
    return made


def _written_value(attribute: Attribute, value: Any) -> Any:
    if attribute.count is Count.FIRST and isinstance(value, list):
        value = value[0]
    elif attribute.count is Count.LIST and not isinstance(value, list):
        value = [value]
    if attribute.values is not None:
        return attribute.values.get(value, value) if isinstance(value, str) else value
    if isinstance(value, list):
        return [_written_element(attribute, element) for element in value]
    return _written_element(attribute, value)


def _written_element(attribute: Attribute, element: Any) -> Any:
    if attribute.table is None or not isinstance(element, dict):
        return element
    return written(attribute.table(element), element)


def _with_inner(inner: Inner, flat: Json) -> Json:
    """The attributes of a reference in an object of their own; the class of the one around it is the table's."""
    outer = {name: value for name, value in flat.items() if name in inner.outside}
    held = {name: value for name, value in flat.items() if name not in inner.outside and name != "@type"}
    if held:
        given = flat.get("@type")
        held["@type"] = given if given in inner.typed.among else inner.typed.of(held)
        outer[inner.name] = held
    return outer


def read(table: Table, wire: Body) -> Json:
    """What is stored of an object that the version has sent, which is left as it is."""
    flat = wire if table.inner is None else _without_inner(table.inner, wire)
    made: Json = {}
    for written_name, value in flat.items():
        name, attribute = table.find(written_name)
        if not _is_none(attribute, value):
            made[name] = _read_value(attribute, value, None)
    if table.typed is not None and made.get("@type") in table.typed.among:
        del made["@type"]
    return made


def read_change(table: Table, before: Body, wire: Body, changed: Iterable[str]) -> Json:
    """What is stored of a body that was changed on the wire; what the version does not show stays.

    Args:
        table: of the version.
        before: what is stored.
        wire: the body as the version writes it, after the change.
        changed: the first-level attributes that the change touched, by their names on the wire.
    """
    made = dict(before)
    for written_name in changed:
        name, attribute = table.find(written_name)
        if written_name in wire and not _is_none(attribute, wire[written_name]):
            made[name] = _read_value(attribute, wire[written_name], before.get(name))
        else:
            made.pop(name, None)
    return made


def _is_none(attribute: Attribute, value: Any) -> bool:
    """Whether a list says that there is none of what may be stored without a list; then nothing is stored."""
    return attribute.count is Count.LIST and value == []


def _read_value(attribute: Attribute, value: Any, before: Any) -> Any:
    if attribute.values is not None:
        return attribute.stored_values.get(value, value) if isinstance(value, str) else value
    if isinstance(value, list):
        made = [_read_element(attribute, element) for element in value]
        return made[0] if attribute.count is Count.LIST and len(made) == 1 else made
    made_one = _read_element(attribute, value)
    if attribute.count is Count.FIRST and isinstance(before, list) and before:
        return [made_one, *before[1:]]
    return made_one


def _read_element(attribute: Attribute, element: Any) -> Any:
    if attribute.table is None or not isinstance(element, dict):
        return element
    return read(attribute.table(element), element)


def _without_inner(inner: Inner, wire: Body) -> Json:
    held = wire.get(inner.name)
    flat = {name: value for name, value in wire.items() if name not in (inner.name, "@type")}
    if not isinstance(held, dict):
        return flat if held is None else {**flat, inner.name: held}
    plain = {name: value for name, value in held.items() if name != "@type"}
    flat |= plain
    if "@type" in held and held["@type"] != inner.typed.of(plain):
        flat["@type"] = held["@type"]
    return flat
