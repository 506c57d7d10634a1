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


def states_of(body: Body) -> dict[str, Any]:
    """The attributes of a body that are states, as they are told with an event."""
    return {name: body[name] for name in STATES if name in body}


def differences(body: Body, changes: Body) -> tuple[Changes, Changes]:
    """What of the changes really changes the body, before and after (None stands for absent)."""
    after = {name: value for name, value in changes.items() if body.get(name) != value}
    return {name: body.get(name) for name in after}, after
