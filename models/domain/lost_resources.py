"""Resources of a service that are lost: the system that had reserved them knows of it no more.

A reference in `supportingResource` names the reservation by which the service has the resource: {id, fulfiller, …}.
When that is lost, the reference stays, so that people see what the service rests on, and says since when: `lost`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Document = dict[str, Any]

ATTRIBUTE = "supportingResource"
LOST = "lost"


def marked(body: Mapping[str, Any], fulfiller: str, reservation: str, at: str) -> list[Document] | None:
    """The `supportingResource` of a service whose reservation with a system is lost; None where that changes nothing.

    Args:
        body: of the service (TMF638).
        fulfiller: that reaches the system.
        reservation: its id there.
        at: now.
    """
    made, changed = [], False
    for one in body.get(ATTRIBUTE) or ():
        held = _reservation(one)
        if held.get("id") == reservation and held.get("fulfiller") == fulfiller and LOST not in held:
            made.append({**one, "reservation": {**held, LOST: at}})
            changed = True
        else:
            made.append(one)
    return made if changed else None


def drift_of(body: Mapping[str, Any]) -> Iterator[Document]:
    """Yield what a service does not have any more, as drift: {attribute, name, desired, actual, source, by, at}."""
    for one in body.get(ATTRIBUTE) or ():
        held = _reservation(one)
        if LOST in held:
            there = {name: value for name, value in held.items() if name != LOST}
            about = {"source": "reported", "by": held.get("fulfiller"), "at": held[LOST]}
            named = {"attribute": ATTRIBUTE, "name": str(one.get("id"))}
            yield {**named, "desired": {**one, "reservation": there}, "actual": None, **about}


def _reservation(reference: Any) -> Mapping[str, Any]:
    held = reference.get("reservation") if isinstance(reference, Mapping) else None
    return held if isinstance(held, Mapping) else {}
