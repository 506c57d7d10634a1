"""What an order of somebody else's order manager says: pure decisions on its JSON.

TMF622, TMF641 and TMF652 orders are read alike; `Dialect` names what they call things.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from adapters.ports import Progress, Refused
from models.domain.outcomes import text

Document = dict[str, Any]

_GOES_ON = frozenset({"acknowledged", "inProgress", "pending", "held", "assessingCancellation", "pendingCancellation"})
_WAITS = frozenset({"pending", "held"})
NOTHING_BUILT = frozenset({"rejected", "failed", "cancelled"})
ENDED = frozenset({"completed", "partial", *NOTHING_BUILT})


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one ordering API calls things.

    Attributes:
        api: short name of the API.
        words: what its orders are called in sentences.
        order: the order's resource; the collection's path as well.
        items: the order's list of items.
        subject: what an item orders: service, resource or product.
        characteristics: the subject's list of characteristics.
        specification: the subject's specification.
        cancel: the cancellation's resource.
        source: the list of the order that says for which order of ours it was placed.
        offering: what of an item names what is ordered, where that is no specification of the subject.
        order_schema: of our own document, to create and to read an order by; None where we have none.
        cancel_schema: likewise, of a cancellation.
    """

    api: str
    words: str
    order: str
    items: str
    subject: str
    characteristics: str
    specification: str
    cancel: str
    source: Literal["orderRelationship", "externalReference", "note"]
    offering: str | None = None
    order_schema: str | None = None
    cancel_schema: str | None = None

    @property
    def referred_type(self) -> str:
        """The order's `@type`."""
        return self.order[0].upper() + self.order[1:]

    @property
    def supporting(self) -> str:
        """The list of our service that names what it rests on; a product serves it as a service does."""
        return "supportingResource" if self.subject == "resource" else "supportingService"


def state_of(order: Any) -> str | None:
    """The state of an order or a cancellation; None where it has none."""
    state = order.get("state") if isinstance(order, Mapping) else None
    return state if isinstance(state, str) else None


def id_of(resource: Any) -> str | None:
    """The id of a resource, as text; None where it has none."""
    found = resource.get("id") if isinstance(resource, Mapping) else None
    return str(found) if isinstance(found, int | str) and not isinstance(found, bool) and str(found) else None


def unfinished(order: Mapping[str, Any], dialect: Dialect) -> Progress | Refused | None:
    """Where an order stands that has not brought what was ordered; None where it is completed.

    A partial order has built something, so that undoing it is worth a try.
    """
    state = state_of(order)
    name = f"The {dialect.words} {id_of(order)}"
    if state == "completed":
        return None
    if state in _GOES_ON:
        because = reasons(order, dialect) if state in _WAITS else None
        said = f"{name} is {state}{f': {because}' if because else ''}."
        return Progress(reason=text(said), milestones=milestones(order))
    because = reasons(order, dialect) or "no reason was given"
    if state in NOTHING_BUILT:
        return Refused(text(f"{name} is {state}: {because}.") or "", maybe_done=False)
    if state == "partial":
        return Refused(text(f"{name} was carried out in part only: {because}.") or "", maybe_done=True)
    return Refused(text(f"{name} is in the state {state!r}, which means nothing here.") or "", maybe_done=True)


def milestones(order: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the milestones that an order has reached, in its order."""
    return tuple(
        name
        for entry in order.get("milestone") or ()
        if isinstance(entry, Mapping) and entry.get("status") in (None, "achieved", "completed")
        if (name := text(entry.get("name"))) is not None
    )


def subject_of(order: Mapping[str, Any], dialect: Dialect) -> Document:
    """What the order's item is about, as the order shows it: the service or resource with its id, once there is one."""
    items = order.get(dialect.items) or [{}]
    subject = items[0].get(dialect.subject) if isinstance(items, list) and isinstance(items[0], Mapping) else None
    return dict(subject) if isinstance(subject, Mapping) else {}


def reasons(order: Mapping[str, Any], dialect: Dialect) -> str | None:
    """Why it is so, in the other side's words: messages of the order and its items, else its notes."""
    said = [*_messages(order)]
    for item in order.get(dialect.items) or ():
        if isinstance(item, Mapping):
            said += _messages(item)
    if not said:
        said = [note["text"] for note in order.get("note") or () if isinstance(note, Mapping) and note.get("text")]
    return text("; ".join(dict.fromkeys(part.rstrip(". ") for part in said if isinstance(part, str))))


def errors_of(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What an order, or an item, lists as errorMessage; some send one object instead."""
    errors = node.get("errorMessage") or ()
    for error in (errors,) if isinstance(errors, Mapping) else errors:
        if isinstance(error, Mapping):
            yield error


def _messages(node: Mapping[str, Any]) -> Iterator[str]:
    """Code and reason are for people where message is missing."""
    for error in errors_of(node):
        said = error.get("message") or error.get("reason") or error.get("code")
        if isinstance(said, str):
            yield said
