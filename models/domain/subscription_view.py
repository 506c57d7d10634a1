"""A subscription: what a consumer has, as the consumer sees it. Pure, and derived: nothing of it is stored.

Source: IT4IT, Subscription: a consumer's right to a service. It is made of the service in the inventory that names the
party, and of the orders under way for that service.
"""

from collections.abc import Mapping
from typing import Any

Document = dict[str, Any]
Body = Mapping[str, Any]

STATES: Mapping[str, tuple[str, ...]] = {
    "pending": ("feasibilityChecked", "designed", "reserved"),
    "active": ("active",),
    "suspended": ("inactive",),
    "terminated": ("terminated",),
}
"""The states of a subscription, and those of its service (TMF638) that they stand for."""

_STATE_OF = {state: word for word, states in STATES.items() for state in states}


def state_of(service: Body) -> str:
    """The state of the subscription that a service is."""
    return _STATE_OF.get(str(service.get("state")), "pending")


def since(service: Body, created: str, moved: str | None) -> str:
    """Since when it is in its state, as text in the canonical form.

    Args:
        service: the body.
        created: when it came into the inventory.
        moved: when its state changed last, where the history tells.
    """
    dates = {"active": service.get("startDate"), "terminated": service.get("endDate")}
    return str(moved or dates.get(str(service.get("state"))) or created)


def in_flight(order: Body, service: str) -> list[Document]:
    """The items of an order that are about a service and have not ended: {item, action, state}."""
    return [
        {"item": path, "action": item.get("action"), "state": item.get("state", "acknowledged")}
        for path, item in _items(order.get("serviceOrderItem") or (), "")
        if (item.get("service") or {}).get("id") == service
    ]


def _items(items: Any, above: str) -> list[tuple[str, Body]]:
    """All items by their path, nested ones after the one around them."""
    found = []
    for item in items:
        path = f"{above}{item.get('id')}"
        found += [(path, item), *_items(item.get("serviceOrderItem") or (), f"{path}/")]
    return found
