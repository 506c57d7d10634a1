"""Configuration sinks: where the actual instance of a service or resource goes when it becomes real, or changes.

A sink is a subscription with an address of another kind: its deliveries, their order and their retries are those of any
subscription. What is sent is the instance, never what is only planned.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from models.domain.desired import SIDES
from models.domain.ids import derived_id

Body = Mapping[str, Any]
Document = dict[str, Any]
Kind = Literal["webhook", "tmf638", "tmf639"]

KINDS: tuple[Kind, ...] = ("webhook", "tmf638", "tmf639")
RESOURCES: Mapping[str, str] = {"tmf638": "service", "tmf639": "resource"}
"""What an inventory of a kind keeps: the last part of its paths, and the name of ours that goes there."""

SOURCE_ROLE = "source"
SOURCE_NAME = "sourceResource"
REAL = frozenset({"active", "inactive", "terminated"})
_OURS = frozenset({"id", "href", *SIDES})
_WISHES = frozenset({"desired", "drift", "hasDrift", "relied", "owner.wanted"})
"""What changes of a service while it stays what it is: what is wanted of it, and what follows from that."""


@dataclass(frozen=True, slots=True)
class Sink:
    """Where instances go.

    Attributes:
        kind: a signed webhook, or a client of another inventory's API in version 4.
        address: the webhook's address; the base path of the inventory's API.
        specifications: ids or names of specifications; empty: instances of all.
        credentials: prove to the inventory who we are.
    """

    kind: Kind
    address: str
    specifications: frozenset[str] = frozenset()
    credentials: Body | None = None

    @classmethod
    def of(cls, stored: Body, credentials: Body | None) -> Self:
        """Read what was stored."""
        return cls(stored["kind"], stored["address"], frozenset(stored.get("specification", ())), credentials)

    @property
    def is_inventory(self) -> bool:
        """Whether instances are written to another inventory, rather than told of."""
        return self.kind in RESOURCES

    def concerns(self, event: Body) -> bool:
        """Whether an event tells of an instance that is real, and of a change of what it is.

        What came from a sink is not passed on: two inventories that are each other's sinks would never come to rest.
        """
        body = event["body"]
        if came_from_a_sink(body) or not self._is_of(body):
            return False
        if event["resource"]["type"] == "service" and body.get("state", "active") not in REAL:
            return False
        changed = event.get("after")
        return not (changed and changed.keys() <= _WISHES)

    def _is_of(self, body: Body) -> bool:
        if not self.specifications:
            return True
        reference = body.get("serviceSpecification") or body.get("resourceSpecification") or {}
        return any(reference.get(name) in self.specifications for name in ("id", "name"))


COPIED_AS: Mapping[str, str] = {
    "service": "ServiceAttributeValueChangeEvent",
    "resource": "ResourceAttributeValueChangeEvent",
}
"""The event by which a webhook is told of an instance that is copied to it; `copy` in it says that nothing changed."""


def copy_stub(sink: str, number: int, resource: str, document: Body, at: str) -> Document:
    """The event of an instance that goes to a sink by the n-th copy of the inventory; it stands in no history.

    Args:
        sink: its id.
        number: of the copy; another copy tells once more.
        resource: `service` or `resource`.
        document: of the instance.
        at: now.
    """
    key = derived_id("sink copy", sink, str(number), str(document["_id"]))
    return {"id": key, "type": COPIED_AS[resource], "seq": document["seq"], "at": at, "fields": {"copy": True}}


def came_from_a_sink(body: Body) -> bool:
    """Whether an instance was put here by the sink of another inventory."""
    entities = body.get("relatedEntity")
    if isinstance(entities, list):
        return any(isinstance(one, Mapping) and one.get("role") == SOURCE_ROLE for one in entities)
    values = body.get("resourceCharacteristic")
    return isinstance(values, list) and any(
        isinstance(one, Mapping) and one.get("name") == SOURCE_NAME for one in values
    )


def instance(kind: Kind, body: Body) -> Document:
    """What is written to another inventory: the instance without what is ours alone, marked with its origin."""
    ours = str(body["id"])
    made = {name: value for name, value in body.items() if name not in _OURS and value is not None}
    if kind == "tmf638":
        marker = {"id": ours, "role": SOURCE_ROLE, "name": str(body.get("name") or ours), "@referredType": "Service"}
        return {**made, "relatedEntity": [*(made.get("relatedEntity") or ()), marker]}
    value = {"name": SOURCE_NAME, "value": ours}
    return {**made, "resourceCharacteristic": [*(made.get("resourceCharacteristic") or ()), value]}


def search(kind: Kind, ours: str) -> Mapping[str, str]:
    """The filter by which an instance of ours is looked for in another inventory."""
    return {"relatedEntity.id": ours} if kind == "tmf638" else {"resourceCharacteristic.value": ours}


def found_in(kind: Kind, listed: Any, ours: str) -> str | None:
    """The id of our instance among those that were answered; a filter that is not understood must not mislead us."""
    for one in listed if isinstance(listed, list) else ():
        if not isinstance(one, Mapping) or not isinstance(one.get("id"), str):
            continue
        if kind == "tmf638":
            entries, wanted = one.get("relatedEntity"), {"id": ours, "role": SOURCE_ROLE}
        else:
            entries, wanted = one.get("resourceCharacteristic"), {"name": SOURCE_NAME, "value": ours}
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, Mapping) and wanted.items() <= entry.items():
                return str(one["id"])
    return None
