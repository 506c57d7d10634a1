"""Whether an order is in danger of missing the date that its customer asked for, and why: pure.

TMF641 tells of it by a jeopardy alert on the order and a ServiceOrderJeopardyEvent, before the date is missed, and once
per cause.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from models.domain.dates import to_text
from models.domain.outlook import Outlook
from models.domain.progress import OPEN, STUCK, Progress

Document = dict[str, Any]

TOO_LATE = "tooLate"
EARLY = 0.05
"""Where the rest of the way is not known, the alert goes out when this share of the order's time is left."""


@dataclass(frozen=True, slots=True)
class Jeopardy:
    """A cause for which a date will probably be missed.

    Attributes:
        id: of the cause: the same cause is told once.
        kind: `stuck` (something is held, or waits for information), `overdue` (work takes longer than expected) or
            `tooLate` (there is more to do than time is left, although nothing is stuck or overdue).
        item: path of the order item that decides, or None where no task is left.
        message: for people.
    """

    id: str
    kind: str
    item: str | None
    message: str

    def is_told(self, causes: Collection[str]) -> bool:
        """Whether those causes, which were told before, say it already.

        That there is too little time is no cause of its own where something was told to have used it up.
        """
        return self.id in causes or (self.id == TOO_LATE and bool(causes))

    def alert(self, order_id: str, item_id: str | None, at: datetime) -> Document:
        """As an entry of the order's `jeopardyAlert` (TMF641 v4)."""
        made: Document = {
            "id": self.id,
            "name": _NAMES[self.kind],
            "jeopardyType": self.kind,
            "alertDate": to_text(at),
            "message": self.message,
            "@type": "ServiceOrderJeopardyAlert",
        }
        if item_id is not None:
            made["serviceOrderItem"] = [{"itemId": item_id, "serviceOrderId": order_id}]
        return made


_NAMES = {
    "stuck": "The order cannot go on by itself",
    "overdue": "Work takes longer than expected",
    "tooLate": "More is left to do than there is time",
}


def latest(view: Outlook, begun: datetime, requested: datetime) -> datetime:
    """The moment from which on the requested date will probably be missed if nothing has moved until then."""
    moment = requested - timedelta(seconds=view.rest)
    if view.stuck or not view.known:
        moment = min(moment, requested - (requested - begun) * EARLY)
    return moment


def jeopardy(progress: Progress, view: Outlook, begun: datetime, requested: datetime, now: datetime) -> Jeopardy | None:
    """Why the requested date will probably be missed; None while it will not.

    Args:
        progress: where the plan stands.
        view: what can be expected of it, as of `now`.
        begun: when the order was placed.
        requested: the date that the customer asked for.
        now: the present moment.
    """
    if not view.path:
        return None
    expected = now + timedelta(seconds=view.seconds)
    if expected <= requested and now < latest(view, begun, requested):
        return None
    key = _deciding(progress, view)
    task, run = progress.tasks[key], progress.run[key]
    promise = f"The order is wanted by {to_text(requested)}, and will probably be done {_when(view, expected)}."
    if key in view.overdue and run.started is not None:
        since = _words((now - run.started).total_seconds())
        return Jeopardy(
            f"{key}-overdue"[:100], "overdue", task.item, f"{task.name} has been under way for {since}. {promise}"
        )
    if run.state not in OPEN and run.state != "waiting":
        code = (run.error or {}).get("code", run.state)
        why = (run.error or {}).get("reason", "It waits for information")
        return Jeopardy(f"{key}-{code}"[:100], "stuck", task.item, f"{task.name}: {why}. {promise}")
    needs = f"What is left needs {_words(view.seconds)}, {task.name} first."
    return Jeopardy(TOO_LATE, TOO_LATE, task.item, f"{needs} {promise}")


def _deciding(progress: Progress, view: Outlook) -> str:
    """What is to blame: something stuck before all, else the first task of the critical path."""
    stuck = [task.key for task in progress.wanted.values() if progress.run[task.key].state in STUCK]
    on_path = [key for key in stuck if key in view.path]
    return (on_path or stuck or list(view.path))[0]


def _when(view: Outlook, expected: datetime) -> str:
    """What can be said of the end: a date only where the times on the way are known."""
    return f"at {to_text(expected)}" if view.known and not view.stuck else "later"


def _words(seconds: float) -> str:
    """A span of time for people: its two greatest units."""
    left, said = round(max(seconds, 0.0)), []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        if count:
            said.append(f"{count} {unit}")
    return " ".join(said[:2]) or "a moment"
