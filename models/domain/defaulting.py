"""What policies at the point `decompose` say of an order's items: values that the customer did not give. Pure."""

from collections.abc import Mapping
from typing import Any

Document = dict[str, Any]


def with_values(order: Mapping[str, Any], values: Mapping[tuple[int, ...], Mapping[str, Any]]) -> Document:
    """The body of an order as it is to be planned; what it was ordered with stays.

    Args:
        order: its body.
        values: of characteristics by name, by the item's indexes from the top.
    """
    return {**order, "serviceOrderItem": _items(order.get("serviceOrderItem") or (), values, ())}


def _items(items: Any, values: Mapping[tuple[int, ...], Mapping[str, Any]], above: tuple[int, ...]) -> list[Document]:
    made = []
    for place, item in enumerate(items):
        here = (*above, place)
        changed = {**item, "service": _filled(item.get("service") or {}, values[here])} if here in values else {**item}
        if item.get("serviceOrderItem"):
            changed["serviceOrderItem"] = _items(item["serviceOrderItem"], values, here)
        made.append(changed)
    return made


def _filled(service: Mapping[str, Any], values: Mapping[str, Any]) -> Document:
    given = list(service.get("serviceCharacteristic") or ())
    named = {one.get("name") for one in given}
    added = [{"name": name, "value": value} for name, value in values.items() if name not in named]
    return {**service, "serviceCharacteristic": [*given, *added]}
