"""What an answer of a fulfiller means for its task: one pure decision."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from models.clock import to_text
from models.domain.fulfiller import FulfillerDefinition
from models.domain.outcomes import (
    Accepted,
    Done,
    InformationRequired,
    Outcome,
    Progress,
    Refused,
    Shortage,
    Unreachable,
)
from models.domain.plan import PlannedTask
from models.domain.progress import TaskRun
from models.domain.retry import RetryAdvice, RetrySchedule

Document = dict[str, Any]


NO_ADVICE = RetryAdvice()
TAKEN_ON = ("accepted", "pending")
"""States in which a fulfiller has the work: what it is asked then is how that goes."""
CUSTOMERS_PATIENCE = 30 * 86_400.0
"""Seconds that an item waits for its customer before a person has to look: every wait has an end."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a task goes on.

    Attributes:
        state: its next state.
        changes: attributes of its running state.
        milestone: a milestone that the fulfiller named.
    """

    state: str
    changes: Document = field(default_factory=dict)
    milestone: str | None = None


def settle(  # noqa: PLR0911, PLR0913, PLR0917 - one line per kind of answer, and what decides about it
    task: PlannedTask,
    run: TaskRun,
    outcome: Outcome,
    definition: FulfillerDefinition | None,
    now: datetime,
    advice: RetryAdvice = NO_ADVICE,
) -> Settlement:
    """Decide how a task goes on after an answer.

    Args:
        task: the task.
        run: where it stands; `attempts` counts the call that was answered.
        outcome: the answer.
        definition: of the fulfiller, for its schedules; None where it is not registered any more.
        now: the present moment.
        advice: what policies say of trying again.
    """
    match outcome:
        case Done():
            return Settlement("done", {"due": None, "deadline": None, "error": None})
        case Accepted():
            return Settlement("accepted", _accepted(task, outcome, definition, now))
        case Progress() if run.state == "pending":  # the question was answered elsewhere
            going_on = Accepted(poll_url="known", retry_after=outcome.retry_after)
            return Settlement("accepted", _accepted(task, going_on, definition, now))
        case Progress() if _overdue(run, now):
            return deadline_passed(task, now)
        case Progress():
            interval = outcome.retry_after or (definition.poll_interval if definition else 60.0)
            due = now + timedelta(seconds=interval) if run.due is not None else None
            return Settlement(run.state, {"due": due}, outcome.milestone)
        case InformationRequired():
            return _pending(task, run, outcome, now)
        case Shortage():
            return _short(task, outcome, now)
        case Refused():
            return _refused(task, run, outcome, definition, now, advice)
        case Unreachable():
            return _unreachable(task, run, outcome, definition, now, advice)


def _overdue(run: TaskRun, now: datetime) -> bool:
    return run.state == "accepted" and run.deadline is not None and run.deadline <= now


def _accepted(task: PlannedTask, outcome: Accepted, definition: FulfillerDefinition | None, now: datetime) -> Document:
    longest = task.deadline or (definition.deadline if definition else 86_400.0)
    poll = None
    if outcome.poll_url:
        poll = now + timedelta(seconds=outcome.retry_after or (definition.poll_interval if definition else 60.0))
    deadline = None if outcome.keeps_time else now + timedelta(seconds=longest)
    return {"due": poll, "deadline": deadline, "attempts": 0, "error": None}


def schedule_of(task: PlannedTask, definition: FulfillerDefinition | None) -> RetrySchedule:
    """When a task is tried again by itself: as it says, else as its fulfiller is registered."""
    return RetrySchedule(task.retry) if task.retry is not None else (definition or _NOBODY).retry


def _unreachable(  # noqa: PLR0913, PLR0917 - see settle
    task: PlannedTask,
    run: TaskRun,
    outcome: Unreachable,
    definition: FulfillerDefinition | None,
    now: datetime,
    advice: RetryAdvice,
) -> Settlement:
    if _overdue(run, now):
        return deadline_passed(task, now)
    if run.state in TAKEN_ON:  # a poll that failed: the work itself goes on, or waits
        interval = outcome.retry_after or (definition.poll_interval if definition else 60.0)
        return Settlement(run.state, {"due": now + timedelta(seconds=interval)})
    if outcome.maybe_done and definition is not None and not definition.honours_idempotency_key:
        return outcome_unknown(task, outcome.reason, now)
    delay = advice.next_delay(schedule_of(task, definition), run.attempts, outcome.retry_after, task.key)
    if delay is not None:
        return Settlement("retrying", {"due": now + timedelta(seconds=delay)})
    if task.optional:
        return Settlement("skipped", {"due": None})
    message = f"{task.name}: no usable answer after {run.attempts} attempts; the last: {outcome.reason}"
    if advice.stop is not None:
        message = f"{message} {advice.stop}"
    return _held("unreachable", "The fulfiller could not be reached", message, now)


def _pending(task: PlannedTask, run: TaskRun, outcome: InformationRequired, now: datetime) -> Settlement:
    found = error("informationRequired", "Information is required", f"{task.name}: {outcome.message}", now)
    if outcome.missing:
        found["missing"] = [dict(entry) for entry in outcome.missing]
    due = None if outcome.retry_after is None else now + timedelta(seconds=outcome.retry_after)
    if run.state == "pending" and {**(run.error or {}), "at": None} == {**found, "at": None}:  # asked already
        return Settlement("pending", {"due": due})
    deadline = now + timedelta(seconds=CUSTOMERS_PATIENCE)
    return Settlement("pending", {"due": due, "deadline": deadline, "error": found})


def nobody_answered(task: PlannedTask, now: datetime) -> Settlement:
    """Hold a task whose customer did not give the information that it needs."""
    message = f"{task.name}: the information that it needs was not given in time."
    return _held("informationMissing", "The customer did not answer in time", message, now)


def _short(task: PlannedTask, outcome: Shortage, now: datetime) -> Settlement:
    """Hold a task until a pool has what it asks for: the cause is the pool. It may stand in line there by now."""
    if task.optional:
        return Settlement("skipped", {"due": None, "deadline": None})
    held = _held("poolExhausted", "The pool is exhausted", f"{task.name}: {outcome.reason}", now)
    held.changes["error"]["pools"] = list(outcome.pools)
    return held


def _refused(  # noqa: PLR0913, PLR0917 - see settle
    task: PlannedTask,
    run: TaskRun,
    outcome: Refused,
    definition: FulfillerDefinition | None,
    now: datetime,
    advice: RetryAdvice,
) -> Settlement:
    message = f"{task.name}: {outcome.reason}"
    if not outcome.maybe_done:  # so that there is nothing to undo either
        if task.optional:
            return Settlement("skipped", {"due": None, "deadline": None, "touched": False})
        held = _held("refused", "The fulfiller refused", message, now)
        return Settlement("held", {**held.changes, "touched": False})
    if definition is not None and not definition.honours_idempotency_key:
        return outcome_unknown(task, outcome.reason, now)
    # Called again, because policies say so or a person does, it has the same key, for it may have been done.
    delay = advice.wished_delay(schedule_of(task, definition), run.attempts, task.key)
    if delay is not None and run.state not in TAKEN_ON:
        return Settlement("retrying", {"due": now + timedelta(seconds=delay)})
    message = f"{message} {advice.stop}" if advice.stop is not None else message
    return _held("unusableAnswer", "The fulfiller's answer cannot be used", message, now)


def outcome_unknown(task: PlannedTask, why: str, now: datetime) -> Settlement:
    """Hold a task whose call may have taken effect at a fulfiller that would do it twice."""
    message = (
        f"{task.name}: the call may have taken effect, and this fulfiller does not recognise repeated calls. "
        f"Check there, then resume. {why}"
    )
    return _held("outcomeUnknown", "The outcome of the call is unknown", message, now)


def deadline_passed(task: PlannedTask, now: datetime) -> Settlement:
    """Hold a task that its fulfiller took on and never reported."""
    message = f"{task.name}: the fulfiller accepted the work and did not report its end in time."
    return _held("deadline", "The fulfiller did not report in time", message, now)


def _held(code: str, reason: str, message: str, now: datetime) -> Settlement:
    return Settlement("held", {"due": None, "deadline": None, "error": error(code, reason, message, now)})


def error(code: str, reason: str, message: str, now: datetime) -> Document:
    """Why a task is held, as it will stand in the order's errorMessage."""
    return {"code": code, "reason": reason, "message": message[:1000], "at": to_text(now)}


_NOBODY = FulfillerDefinition(id="", name="", kind="")
