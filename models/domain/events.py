"""The events that we publish, what each is called in a version of its API, and how they are kept.

How a subscriber receives one is in `models.wire.events`. Events of resource pools and of policies' decisions are our
own, at the hub of our own API; TMF685 is a beta and names none. Those of resource specifications are there as TMF634
names them. Sources: the hub and listener operations of TMF641 v4.1, TMF638 v4.0, TMF633 v4.0, TMF639 v4.0 and v5.0, and
TMF701 v4.1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from models.domain.resource_states import STATES
from models.domain.sides import shown

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
        states: the attributes whose change is a change of state; an event tells of the first as its state.
        classes: classes of it (by `@type` or `@baseType`) that v4 tells of by a name of their own, and that name.
        view_of: the resource that it is another view of, in whose outbox its events stand.
        on_request: those of the kinds that TM Forum does not know; only a subscription that names them gets them.
    """

    api: str
    name: str
    words: str
    domain: str
    kinds: tuple[str, ...]
    within: str | None = None
    states: tuple[str, ...] = ("state",)
    classes: Mapping[str, str] = field(default_factory=dict)
    on_request: tuple[str, ...] = ()
    view_of: str = ""

    @property
    def event_types(self) -> tuple[str, ...]:
        """The full names of its event types."""
        return tuple(_full_name(self.name, kind) for kind in self.kinds)

    @property
    def types_on_request(self) -> tuple[str, ...]:
        """The full names of those that only a subscription that names them gets."""
        return tuple(_full_name(self.name, kind) for kind in self.on_request)

    def names(self, version: str) -> tuple[str, ...]:
        """What such resources are called in the events of a version."""
        return (self.name, *(dict.fromkeys(self.classes.values()) if version == "v4" else ()))

    def name_of(self, body: Mapping[str, Any], version: str) -> str:
        """What one such resource is called in the events of a version."""
        if version == "v4":
            for attribute in ("@type", "@baseType"):
                if body.get(attribute) in self.classes:
                    return self.classes[body[attribute]]
        return self.name


@cache  # of names that are ours: each event of each order asks for several
def _full_name(name: str, kind: str) -> str:
    return f"{name[0].upper()}{name[1:]}{kind}Event"


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
            ("Create", "AttributeValueChange", "StateChange", "Delete", "DriftDetected", "DriftResolved"),
            on_request=("DriftDetected", "DriftResolved"),
        ),
        Subject(
            "tmf639",
            "resource",
            "Resource",
            "resourceInventory",
            ("Create", "AttributeValueChange", "StateChange", "Delete"),
            states=STATES,
            classes={"PhysicalResource": "physicalResource"},
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
        Subject(
            "tmf701",
            "processFlowSpecification",
            "Process flow specification",
            "processFlowManagement",
            ("Create", "Delete"),
            view_of="recipe",
        ),
        Subject(
            "som",
            "resourcePool",
            "Resource pool",
            "resourceInventory",
            ("Create", "AttributeValueChange", "ThresholdCrossed", "Delete"),
        ),
        Subject(
            "som",
            "resourceSpecification",
            "Resource specification",
            "resourceCatalogManagement",
            ("Create", "Change", "Delete"),
        ),
        Subject("som", "policyDecision", "Policy decision", "serviceOrdering", ("Fallback",)),
    )
}

ADMINISTERED = {
    "fulfiller": Subject(
        "som", "fulfiller", "Fulfiller", "serviceOrdering", ("Create", "AttributeValueChange", "StateChange", "Delete")
    ),
    "falloutRule": Subject(
        "som", "falloutRule", "Fallout rule", "serviceOrdering", ("Create", "AttributeValueChange", "Delete")
    ),
    "release": Subject("som", "release", "Release", "serviceCatalogManagement", ("Create", "StateChange")),
    "changeSource": Subject(
        "som", "changeSource", "Change source", "serviceOrdering", ("Create", "AttributeValueChange", "Delete")
    ),
    "change": Subject("som", "change", "Change", "serviceOrdering", ("Create", "StateChange", "Told")),
    "recipe": Subject(
        "som", "recipe", "Recipe", "serviceOrdering", ("Create", "AttributeValueChange", "StateChange", "Delete")
    ),
    "policy": Subject(
        "som", "policy", "Policy", "serviceOrdering", ("Create", "AttributeValueChange", "StateChange", "Delete")
    ),
    "recipeMessage": Subject("som", "recipeMessage", "Recipe message", "serviceOrdering", ("Create", "StateChange")),
    "namedSecret": Subject(
        "som", "namedSecret", "Secret", "serviceOrdering", ("Create", "AttributeValueChange", "Delete")
    ),
}
"""What is told to the history alone: no hub carries these events."""

RECORDED = {**SUBJECTS, **ADMINISTERED}

ON_REQUEST = frozenset(made for subject in SUBJECTS.values() for made in subject.types_on_request)
"""Event types that a subscription gets only if it names them."""

_KINDS = {name: dict(zip(subject.event_types, subject.kinds, strict=True)) for name, subject in SUBJECTS.items()}

BASE_PATHS = {
    "tmf641": "/tmf-api/serviceOrdering/",
    "tmf638": "/tmf-api/serviceInventory/",
    "tmf639": "/tmf-api/resourceInventoryManagement/",
    "tmf633": "/tmf-api/serviceCatalogManagement/",
    "tmf701": "/tmf-api/processFlowManagement/",
    "som": "/som/",
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
    "ThresholdCrossed": "has crossed a threshold",
    "DriftDetected": "is otherwise than ordered",
    "DriftResolved": "is as ordered again",
    "Fallback": "was made without the policy's answer",
}

_WORDS = {"physicalResource": "Physical resource"}

LOWEST_PRIORITY = "4"
MAX_DESCRIPTION = 10_000


def event_type(name: str, kind: str) -> str:
    """The name of the event that tells of this kind of change (`Create`, `StateChange` …) of a resource.

    Raises:
        KeyError: the resource has no such event.
    """
    subject = SUBJECTS[name]
    return dict(zip(subject.kinds, subject.event_types, strict=True))[kind]


def subjects_of(api: str) -> list[Subject]:
    """What the events of an API tell of."""
    return [subject for subject in SUBJECTS.values() if subject.api == api]


def event_types(api: str, version: str = "v4") -> frozenset[str]:
    """All event types that subscribers of this API in this version can be told of."""
    return frozenset(
        _full_name(name, kind)
        for subject in subjects_of(api)
        for name in subject.names(version)
        for kind in subject.kinds
    )


def told_as(event: Mapping[str, Any], version: str) -> tuple[str, str]:
    """What a stored event is about and which event it is, by the names of a version.

    Returns:
        The resource's name on the wire, and the event type.
    """
    subject = SUBJECTS[event["resource"]["type"]]
    name = subject.name_of(event["body"], version)
    return name, _full_name(name, kind_of(event))


def kind_of(event: Mapping[str, Any]) -> str:
    """The kind of change that a stored event tells of, such as `StateChange`."""
    return _KINDS[event["resource"]["type"]][event["type"]]


def listener_name(made_type: str) -> str:
    """The last part of the path at which TM Forum's listeners expect this type."""
    return made_type[0].lower() + made_type[1:]


def resource_path(name: str, body: Mapping[str, Any]) -> str:
    """Where a resource stands below its API's base path, such as `/taskFlow/1`, or within another one."""
    within = RECORDED[name].within
    outer = f"/{within}/{body[within]['id']}" if within else ""
    return f"{outer}/{name}/{body['id']}"


def title(event: Mapping[str, Any], name: str) -> str:
    """A headline for people; `name` is what the resource is called on the wire."""
    subject = SUBJECTS[event["resource"]["type"]]
    words = subject.words if name == subject.name else _WORDS[name]
    return f"{words} {_TITLES[kind_of(event)]}"


def description(event: Mapping[str, Any], headline: str) -> str:
    """A sentence for people about what happened."""
    told = f"{headline}: {event['resource']['id']}"
    body = event["body"]
    known_as = body.get("externalId") or body.get("name")
    if isinstance(known_as, str):
        told += f" ({known_as})"
    if event.get("state") and not event["type"].endswith("DeleteEvent"):
        told += f", state {event['state']}"
    return (told + (f". {event['why']}" if event.get("why") else ""))[:MAX_DESCRIPTION]


def correlation(name: str, stored: Mapping[str, Any], owed: Mapping[str, Any]) -> str:
    """What joins the events of one order: its id, in those of it and of all that is made or done for it.

    A service or resource changed by somebody else than an order has its own id there. (The order's externalId stands
    in its body; it is not taken here, because services and cancellations do not carry it.)

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
        case "resource":
            caused_by = owed.get("order") or stored.get("holder", {}).get("order")
        case "processFlow" | "taskFlow" | "policyDecision":
            caused_by = stored.get("order")
        case _:
            caused_by = None
    return str(caused_by or body["id"])


def event_document(name: str, stored: Mapping[str, Any], owed: Mapping[str, Any]) -> Document:
    """The event that a stub in a resource's outbox stands for, as it is kept.

    The resource may have moved on since; the state is given as it was right after the change.

    Args:
        name: the resource's name.
        stored: the resource document with its body as it is now; where the stub tells of a view, with the view's.
        owed: the stub.
    """
    name = owed.get("view", name)
    body = shown(stored) if name == "service" else stored["body"]
    if "states" in owed:
        body = {attribute: value for attribute, value in body.items() if attribute not in RECORDED[name].states}
        body |= owed["states"]
    elif owed.get("state") is not None:
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
