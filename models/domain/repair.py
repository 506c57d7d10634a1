"""How a drift is repaired: by an ordinary order that modifies the service to what was ordered before."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from models.domain.desired import COMPARED
from models.domain.drift import fingerprint
from models.domain.service_change import BUILT

Body = dict[str, Any]
State = Literal["proposed", "inProgress", "persisting", "impossible"]

CAUSE = "reconciliation"


@dataclass(frozen=True, slots=True)
class Repair:
    """What could be done about the drift of a service.

    Attributes:
        key: names the drift: while it is the same, it is repaired once.
        order: the order that would do it; None where no order can.
        problem: why none can, in words.
    """

    key: str
    order: Body | None
    problem: str | None = None


def repair_of(document: Mapping[str, Any]) -> Repair | None:
    """The repair of a stored service; None where it has no drift."""
    drift, desired = document.get("drift"), document.get("desired")
    if not drift or desired is None:
        return None
    service, body = str(document["_id"]), document["body"]
    key = _key(service, drift)
    if is_gone(document):
        return _rebuilding(service, key, desired)
    if body.get("state") not in BUILT:
        problem = f"The service is {body.get('state')}: it cannot be changed any more. Order it anew."
        return Repair(key, None, problem)
    action = "delete" if desired["state"] == "terminated" else "modify"
    wanted: Body = {"id": service}
    if desired.get("serviceSpecification"):
        wanted["serviceSpecification"] = desired["serviceSpecification"]
    if action == "modify":
        wanted |= _delta(desired, drift)
    item = {"id": "1", "action": action, "service": wanted}
    return Repair(key, {"description": f"Repairs the service {service}.", "serviceOrderItem": [item]})


def is_gone(document: Mapping[str, Any]) -> bool:
    """Whether a stored service is not there any more although it was ordered to be."""
    wanted: str | None = (document.get("desired") or {}).get("state")
    return document["body"].get("state") == "terminated" and wanted in BUILT


def _rebuilding(service: str, key: str, desired: Mapping[str, Any]) -> Repair:
    """The order that builds a service anew that is gone: an `add` that names it, with all that was ordered."""
    if not desired.get("serviceSpecification"):
        return Repair(key, None, "The service is gone, and was ordered without a specification. Order it anew.")
    wanted = {"id": service, "serviceSpecification": desired["serviceSpecification"], "state": desired["state"]}
    wanted |= {name: desired[name] for name in COMPARED if desired.get(name)}
    item = {"id": "1", "action": "add", "service": wanted}
    return Repair(key, {"description": f"Builds the service {service} anew.", "serviceOrderItem": [item]})


def why(document: Mapping[str, Any]) -> str:
    """What is repaired, in words for people: the first differences."""
    found = document["drift"]["difference"]
    said = [
        f"{entry.get('name') or entry['attribute']} is {_shown(entry['actual'])} and was ordered as "
        f"{_shown(entry['desired'])}"
        for entry in found[:5]
    ]
    more = f", and {len(found) - 5} more" if len(found) > 5 else ""
    return f"The service {document['_id']} is otherwise than ordered: {'; '.join(said)}{more}."


def state_of(document: Mapping[str, Any], repair: Repair, order_state: str | None, final: frozenset[str]) -> State:
    """How far the repair of a service is.

    Args:
        document: the service; `repair` is {key, order} of the last one that was placed.
        repair: as `repair_of` gives it.
        order_state: of the order that was placed for this very drift, if there is one.
        final: the states in which an order has ended.
    """
    if document.get("owner") or (order_state is not None and order_state not in final):
        return "inProgress"
    if repair.order is None or (document.get("repair") or {}).get("problem"):
        return "impossible"
    return "persisting" if order_state is not None else "proposed"


def _key(service: str, drift: Mapping[str, Any]) -> str:
    what = json.dumps([service, drift["since"], fingerprint(drift)])
    return f"{service}:{hashlib.sha256(what.encode()).hexdigest()[:16]}"


def _delta(desired: Mapping[str, Any], drift: Mapping[str, Any]) -> Body:
    """What has to be changed: the drifted values as they were ordered, and whole lists of features and places."""
    delta: Body = {}
    names = {entry.get("name") for entry in drift["difference"] if entry["attribute"] == "serviceCharacteristic"}
    if names:
        wanted = desired.get("serviceCharacteristic", ())
        delta["serviceCharacteristic"] = [entry for entry in wanted if entry.get("name") in names]
    for entry in drift["difference"]:
        if entry["attribute"] == "state":
            delta["state"] = desired["state"]
        elif entry["attribute"] in desired:
            delta.setdefault(entry["attribute"], desired[entry["attribute"]])
    return delta


def _shown(value: Any) -> str:
    text = "missing" if value is None else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
