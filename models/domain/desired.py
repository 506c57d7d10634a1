"""The desired instance of a service: what was ordered, and by which order, of which version of its specification.

IT4IT, Fulfillment Orchestration: a desired service instance is made from the template; the actual one is its copy once
it is real. Who orders changes the desired side; who reports or records what is changes the actual side.
"""

from collections.abc import Mapping
from typing import Any

from models.domain.service_change import merge_characteristics

Body = Mapping[str, Any]
Desired = dict[str, Any]

COMPARED = ("serviceCharacteristic", "feature", "place")
"""The attributes of a service that both sides have, besides its state."""

SIDES = ("desired", "actual", "hasDrift", "drift")
"""What stands beside the body of a service, and is shown as attributes of it. Nobody but the server sets them."""


def link_of(order: str, item: str, action: str) -> dict[str, Any]:
    """The order item that asks for something, as TMF638 refers to it."""
    return {
        "serviceOrderId": order,
        "itemId": item.rsplit("/", 1)[-1],
        "itemAction": action,
        "@referredType": "ServiceOrder",
    }


def ordered(body: Body, state: str, link: Body, at: str | None) -> Desired:
    """What a new service is to be.

    Args:
        body: its TMF638 body as planned.
        state: that it shall have at the end.
        link: the order item, as `link_of` makes it.
        at: when it was planned, where that is known.
    """
    made: Desired = {"state": state}
    if body.get("serviceSpecification"):
        made["serviceSpecification"] = body["serviceSpecification"]
    made.update({name: body[name] for name in COMPARED if body.get(name)})
    return {**made, "serviceOrderItem": dict(link), **({"since": at} if at else {})}


def known(document: Mapping[str, Any]) -> Desired | None:
    """What a stored service is to be; None where nobody ever ordered it.

    A service of a release that kept no desired side was made by an order if it refers to one; then what it is counts as
    what was ordered.
    """
    if "desired" in document:
        kept: Desired = document["desired"]
        return kept
    if "hasDrift" in document:
        return None
    body: Body = document["body"]
    links = body.get("serviceOrderItem")
    if not isinstance(links, list) or not links or not isinstance(links[-1], Mapping):
        return None
    return ordered(body, str(body.get("state", "active")), links[-1], body.get("startDate"))


def reordered(  # noqa: PLR0913, PLR0917 - an order says this much
    was: Desired | None, body: Body, delta: Body, specification: Body | None, state: str, link: Body, at: str
) -> Desired:
    """What a service is to be once an order has changed it; one that nobody ordered so far is adopted as it is.

    Args:
        was: what it was to be so far.
        body: as it is.
        delta: what the order changes: named characteristics, where null removes one, and whole attributes.
        specification: the reference of its specification, where it is known.
        state: that it shall have.
        link: the order item.
        at: when it was planned.
    """
    base = was if was is not None else ordered(body, state, link, at)
    made = {**base, "state": state, "serviceOrderItem": dict(link), "since": at}
    if specification:
        made["serviceSpecification"] = dict(specification)
    return {**made, **_changes(made, delta)}


def told_more(was: Desired, given: Body) -> Desired:
    """What a service is to be after its customer has said more while the order was under way."""
    return {**was, **_changes(was, given)}


def _changes(was: Desired, delta: Body) -> Desired:
    changes: Desired = {name: delta[name] for name in COMPARED if name in delta and name != "serviceCharacteristic"}
    if "serviceCharacteristic" in delta:
        named = delta["serviceCharacteristic"] or ()
        changes["serviceCharacteristic"] = merge_characteristics(was.get("serviceCharacteristic", ()), named)
    return changes
