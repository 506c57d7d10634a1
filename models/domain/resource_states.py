"""The states of a resource (TMF639), and what they are while it is free, set aside, in use or in quarantine.

v4 says whether a resource can be had in `resourceStatus`; v5 has several attributes for that, first of all
`allocationStatus` and `controlStatus` (both after ITU-T X.731 and X.732). A stored body has those of both versions, and
here they are kept in step.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any

Body = Mapping[str, Any]
Changes = dict[str, Any]

STATES = (
    "resourceStatus",
    "administrativeState",
    "operationalState",
    "usageState",
    "allocationStatus",
    "controlStatus",
    "availabilityStatus",
    "alarmStatus",
    "proceduralStatus",
    "standbyStatus",
    "unknownStatus",
    "lifecycleState",
)
"""The attributes whose change is a change of state, in either version of the API."""

KEPT_BY_THE_ENGINE = frozenset({"resourceStatus", "usageState", "allocationStatus", "controlStatus", "value"})
"""What no client may change of a resource that is held for a service, or is a member of a pool."""


class Standing(Enum):
    """How a resource stands towards those who want it."""

    FREE = "free"
    """Anybody's."""

    RESERVED = "reserved"
    """Set aside for a holder who has not begun to use it."""

    IN_USE = "inUse"
    """Its holder's, who uses it."""

    QUARANTINED = "quarantined"
    """Nobody's, and not to be given to anybody for a while."""

    @classmethod
    def of(cls, body: Body) -> "Standing | None":
        """How a resource stands by its body; None where it is none of these, such as in alarm."""
        match body.get("resourceStatus"), body.get("usageState", "idle"):
            case "available", "idle":
                return cls.FREE
            case "reserved", "idle":
                return cls.RESERVED
            case "reserved", _:
                return cls.IN_USE
            case "suspended", _:
                return cls.QUARANTINED
        return None


_ATTRIBUTES: Mapping[Standing, Body] = {
    Standing.FREE: {"resourceStatus": "available", "usageState": "idle", "allocationStatus": "available"},
    Standing.RESERVED: {"resourceStatus": "reserved", "usageState": "idle", "allocationStatus": "reserved"},
    Standing.IN_USE: {"resourceStatus": "reserved", "usageState": "active", "allocationStatus": "allocated"},
    Standing.QUARANTINED: {
        "resourceStatus": "suspended",
        "usageState": "idle",
        "allocationStatus": "quarantined",
        "controlStatus": "suspended",
    },
}


def put(standing: Standing, body: Body | None = None) -> Changes:
    """The attributes of a resource that is made to stand so; None removes one.

    Args:
        standing: how it shall stand.
        body: as it is; None for a new one.
    """
    made = dict(_ATTRIBUTES[standing])
    if standing is not Standing.QUARANTINED and (body or {}).get("controlStatus") == "suspended":
        made["controlStatus"] = None
    return made


def related_ids(body: Body) -> list[str]:
    """The ids of the resources that a body refers to, each once.

    A relation names the other one by its own `id`, as the documents of v4 have it, or within `resource`, as those of v5
    and TM Forum's own v4 sample; a supporting resource is a reference, or the thing itself.
    """
    relations = [entry for entry in body.get("resourceRelationship") or () if isinstance(entry, dict)]
    named = [*relations, *(entry.get("resource") for entry in relations), *(body.get("supportingResource") or ())]
    return list(dict.fromkeys(str(one["id"]) for one in named if isinstance(one, dict) and one.get("id")))


def states_of(body: Body) -> dict[str, Any]:
    """The attributes of a body that are states, as they are told with an event."""
    return {name: body[name] for name in STATES if name in body}


def kept_in_step(before: Body, body: Body) -> dict[str, Any]:
    """A body in which v4's `resourceStatus` and v5's attributes for the same say the same, after a client's change.

    What the client has changed decides: `resourceStatus` where it did, else what it said in the words of v5.

    Args:
        before: the body as it was; empty of a new one.
        body: as the client wants it.
    """
    changed = {name for name in (*_OF_V5, "resourceStatus", "usageState") if before.get(name) != body.get(name)}
    made = dict(body)
    if "resourceStatus" in changed:
        _put_into(made, _in_words_of_v5(body), without=changed)
    elif changed & set(_OF_V5):
        status = _in_words_of_v4(body, before.get("resourceStatus"))
        if status is not None:
            made["resourceStatus"] = status
    elif "usageState" in changed and body.get("usageState") != "idle" and body.get("allocationStatus") == "reserved":
        made["allocationStatus"] = "allocated"
    return made


_OF_V5 = ("allocationStatus", "controlStatus", "alarmStatus", "unknownStatus")


def _put_into(body: dict[str, Any], changes: Body, *, without: set[str]) -> None:
    for name, value in changes.items():
        if name in without:
            continue
        if value is None:
            body.pop(name, None)
        else:
            body[name] = value


def _in_words_of_v5(body: Body) -> Changes:
    """What v5 says of a resource whose `resourceStatus` has been set; None removes what said otherwise."""
    status = body.get("resourceStatus")
    changes: Changes = {}
    standing = Standing.of(body)
    if standing is not None:
        changes["allocationStatus"] = _ATTRIBUTES[standing]["allocationStatus"]
    elif status == "available":
        changes["allocationStatus"] = "available"
    if status == "suspended" or body.get("controlStatus") == "suspended":
        changes["controlStatus"] = "suspended" if status == "suspended" else None
    if status == "alarm":
        changes["alarmStatus"] = body.get("alarmStatus") or ["alarmOutstanding"]
    elif body.get("alarmStatus"):
        changes["alarmStatus"] = None
    if status == "unknown" or body.get("unknownStatus"):
        changes["unknownStatus"] = status == "unknown"
    return changes


_ALLOCATED = {
    "available": "available",
    "reserved": "reserved",
    "allocated": "reserved",
    "quarantined": "suspended",
}


def _in_words_of_v4(body: Body, before: Any) -> str | None:
    """The `resourceStatus` that follows from what a client says in the words of v5; None where nothing does."""
    if body.get("unknownStatus") is True:
        return "unknown"
    if body.get("controlStatus") == "suspended":
        return "suspended"
    if body.get("alarmStatus"):
        return "alarm"
    # Free text to v5; what has another meaning says nothing of the status, unless that was something which is over.
    over = "available" if before in ("alarm", "unknown", "suspended") else None
    return _ALLOCATED.get(str(body.get("allocationStatus")), over)
