"""What the tasks of a plan wait for: part of the explanation of an order. Pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from models.domain.dates import to_text
from models.domain.evidence import Evidence, Line, Wait
from models.domain.fallout import DEFAULT_QUEUE, POLICY_SILENT, actions, kind_of, sentence
from models.domain.plan import PlannedTask
from models.domain.precedence import Precedence
from models.domain.progress import SATISFIED, TaskRun

Document = dict[str, Any]


def task_waits(evidence: Evidence) -> Iterator[Wait]:
    """What the tasks of a plan wait for, one by one; those that wait for others of the plan are left out."""
    blocked = {wait["item"] for wait in (evidence.plan or {}).get("waits") or ()}
    waiting = behind(evidence)
    for task in evidence.tasks:
        run = evidence.runs[task.key]
        document = evidence.documents.get(task.key, {})
        match run.state:
            case "held":
                yield _held(evidence, task, run, document)
            case "pending":
                yield _pending(task, run, document)
            case "retrying":
                yield _retry(evidence, task, run, document)
            case "accepted" if task.kind == "recipe":
                yield from _events(evidence, task)
            case "accepted":
                yield _report(evidence, task, run, document)
            case "running":
                name = _name(evidence, run.fulfiller)
                message = f"{_task(task)} is being given to {name}."
                yield Wait("call", "fulfiller", message, document.get("started"), None, run.fulfiller, task.item, task)
            case "waiting" if task.item not in blocked and task.key not in waiting:
                yield _turn(evidence, task)


def _events(evidence: Evidence, task: PlannedTask) -> Iterator[Wait]:
    """What a recipe waits for besides its steps, which wait for themselves."""
    run = ((evidence.plan or {}).get("recipes") or {}).get(task.target or task.key, {}).get("run", {})
    waiting = {token["id"] for token in run.get("tokens", ()) if token.get("phase") == "event"}
    for wait in run.get("waits", ()):
        if wait.get("token") not in waiting:
            continue
        due = datetime.fromisoformat(wait["due"]) if wait.get("due") else None
        by, what = ("time", f"until {wait['due']}") if due else ("event", _event(wait))
        message = f"{_task(task)} runs a recipe, which waits at {wait['node']} {what}."
        details = {"element": wait["node"], "event": wait["kind"]}
        details |= {name: wait[name] for name in ("name", "correlation") if wait.get(name) is not None}
        yield Wait("event", by, message, None, due, None, task.item, task, details)


def _event(wait: Mapping[str, Any]) -> str:
    if wait["kind"] == "conditional":
        return "until a condition holds"
    which = f" with the correlation {wait['correlation']!r}" if wait.get("correlation") is not None else ""
    return f"for the {wait['kind']} {wait.get('name')!r}{which}"


def _turn(evidence: Evidence, task: PlannedTask) -> Wait:
    queued = (evidence.plan or {}).get("queued")
    if queued is None:
        return Wait("turn", "server", f"{_task(task)} is ready and waits for its turn.", item=task.item, task=task)
    fulfillers = sorted({gate.removesuffix("?") for gate in queued["at"]})
    names = " and ".join(_name(evidence, one) for one in fulfillers)
    message = f"{_task(task)} is ready and waits for a place at {names}, which has all the work that it may have."
    return Wait("place", "fulfiller", message, queued["since"], None, fulfillers[0], task.item, task)


def _held(evidence: Evidence, task: PlannedTask, run: TaskRun, document: Mapping[str, Any]) -> Wait:
    flow, line = evidence.flows.get(task.key), evidence.lines.get(task.key)
    error, fallout, care = run.error or {}, document.get("fallout") or {}, document.get("care") or {}
    code = str(error.get("code", ""))
    queue, assignee = care.get("queue", DEFAULT_QUEUE), care.get("assignee")
    who = assignee or f"somebody who looks after the queue {queue}"
    whose = f"It is up to {who}." if line is None else _before(line)
    message = f"{_task(task)} is held: {sentence(error.get('message', ''))} {kind_of(code).advice} {whose}"
    details = {
        "code": code,
        "cause": fallout.get("cause"),
        "count": run.holds,
        "actions": list(actions(code, task.operation)),
        "queue": queue,
        "assignee": assignee,
    }
    if code == "poolExhausted":
        details["pool"] = list(error.get("pools", ()))
    if line is not None:
        details |= {"ahead": line.ahead, "before": list(line.orders)}
    if flow is not None:
        details["taskFlow"] = {"id": flow["id"], "processFlow": flow["processFlow"]}
    return Wait("held", "person", message, fallout.get("since"), None, queue, task.item, task, details)


def _before(line: Line) -> str:
    """Who stands before it in the line of a pool."""
    if not line.ahead:
        return "Nobody waits there before it."
    orders = ", ".join(line.orders)
    more = f" and {line.ahead - len(line.orders)} more" if orders and line.ahead > len(line.orders) else ""
    return f"{line.ahead} wait there before it" + (f": {orders}{more}." if orders else ".")


def _pending(task: PlannedTask, run: TaskRun, document: Mapping[str, Any]) -> Wait:
    error = run.error or {}
    message = (
        f"{_task(task)} waits for information: {sentence(error.get('message', 'see the order'))} It is up to the "
        "customer: it goes on with a PATCH of the order that gives it."
    )
    if run.deadline is not None:
        message += f" Without it, it is held at {to_text(run.deadline)}."
    details = {"missing": [dict(entry) for entry in error["missing"]]} if error.get("missing") else {}
    since = document.get("updated")
    return Wait("information", "customer", message, since, run.deadline, None, task.item, task, details)


def _retry(evidence: Evidence, task: PlannedTask, run: TaskRun, document: Mapping[str, Any]) -> Wait:
    if (run.error or {}).get("code") == POLICY_SILENT:
        return _policy(task, run)
    name, last = _name(evidence, run.fulfiller), _last_reason(document)
    when = f" The next attempt is at {to_text(run.due)}." if run.due else ""
    because = f": {last}" if last else "."
    message = f"{_task(task)} found no usable answer at {name} ({run.attempts} so far){because}{when}"
    return Wait("retry", "fulfiller", message, document.get("updated"), run.due, run.fulfiller, task.item, task)


def _policy(task: PlannedTask, run: TaskRun) -> Wait:
    """A policy that gave no answer has the task wait."""
    message = f"{_task(task)} waits: {sentence((run.error or {}).get('message', ''))}"
    again = f" It is asked again at {to_text(run.due)}." if run.due else ""
    return Wait("policy", "server", message + again, None, run.due, None, task.item, task)


def _report(evidence: Evidence, task: PlannedTask, run: TaskRun, document: Mapping[str, Any]) -> Wait:
    accepted, name = document.get("accepted") or {}, _name(evidence, run.fulfiller)
    if accepted.get("keeps_time"):  # people do, by due dates and escalation
        return _work(task, run, document, _flow(evidence, task), name)
    known_as = f" as {accepted['reference']}" if accepted.get("reference") else ""
    look = f" It is asked next at {to_text(run.due)}." if run.due else ""
    late = f" Without a report it is held at {to_text(run.deadline)}." if run.deadline else ""
    message = f"{_task(task)} was taken on by {name}{known_as} and is not reported done.{look}{late}"
    details = {"reference": accepted.get("reference")} if accepted.get("reference") else {}
    return Wait(
        "report", "fulfiller", message, document.get("started"), run.deadline, run.fulfiller, task.item, task, details
    )


def _work(
    task: PlannedTask, run: TaskRun, document: Mapping[str, Any], flow: Mapping[str, Any] | None, name: str
) -> Wait:
    """What a person has been asked to do: in whose queue it stands, who has it, and when it is due."""
    reference, since = (document.get("accepted") or {})["reference"], document.get("started")
    details: Document = {"reference": reference}
    if flow is None:
        message = f"{_task(task)} waits for a person of {name} to complete the task flow {reference}."
        return Wait("report", "person", message, since, None, run.fulfiller, task.item, task, details)
    queue, assignee, due = flow.get("queue"), flow.get("assignee"), flow.get("requestedCompletionDate")
    if queue is not None:
        details["queue"] = queue
    details |= {"assignee": assignee, "taskFlow": {"id": flow["id"], "processFlow": flow["processFlow"]}}
    who = assignee or (f"somebody of the queue {queue}" if queue else f"a person of {name}")
    in_queue = f" (queue {queue})" if assignee and queue else ""
    by = f", due at {due}" if due else ""
    message = f"{_task(task)} waits for {who}{in_queue} to complete the task flow {reference}{by}."
    until = None if due is None else datetime.fromisoformat(due)
    return Wait("report", "person", message, since, until, queue or run.fulfiller, task.item, task, details)


def _flow(evidence: Evidence, task: PlannedTask) -> Mapping[str, Any] | None:
    """The open task flow of a task; one that undoes another is known to its fulfiller by that one's key."""
    return evidence.flows.get(task.key) or evidence.flows.get(task.target or "")


def _last_reason(document: Mapping[str, Any]) -> str | None:
    attempts = document.get("attempts") or ()
    return attempts[-1].get("reason") if attempts else None


def _name(evidence: Evidence, fulfiller: str | None) -> str:
    return "a fulfiller" if fulfiller is None else evidence.names.get(fulfiller, fulfiller)


def _task(task: PlannedTask) -> str:
    what = "" if task.operation == "fulfil" else f"The {'stopping' if task.operation == 'cancel' else 'undoing'} of "
    of = f" of item {task.item}" if task.service else ""  # a process flow has no items
    return f"{what or 'The '}task {task.name}{of}"


def behind(evidence: Evidence) -> set[str]:
    """Keys of the tasks that wait for others of the plan."""
    precedence = Precedence()
    precedence.add(evidence.tasks, {key: run.state for key, run in evidence.runs.items()})
    return {
        task.key
        for task in evidence.tasks
        if precedence.holds(task)
        or any(evidence.runs[key].state not in SATISFIED for key in task.needs if key in evidence.runs)
    }
