"""What is known of an order, or process flow, at one moment, and what can be said of one thing that it waits for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from models.domain.plan import PlannedItem, PlannedTask
from models.domain.progress import TaskRun

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """A place in the line of a pool.

    Attributes:
        ahead: how many wait before it.
        orders: ids of the first orders among them.
    """

    ahead: int
    orders: tuple[str, ...] = ()


Subject = Literal["order", "process flow"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of an order, or of a process flow that runs a recipe, at one moment.

    Attributes:
        order: the stored order, or process flow: its body, `due` while it waits to be planned.
        now: the moment.
        plan: the stored plan, or None while there is none.
        items: of the plan.
        tasks: of the plan, added ones included.
        runs: where each task stands, by key.
        documents: what is known of tasks that were engaged, by key.
        cancellation: the stored cancellation request that is open, or None.
        names: of fulfillers, by id.
        flows: bodies of the open task flows (TMF701) that stand for tasks, by the task's key.
        lines: where tasks stand in the line of a pool, by the task's key.
        subject: which of the two it is, as people read it.
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
    flows: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    lines: Mapping[str, Line] = field(default_factory=dict)
    subject: Subject = "order"


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
    "approval": "A policy wants people to approve it before it begins.",
    "schedule": "A policy does not let it begin yet.",
    "policy": "A policy that gave no answer is to be asked again.",
    "otherOrder": "Another order works on the service.",
    "enablingService": "Another order is building a service that it relies on.",
    "turn": "Ready: it is given to a fulfiller as soon as one has a place for it.",
    "place": "Ready, and the line at its fulfiller is full.",
    "call": "A fulfiller is being called.",
    "event": "A recipe waits for a message, a signal, a moment, or a condition.",
    "interrupted": "Its client has interrupted it.",
    "report": "A fulfiller has taken it on and has not reported its end yet.",
    "retry": "A fulfiller could not be reached; the next attempt has its time.",
    "held": "A person, or a rule, has to resolve an issue.",
    "information": "Information from the customer is missing.",
    "cancellation": "A cancellation is being assessed or carried out.",
    "fault": "The server has failed at it; it tries again by itself.",
}
