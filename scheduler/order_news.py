"""What an order tells of besides its state: entries of its lists that come once, each with its event."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.clock import to_text
from models.domain.outcomes import Accepted, Done, Outcome, Refused
from models.domain.plan import PlannedItem, PlannedTask

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class News:
    """An entry of a list in the order that comes with an event, once.

    Attributes:
        attribute: the list.
        entry: what is added to it; known by its id.
        event: type of the event.
        shown: what the history shows of the entry.
        why: what for, in words.
        fields: further attributes of the event.
    """

    attribute: str
    entry: Document
    event: str
    shown: str
    why: str | None = None
    fields: Document | None = None

    def stands_in(self, body: Document) -> bool:
        """Whether the order has told it already."""
        return any(entry.get("id") == self.entry["id"] for entry in body.get(self.attribute) or ())


def told(tells: Iterable[Document]) -> list[News]:
    """The news among what a plan still has to tell."""
    listed = list(tells)
    placed = {tell["placed"]["id"]: tell for tell in listed if "placed" in tell}
    return [
        *(reached(tell["milestone"]) for tell in listed if "milestone" in tell),
        *(_related(tell["placed"], tell["why"]) for tell in placed.values()),
    ]


def reached(milestone: Document) -> News:
    """A milestone that was reached."""
    return _of_its_own("milestone", milestone, "ServiceOrderMilestoneEvent")


def endangered(alert: Document) -> News:
    """A jeopardy alert."""
    return _of_its_own("jeopardyAlert", alert, "ServiceOrderJeopardyEvent")


def _of_its_own(attribute: str, entry: Document, event: str) -> News:
    return News(attribute, entry, event, entry["name"], entry.get("message"), {attribute: entry})


def _related(relationship: Document, why: str) -> News:
    return News("orderRelationship", relationship, "ServiceOrderAttributeValueChangeEvent", relationship["id"], why)


def placed(task: PlannedTask, outcome: Outcome, fulfiller: str | None) -> list[Document]:
    """What the order has to be told of an order that a task of the kind `order` has placed with another system.

    Ours depends on it: `dependency` is TMF641's word for an order that another one waits for.
    """
    if task.kind != "order" or not isinstance(outcome, Accepted | Done | Refused) or outcome.order is None:
        return []
    relationship = {**outcome.order, "relationshipType": "dependency"}
    return [{"placed": relationship, "why": f"{task.name}: ordered from {fulfiller}"}]


def milestone(key: str, name: str, item: PlannedItem, order_id: str, at: datetime) -> Document:
    """A milestone as TMF641 v4 shows it; its id follows from the task, so that it is told once."""
    return {
        "id": key,
        "name": name,
        "status": "achieved",
        "milestoneDate": to_text(at),
        "serviceOrderItem": [{"itemId": item.path.rsplit("/", 1)[-1], "serviceOrderId": order_id}],
        "@type": "ServiceOrderMilestone",
    }
