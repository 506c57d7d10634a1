"""Reservations of TMF685 as they are asked for, and what they say; no input or output."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from adapters.ports import Done, FulfillerCall
from adapters.tmforum.order_reading import id_of

Document = dict[str, Any]

_OF_THE_ITEM = frozenset({"count", "seconds"})


def external_id(key: str) -> str:
    """The externalId of what is reserved under an idempotency key: the same whenever it is asked for."""
    return f"som-{hashlib.sha256(key.encode()).hexdigest()[:40]}"


def demand_mark(asked: Mapping[str, Any]) -> str:
    """A short text that is the same for demands that differ in nothing but how many they want."""
    told = {name: value for name, value in asked.items() if name not in {"count", "seconds", "priority"}}
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()[:16]


def reservation_body(call: FulfillerCall, asked: Mapping[str, Any], count: int) -> Document:
    """The reservation as it is asked for; the same call gives the same body.

    Args:
        call: the call.
        asked: its input.
        count: how many resources are wanted of what it asks for.
    """
    demand: Document = {name: value for name, value in asked.items() if name not in _OF_THE_ITEM}
    pool, specification = demand.pop("pool", None), demand.pop("resourceSpecification", None)
    if pool is not None:
        demand["resourcePool"] = {"id": pool}
    if specification is not None:
        demand["resourceSpecification"] = {"name": specification}
    demand.setdefault("priority", call.priority)
    entities = [{"id": call.service["id"], "role": "for", "@referredType": "Service"}]
    if call.order_id is not None:
        entities.append({"id": call.order_id, "role": "orderedBy", "@referredType": "ServiceOrder"})
    return {
        "@type": "Reservation",
        "externalId": external_id(call.idempotency_key),
        "relatedParty": [{"id": "som", "name": "som", "role": "requester", "@referredType": "Organization"}],
        "relatedEntity": entities,
        "reservationItem": [{"id": "1", "action": "add", "quantity": count, "capacityDemand": demand}],
    }


def resources_in(body: Any) -> list[Mapping[str, Any]]:
    """The resources that a reservation holds, each with an id."""
    applied = item_of(body).get("appliedCapacity")
    listed = applied.get("resource") if isinstance(applied, Mapping) else None
    return [one for one in listed or () if isinstance(one, Mapping) and one.get("id")]


def item_of(body: Any) -> Mapping[str, Any]:
    """The one item of a reservation; an empty one where there is none."""
    items = body.get("reservationItem") if isinstance(body, Mapping) else None
    return items[0] if isinstance(items, list) and items and isinstance(items[0], Mapping) else {}


def end_of(body: Any) -> str | None:
    """When a reservation ends by itself, as it says."""
    period = body.get("validFor") if isinstance(body, Mapping) else None
    end = period.get("endDateTime") if isinstance(period, Mapping) else None
    return end if isinstance(end, str) else None


def allotted(reservations: Sequence[Mapping[str, Any]], fulfiller: str, call: FulfillerCall) -> Done:
    """What comes out of an allocation: `resource`, all of them; and `id`, `value`, `characteristic` of the first.

    Args:
        reservations: those that the service rests on by it from now on, one at least, each with resources.
        fulfiller: id of ours.
        call: the call.
    """
    shown, references = [], []
    asked = call.input if isinstance(call.input, Mapping) else {}
    for body in reservations:
        held = {"id": id_of(body), "fulfiller": fulfiller, "task": call.name, "demand": demand_mark(asked)}
        for resource in resources_in(body):
            shown.append(_shown(resource))
            named = {**shown[-1], "href": resource.get("href")}
            reference = {name: named[name] for name in ("id", "href", "name", "value") if named[name] is not None}
            references.append({**reference, "@referredType": "Resource", "reservation": held})
    output: Document = {
        "resource": shown,
        "values": [one["value"] for one in shown],
        **{name: shown[0][name] for name in ("id", "value", "characteristic")},
    }
    ends = [end for end in map(end_of, reservations) if end is not None]
    if ends:
        output["endDateTime"] = min(ends)
    return Done(output=output, supporting_resource=tuple(references))


def kept(service: Mapping[str, Any], fulfiller: str, call: FulfillerCall, count: int) -> list[str]:
    """The reservations by which a service has some of what is demanded anew, and that are kept for that.

    TMF685 cannot give back a part of a reservation, so that each is kept whole or not at all, the largest first.

    Args:
        service: as it is before the change.
        fulfiller: id of ours.
        call: the call.
        count: how many resources it shall have.
    """
    mark = demand_mark(call.input)
    sizes: dict[str, int] = {}
    for one in service.get("supportingResource") or ():
        held = one.get("reservation") if isinstance(one, Mapping) else None
        if not isinstance(held, Mapping) or held.get("fulfiller") != fulfiller or not held.get("id"):
            continue
        if held.get("task") == call.name and held.get("demand") == mark:
            sizes[str(held["id"])] = sizes.get(str(held["id"]), 0) + 1
    if call.input.get("adjacent"):  # side by side with what there is cannot be asked for
        return [key for key, size in sizes.items() if size == count][:1]
    keeps, left = [], count
    for key, size in sorted(sizes.items(), key=lambda one: (-one[1], one[0])):
        if size <= left:
            keeps.append(key)
            left -= size
    return keeps


def _shown(resource: Mapping[str, Any]) -> Document:
    given = resource.get("characteristic")
    return {
        "id": resource["id"],
        "name": resource.get("name") or resource["id"],
        "value": resource.get("value") or resource.get("name") or resource["id"],
        "characteristic": dict(given) if isinstance(given, Mapping) else {},
    }
