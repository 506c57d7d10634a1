"""What an order waits for, since when, until when, and who or what can help it on: pure, from what is stored."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from models.domain.dates import to_text
from models.domain.fallout import DEFAULT_QUEUE, actions, kind_of, sentence
from models.domain.lifecycles import SERVICE_ORDER
from models.domain.plan import PlannedItem, PlannedTask
from models.domain.precedence import ENDED, Precedence
from models.domain.progress import SATISFIED, TaskRun

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of an order at one moment.

    Attributes:
        order: the stored order: its body, `due` while it waits to be planned.
        now: the moment.
        plan: the stored plan, or None while there is none.
        items: of the plan.
        tasks: of the plan, added ones included.
        runs: where each task stands, by key.
        documents: what is known of tasks that were engaged, by key.
        cancellation: the stored cancellation request that is open, or None.
        names: of fulfillers, by id.
    """

    order: Mapping[str, Any]
    now: datetime
    plan: Mapping[str, Any] | None = None
    items: Sequence[PlannedItem] = ()
    tasks: Sequence[PlannedTask] = ()
    runs: Mapping[str, TaskRun] = field(default_factory=dict)
    documents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    cancellation: Mapping[str, Any] | None = None
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wait:
    """One thing that an order waits for.

    Attributes:
        kind: what sort of thing; see `KINDS`.
        by: who or what helps it on: `server`, `time`, `fulfiller`, `person`, `customer` or `order`.
        message: in a sentence.
        since: since when.
        until: when it ends by itself, or is looked at again, or counts as too late.
        party: the fulfiller, the other order, or the queue of the people; an id.
        item: path of the order item.
        task: key of the task.
        details: further facts, such as what can be done about it.
    """

    kind: str
    by: str
    message: str
    since: datetime | None = None
    until: datetime | None = None
    party: str | None = None
    item: str | None = None
    task: PlannedTask | None = None
    details: Document = field(default_factory=dict)


KINDS: Mapping[str, str] = {
    "planning": "The order is about to be checked and planned.",
    "startDate": "The customer asked for a later start.",
    "otherOrder": "Another order works on the service.",
    "enablingService": "Another order is building a service that it relies on.",
    "turn": "Ready: it is given to a fulfiller as soon as one has a place for it.",
    "place": "Ready, and the line at its fulfiller is full.",
    "call": "A fulfiller is being called.",
    "report": "A fulfiller has taken it on and has not reported its end yet.",
    "retry": "A fulfiller could not be reached; the next attempt has its time.",
    "held": "A person, or a rule, has to resolve an issue.",
    "information": "Information from the customer is missing.",
    "cancellation": "A cancellation is being assessed or carried out.",
    "fault": "The server has failed at it; it tries again by itself.",
}


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
    "held", "information", "otherOrder", "enablingService", "retry", "report", "call", "place", "turn", "startDate",
    "planning",
)  # fmt: skip


def explain(evidence: Evidence) -> Explanation:
    """Explain an order."""
    body = evidence.order["body"]
    if body["state"] in SERVICE_ORDER.final:
        return Explanation(f"The order is {body['state']}; it waits for nothing.", (), tuple(_items(evidence)))
    waits = [
        *_faults(evidence),
        *_cancellation(evidence),
        *_before_planning(evidence),
        *_other_orders(evidence),
        *_tasks(evidence),
    ]
    rank = {kind: place for place, kind in enumerate(("fault", "cancellation", *_URGENCY))}
    waits.sort(key=lambda wait: rank[wait.kind])
    return Explanation(_summary(body["state"], waits), tuple(waits), tuple(_items(evidence)))


def _summary(state: str, waits: Sequence[Wait]) -> str:
    if not waits:
        return f"The order is {state}; the server is about to move it on."
    first, *rest = waits
    more = f" It waits for {len(rest)} more thing{'s' if len(rest) > 1 else ''}." if rest else ""
    return f"The order is {state}. {first.message}{more}"


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


def _tasks(evidence: Evidence) -> Iterator[Wait]:
    blocked = {wait["item"] for wait in (evidence.plan or {}).get("waits") or ()}
    behind = _behind(evidence)
    for task in evidence.tasks:
        run = evidence.runs[task.key]
        document = evidence.documents.get(task.key, {})
        match run.state:
            case "held":
                yield _held(task, run, document)
            case "pending":
                yield _pending(task, run, document)
            case "retrying":
                yield _retry(evidence, task, run, document)
            case "accepted":
                yield _report(evidence, task, run, document)
            case "running":
                name = _name(evidence, run.fulfiller)
                message = f"{_task(task)} is being given to {name}."
                yield Wait("call", "fulfiller", message, document.get("started"), None, run.fulfiller, task.item, task)
            case "waiting" if task.item not in blocked and task.key not in behind:
                yield _turn(evidence, task)


def _turn(evidence: Evidence, task: PlannedTask) -> Wait:
    queued = (evidence.plan or {}).get("queued")
    if queued is None:
        return Wait("turn", "server", f"{_task(task)} is ready and waits for its turn.", item=task.item, task=task)
    fulfillers = sorted({gate.removesuffix("?") for gate in queued["at"]})
    names = " and ".join(_name(evidence, one) for one in fulfillers)
    message = f"{_task(task)} is ready and waits for a place at {names}, which has all the work that it may have."
    return Wait("place", "fulfiller", message, queued["since"], None, fulfillers[0], task.item, task)


def _held(task: PlannedTask, run: TaskRun, document: Mapping[str, Any]) -> Wait:
    error, fallout, care = run.error or {}, document.get("fallout") or {}, document.get("care") or {}
    code = str(error.get("code", ""))
    queue, assignee = care.get("queue", DEFAULT_QUEUE), care.get("assignee")
    who = assignee or f"somebody who looks after the queue {queue}"
    message = f"{_task(task)} is held: {sentence(error.get('message', ''))} {kind_of(code).advice} It is up to {who}."
    details = {
        "code": code,
        "cause": fallout.get("cause"),
        "count": run.holds,
        "actions": list(actions(code, task.operation)),
        "queue": queue,
        "assignee": assignee,
    }
    return Wait("held", "person", message, fallout.get("since"), None, queue, task.item, task, details)


def _pending(task: PlannedTask, run: TaskRun, document: Mapping[str, Any]) -> Wait:
    message = f"{_task(task)} waits for information: {(run.error or {}).get('message', 'see the order')}"
    since = document.get("updated")
    return Wait("information", "customer", message, since, run.deadline, None, task.item, task)


def _retry(evidence: Evidence, task: PlannedTask, run: TaskRun, document: Mapping[str, Any]) -> Wait:
    name, last = _name(evidence, run.fulfiller), _last_reason(document)
    when = f" The next attempt is at {to_text(run.due)}." if run.due else ""
    because = f": {last}" if last else "."
    message = f"{_task(task)} found no usable answer at {name} ({run.attempts} so far){because}{when}"
    return Wait("retry", "fulfiller", message, document.get("updated"), run.due, run.fulfiller, task.item, task)


def _report(evidence: Evidence, task: PlannedTask, run: TaskRun, document: Mapping[str, Any]) -> Wait:
    accepted, name = document.get("accepted") or {}, _name(evidence, run.fulfiller)
    if accepted.get("keeps_time"):  # people do, by due dates and escalation
        message = f"{_task(task)} waits for a person of {name} to complete the task flow {accepted['reference']}."
        details = {"reference": accepted["reference"]}
        since = document.get("started")
        return Wait("report", "person", message, since, None, run.fulfiller, task.item, task, details)
    known_as = f" as {accepted['reference']}" if accepted.get("reference") else ""
    look = f" It is asked next at {to_text(run.due)}." if run.due else ""
    late = f" Without a report it is held at {to_text(run.deadline)}." if run.deadline else ""
    message = f"{_task(task)} was taken on by {name}{known_as} and is not reported done.{look}{late}"
    details = {"reference": accepted.get("reference")} if accepted.get("reference") else {}
    return Wait(
        "report", "fulfiller", message, document.get("started"), run.deadline, run.fulfiller, task.item, task, details
    )


def _last_reason(document: Mapping[str, Any]) -> str | None:
    attempts = document.get("attempts") or ()
    return attempts[-1].get("reason") if attempts else None


def _name(evidence: Evidence, fulfiller: str | None) -> str:
    return "a fulfiller" if fulfiller is None else evidence.names.get(fulfiller, fulfiller)


def _task(task: PlannedTask) -> str:
    what = "" if task.operation == "fulfil" else f"The {'stopping' if task.operation == 'cancel' else 'undoing'} of "
    return f"{what or 'The '}task {task.name} of item {task.item}"


def _behind(evidence: Evidence) -> set[str]:
    """Keys of the tasks that wait for others of the plan."""
    precedence = Precedence()
    precedence.add(evidence.tasks, {key: run.state for key, run in evidence.runs.items()})
    return {
        task.key
        for task in evidence.tasks
        if precedence.holds(task)
        or any(evidence.runs[key].state not in SATISFIED for key in task.needs if key in evidence.runs)
    }


def _items(evidence: Evidence) -> Iterator[ItemPicture]:
    behind = _behind(evidence)
    by_item: dict[str, list[PlannedTask]] = {}
    for task in evidence.tasks:
        by_item.setdefault(task.item, []).append(task)
    for item in evidence.items:
        mine = by_item.get(item.path, [])
        runs = [evidence.runs[task.key] for task in mine]
        waiting = sum(1 for task, run in zip(mine, runs, strict=True) if run.state == "waiting" and task.key in behind)
        yield ItemPicture(item, sum(1 for run in runs if run.state in ENDED), waiting, len(mine))
