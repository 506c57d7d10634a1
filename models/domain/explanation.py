"""What an order waits for, since when, until when, and who or what can help it on: pure, from what is stored."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.domain.dates import to_text
from models.domain.delays import said
from models.domain.evidence import KINDS, Evidence, Wait
from models.domain.lifecycles import PROCESS_FLOW, SERVICE_ORDER
from models.domain.plan import PlannedItem, PlannedTask
from models.domain.precedence import ENDED
from models.domain.task_waits import behind, task_waits


@dataclass(frozen=True, slots=True)
class ItemPicture:
    """One item: how many of its tasks have ended, and how many wait for others of the plan."""

    item: PlannedItem
    ended: int
    behind: int
    total: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an order is where it is.

    Attributes:
        summary: in a sentence.
        waits: what it waits for, those that need somebody to act first.
        items: how far each item is.
    """

    summary: str
    waits: tuple[Wait, ...]
    items: tuple[ItemPicture, ...]


_URGENCY = (
    "held", "approval", "information", "interrupted", "policy", "schedule", "otherOrder", "enablingService", "retry",
    "report", "event", "call", "place", "turn", "startDate",
    "planning",
)  # fmt: skip


def explain(evidence: Evidence) -> Explanation:
    """Explain an order, or a process flow that runs a recipe."""
    body, life = evidence.order["body"], SERVICE_ORDER if evidence.subject == "order" else PROCESS_FLOW
    if body["state"] in life.final:
        summary = f"The {evidence.subject} is {body['state']}; it waits for nothing."
        return Explanation(summary, (), tuple(_items(evidence)))
    waits = [
        *_faults(evidence),
        *_interruption(evidence),
        *_cancellation(evidence),
        *_before_planning(evidence),
        *_other_orders(evidence),
        *task_waits(evidence),
    ]
    rank = {kind: place for place, kind in enumerate(("fault", "cancellation", *_URGENCY))}
    waits.sort(key=lambda wait: rank[wait.kind])
    return Explanation(_summary(evidence, waits), tuple(waits), tuple(_items(evidence)))


def _summary(evidence: Evidence, waits: Sequence[Wait]) -> str:
    subject, state = evidence.subject, evidence.order["body"]["state"]
    if not waits:
        return f"The {subject} is {state}; the server is about to move it on."
    first, *rest = waits
    more = f" It waits for {len(rest)} more thing{'s' if len(rest) > 1 else ''}." if rest else ""
    return f"The {subject} is {state}. {first.message}{more}"


def _interruption(evidence: Evidence) -> Iterator[Wait]:
    if (evidence.plan or {}).get("paused"):
        message = "Its client has interrupted it: what has begun goes on, and nothing new begins meanwhile."
        yield Wait("interrupted", "customer", message)


def _faults(evidence: Evidence) -> Iterator[Wait]:
    for holder in (evidence.order, evidence.plan or {}):
        fault, due = holder.get("fault"), holder.get("due")
        if fault is None:
            continue
        times = "once" if fault["count"] == 1 else f"{fault['count']} times"
        again = f" The next attempt is at {to_text(due)}." if due else ""
        message = f"The server has failed at it {times}; its log says why.{again}"
        yield Wait("fault", "server", message, fault["since"], due)


def _cancellation(evidence: Evidence) -> Iterator[Wait]:
    stored, plan = evidence.cancellation, evidence.plan or {}
    cancel = plan.get("cancel")
    if cancel is None and stored is None:
        return
    phase = (cancel or {}).get("phase")
    if phase == "done":
        return
    problem = (cancel or {}).get("problem")
    message = {
        None: "A cancellation is asked for and about to be assessed.",
        "stopping": "A cancellation is under way: what runs is being stopped.",
        "undoing": "A cancellation is under way: what was done is being undone.",
    }[phase]
    if problem:
        message += f" It cannot go on: {problem['message']}"
    by = "person" if problem else "server"
    since = stored.get("created") if stored else None
    party = str(stored["_id"]) if stored else None
    yield Wait("cancellation", by, message, since=since, party=party)


def _before_planning(evidence: Evidence) -> Iterator[Wait]:
    if evidence.plan is not None:
        return
    if evidence.subject != "order":
        yield Wait("planning", "server", "It is about to begin.", since=evidence.order.get("created"))
        return
    if (delay := evidence.order.get("delay")) is not None:
        yield _delay(delay)
        return
    if evidence.order.get("awaits"):
        yield from _enabling_services(evidence.order["awaits"])
        return
    due, created = evidence.order.get("due"), evidence.order.get("created")
    if evidence.order["body"]["state"] == "acknowledged" and due is not None and due > evidence.now:
        leased = evidence.order.get("lease", {}).get("until")
        if leased is None or leased != due:
            message = f"It begins on {to_text(due)}, the requestedStartDate."
            yield Wait("startDate", "time", message, since=created, until=due)
            return
    yield Wait("planning", "server", KINDS["planning"], since=created)


def _delay(delay: Mapping[str, Any]) -> Wait:
    """What policies have an order wait for before it is planned."""
    by = {"approval": "person", "schedule": "time"}.get(delay["kind"], "server")
    details: dict[str, Any] = {"policy": list(delay["policies"])}
    if delay["kind"] != "approval":
        return Wait(delay["kind"], by, said(delay), delay["since"], delay["until"], details=details)
    queues = delay.get("queues") or ()
    details |= {"queue": next(iter(queues), None), "work": list(delay["flows"])}
    return Wait("approval", by, said(delay), delay["since"], party=next(iter(queues), None), details=details)


def _enabling_services(awaits: Sequence[Mapping[str, Any]]) -> Iterator[Wait]:
    for one in awaits:
        message = (
            f"It relies on the service {one['service']}, which order {one['order']} is building; it begins when that "
            "is in use, or builds it itself where that order ends without it."
        )
        yield Wait(
            "enablingService", "order", message, one["since"], party=one["order"], details={"service": one["service"]}
        )


def _other_orders(evidence: Evidence) -> Iterator[Wait]:
    for wait in (evidence.plan or {}).get("waits") or ():
        message = (
            f"Item {wait['item']} waits until order {wait['order']} (item {wait['orderItem']}) is done with the "
            f"service {wait['service']}."
        )
        details = {"service": wait["service"], "orderItem": wait["orderItem"]}
        yield Wait("otherOrder", "order", message, party=wait["order"], item=wait["item"], details=details)


def _items(evidence: Evidence) -> Iterator[ItemPicture]:
    others = behind(evidence)
    by_item: dict[str, list[PlannedTask]] = {}
    for task in evidence.tasks:
        by_item.setdefault(task.item, []).append(task)
    for item in evidence.items:
        mine = by_item.get(item.path, [])
        runs = [evidence.runs[task.key] for task in mine]
        waiting = sum(1 for task, run in zip(mine, runs, strict=True) if run.state == "waiting" and task.key in others)
        yield ItemPicture(item, sum(1 for run in runs if run.state in ENDED), waiting, len(mine))
