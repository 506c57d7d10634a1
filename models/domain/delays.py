"""What keeps an order from being planned although it could be: a policy wants it approved, later.

The order stays acknowledged. It can be changed, cancelled and explained meanwhile as any order that is not planned yet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.domain.dates import to_text
from models.domain.jeopardy import Jeopardy

Document = dict[str, Any]

APPROVAL, SCHEDULE, POLICY = "approval", "schedule", "policy"


@dataclass(frozen=True, slots=True)
class Delay:
    """Why an order waits to be planned.

    Attributes:
        kind: `approval` (people have to approve it), `schedule` (it is not to begin before a moment) or `policy` (one
            gave no answer, and is to be asked again).
        until: when it is looked at again; of a schedule, when it begins.
        policies: ids of those that want it so.
        reason: why, in their words.
        flows: of approvals, the ids of the task flows that are open.
        queues: of approvals, where these stand.
    """

    kind: str
    until: datetime
    policies: tuple[str, ...]
    reason: str | None = None
    flows: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()

    def to_document(self, since: datetime) -> Document:
        """As it stands in the order's document."""
        made: Document = {"kind": self.kind, "until": self.until, "since": since, "policies": list(self.policies)}
        named = (("reason", self.reason), ("flows", list(self.flows)), ("queues", list(self.queues)))
        return made | {name: value for name, value in named if value}

    def is_same(self, stored: Mapping[str, Any] | None) -> bool:
        """Whether the order waits for the same already, so that it has waited since then."""
        return stored is not None and (stored["kind"], stored["policies"]) == (self.kind, list(self.policies))

    def jeopardy(self, requested: datetime | None) -> Jeopardy | None:
        """The danger for the date that the customer asked for: an order that begins after it misses it for certain."""
        if self.kind != SCHEDULE or requested is None or self.until <= requested:
            return None
        message = (
            f"It is not to begin before {to_text(self.until)} ({by(self.policies, self.reason)}), which is after the "
            f"requestedCompletionDate {to_text(requested)}."
        )
        return Jeopardy(f"schedule-{to_text(self.until)}", "tooLate", None, message)


class Delayed(Exception):
    """An order is not to be planned now."""

    def __init__(self, delay: Delay) -> None:
        """Carry why and until when."""
        super().__init__(delay.kind)
        self.delay = delay


def by(policies: Sequence[str], reason: str | None) -> str:
    """Who wants it, and why, in words."""
    named = f"policy {', '.join(policies)}"
    return f"{named}: {reason.rstrip('.')}" if reason else named


def said(stored: Mapping[str, Any]) -> str:
    """A stored delay in a sentence."""
    who = by(stored["policies"], stored.get("reason"))
    match stored["kind"]:
        case "approval":
            queues = ", ".join(stored.get("queues") or ())
            return f"It begins when people have approved it; that stands in the queue {queues} ({who})."
        case "schedule":
            return f"It is not to begin before {to_text(stored['until'])} ({who})."
    return f"Nothing is decided yet: no answer came. It is asked again at {to_text(stored['until'])} ({who})."
