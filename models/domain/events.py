"""The events that we publish, and the envelope in which a subscriber receives them.

Sources: the hub and listener operations of TMF641 v4.1, TMF638 v4.0, TMF633 v4.0 and TMF701 v4.1; TMF630 part 1
for the envelope.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Subject:
    """A kind of resource that events tell of.

    Attributes:
        api: the API whose hub carries its events.
        name: the resource's name on the wire; its collection bears the same.
        words: its name in sentences.
        domain: the envelope's `domain`.
        kinds: the changes that are told of.
        within: name of the resource that it stands in and is addressed by; its body refers to it by that name.
    """

    api: str
    name: str
    words: str
    domain: str
    kinds: tuple[str, ...]
    within: str | None = None

    @property
    def event_types(self) -> tuple[str, ...]:
        """The full names of its event types."""
        return tuple(f"{self.name[0].upper()}{self.name[1:]}{kind}Event" for kind in self.kinds)


SUBJECTS = {
    subject.name: subject
    for subject in (
        Subject(
            "tmf641",
            "serviceOrder",
            "Service order",
            "serviceOrdering",
            ("Create", "AttributeValueChange", "StateChange", "Delete", "InformationRequired", "Milestone", "Jeopardy"),
        ),
        Subject(
            "tmf641",
            "cancelServiceOrder",
            "Cancellation request",
            "serviceOrdering",
            ("Create", "StateChange", "InformationRequired"),
        ),
        Subject(
            "tmf638",
            "service",
            "Service",
            "serviceInventory",
            ("Create", "AttributeValueChange", "StateChange", "Delete"),
        ),
        Subject(
            "tmf633",
            "serviceSpecification",
            "Service specification",
            "serviceCatalogManagement",
            ("Create", "Change", "Delete"),
        ),
        Subject(
            "tmf701",
            "processFlow",
            "Process flow",
            "processFlowManagement",
            ("Create", "AttributeValueChange", "StateChange", "Delete"),
        ),
        Subject(
            "tmf701",
            "taskFlow",
            "Task flow",
            "processFlowManagement",
            ("Create", "AttributeValueChange", "StateChange", "Delete", "InformationRequired"),
            within="processFlow",
        ),
    )
}

ADMINISTERED = {
    "fulfiller": Subject(
        "som", "fulfiller", "Fulfiller", "serviceOrdering", ("Create", "AttributeValueChange", "StateChange", "Delete")
    ),
    "falloutRule": Subject(
        "som", "falloutRule", "Fallout rule", "serviceOrdering", ("Create", "AttributeValueChange", "Delete")
    ),
    "resourcePool": Subject(
        "som",
        "resourcePool",
        "Resource pool",
        "resourceInventory",
        ("Create", "AttributeValueChange", "ThresholdCrossed", "Delete"),
    ),
}
"""What is told to the history alone: no hub carries these events."""

RECORDED = {**SUBJECTS, **ADMINISTERED}

BASE_PATHS = {
    "tmf641": "/tmf-api/serviceOrdering/",
    "tmf638": "/tmf-api/serviceInventory/",
    "tmf633": "/tmf-api/serviceCatalogManagement/",
    "tmf701": "/tmf-api/processFlowManagement/",
}

_TITLES = {
    "Create": "created",
    "AttributeValueChange": "changed",
    "Change": "changed",
    "StateChange": "changed its state",
    "Delete": "deleted",
    "InformationRequired": "needs information",
    "Milestone": "reached a milestone",
    "Jeopardy": "is in jeopardy",
}

LOWEST_PRIORITY = "4"
MAX_DESCRIPTION = 10_000


def event_type(name: str, kind: str) -> str:
    """The name of the event that tells of this kind of change (`Create`, `StateChange` …) of a resource.

    Raises:
        KeyError: the resource has no such event.
    """
    subject = SUBJECTS[name]
    return dict(zip(subject.kinds, subject.event_types, strict=True))[kind]


def event_types(api: str) -> frozenset[str]:
    """All event types that subscribers of this API can be told of."""
    return frozenset(made for subject in SUBJECTS.values() if subject.api == api for made in subject.event_types)


def listener_name(made_type: str) -> str:
    """The last part of the path at which TM Forum's listeners expect this type."""
    return made_type[0].lower() + made_type[1:]


def resource_path(name: str, body: Mapping[str, Any]) -> str:
    """Where a resource stands below its API's base path, such as `/taskFlow/1`, or within another one."""
    within = RECORDED[name].within
    outer = f"/{within}/{body[within]['id']}" if within else ""
    return f"{outer}/{name}/{body['id']}"


def render(event: Mapping[str, Any], version: str, public_url: str) -> Document:
    """The envelope of a stored event, in a version of its API.

    Args:
        event: the stored event: `_id`, `api`, `type`, `resource`, `at`, `body`, `correlation` …
        version: the hub's version.
        public_url: what hrefs begin with.

    Raises:
        KeyError: we do not speak this version.
    """
    return _ENVELOPES[version](event, public_url)


def _envelope_v4(event: Mapping[str, Any], public_url: str) -> Document:
    subject = SUBJECTS[event["resource"]["type"]]
    key = event["resource"]["id"]
    body = {**event["body"], "id": key}
    href = f"{public_url.rstrip('/')}{BASE_PATHS[event['api']]}v4{resource_path(subject.name, body)}"
    title = f"{subject.words} {_TITLES[_kind(subject, event['type'])]}"
    return {
        **event.get("fields", {}),
        "eventId": event["_id"],
        "eventTime": event["at"],
        "eventType": event["type"],
        "correlationId": event.get("correlation") or key,
        "domain": subject.domain,
        "title": title,
        "description": _description(event, title),
        "priority": str(event["body"].get("priority", LOWEST_PRIORITY)),
        "timeOcurred": event["at"],
        "event": {subject.name: {**event["body"], "href": href}},
    }


def _kind(subject: Subject, made_type: str) -> str:
    return dict(zip(subject.event_types, subject.kinds, strict=True))[made_type]


def _description(event: Mapping[str, Any], title: str) -> str:
    told = f"{title}: {event['resource']['id']}"
    body = event["body"]
    known_as = body.get("externalId") or body.get("name")
    if isinstance(known_as, str):
        told += f" ({known_as})"
    if event.get("state") and not event["type"].endswith("DeleteEvent"):
        told += f", state {event['state']}"
    return (told + (f". {event['why']}" if event.get("why") else ""))[:MAX_DESCRIPTION]


_ENVELOPES: Mapping[str, Callable[[Mapping[str, Any], str], Document]] = {"v4": _envelope_v4}


def correlation(name: str, stored: Mapping[str, Any], owed: Mapping[str, Any]) -> str:
    """What joins the events of one order: its id, in those of it, its cancellations, services and people's tasks.

    A service changed by somebody else than an order has its own id there. (The order's externalId stands in its body;
    it is not taken here, because services and cancellations do not carry it.)

    Args:
        name: the resource's name.
        stored: the resource document.
        owed: the event's stub; `order` names the order that caused it.
    """
    body = stored["body"]
    match name:
        case "cancelServiceOrder":
            caused_by = stored.get("order") or body.get("serviceOrder", {}).get("id")
        case "service":
            caused_by = owed.get("order") or stored.get("owner", {}).get("order")
        case "processFlow" | "taskFlow":
            caused_by = stored.get("order")
        case _:
            caused_by = None
    return str(caused_by or body["id"])


def event_document(name: str, stored: Mapping[str, Any], owed: Mapping[str, Any]) -> Document:
    """The event that a stub in a resource's outbox stands for, as it is kept.

    The resource may have moved on since; the state is given as it was right after the change.

    Args:
        name: the resource's name.
        stored: the resource document with its body as it is now.
        owed: the stub.
    """
    body = stored["body"]
    if owed.get("state") is not None:
        body = {**body, "state": owed["state"]}
    made = {
        "_id": owed["id"],
        "tenant": stored["tenant"].removeprefix("~"),
        "api": RECORDED[name].api,
        "version": "canonical",
        "type": owed["type"],
        "resource": {"type": name, "id": stored["_id"]},
        "seq": owed["seq"],
        "at": owed["at"],
        "correlation": correlation(name, stored, owed),
        "body": body,
    }
    optional = ("state", "who", "why", "before", "after", "fields")
    return made | {attribute: owed[attribute] for attribute in optional if attribute in owed}
