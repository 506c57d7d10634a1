"""How an order of ours and one that was placed for it name each other, and how what came of it is found again. Pure."""

from collections.abc import Mapping
from typing import Any

from adapters.tmforum.client import segment
from adapters.tmforum.order_reading import Dialect, id_of

Document = dict[str, Any]


def reference_to(dialect: Dialect, base: str, key: str) -> Document:
    """Their order with this id, at the base path of their API, as ours refers to it."""
    return {"id": key, "href": f"{base}/{dialect.order}/{segment(key)}", "@referredType": dialect.referred_type}


def naming_ours(attribute: str, order: str, href: str | None) -> Document:
    """The entry of a list of their order that names ours.

    Args:
        attribute: the list: `orderRelationship` (TMF641), whose `cross-ref` is to keep track of the order of origin;
            `externalReference` (TMF652); or `note`, where the API has no place for a reference (TMF622 v4.0).
        order: id of our order.
        href: its address, where we have one.
    """
    if attribute == "orderRelationship":
        address = {"href": href} if href else {}
        return {"id": order, **address, "relationshipType": "cross-ref", "@referredType": "ServiceOrder"}
    if attribute == "externalReference":
        return {"id": order, "entityType": "ServiceOrder", "owner": "som"}
    return {"author": "som", "text": f"Placed for the service order {order}{f' ({href})' if href else ''}."}


def theirs_of(service: Mapping[str, Any], dialect: Dialect, fulfiller: str, task: str) -> str | None:
    """The id of what this fulfiller has built for a service of ours.

    Of several it is what the task of this name has ordered, else the newest.
    """
    built = [
        one
        for one in service.get(dialect.supporting) or ()
        if isinstance(one, Mapping)
        and one.get("fulfiller") == fulfiller
        and one.get("@referredType", dialect.subject.capitalize()) == dialect.subject.capitalize()
    ]
    ordered = [one for one in built if task and one.get("task") == task]
    return next((found for one in reversed(ordered or built) if (found := id_of(one))), None)
