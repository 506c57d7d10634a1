"""Task flows (TMF701): what a person's change means, and what the passing of time does. Pure.

TMF701 names the one who works on a task and the people who may take it by `relatedParty`; `assignee` and `queue` say
the same as plain texts, which lists can be filtered by. Whichever a client changes, the other follows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from models.domain.dates import to_text
from models.domain.durations import InvalidDuration, duration_seconds
from models.domain.errors import Conflict, InvalidRequest
from models.domain.lifecycles import TASK_FLOW
from models.domain.violations import Violation

Document = dict[str, Any]

NEW, ACTIVE, HOLD, COMPLETED, CANCELLED = "new", "active", "hold", "completed", "cancelled"
DONE, FAILED, INFORMATION, WITHDRAWN = "done", "failed", "informationRequired", "withdrawn"
ROLES: Mapping[str, str] = {"queue": "PartyRole", "assignee": "Individual"}
"""The roles that stand as attributes of their own, and the class of the party that bears them."""
LOWEST_PRIORITY = 4
LONGEST_SECONDS = 10 * 365 * 86_400.0
"""What nobody waits for: longer times are taken for mistakes."""
NO_REASON = "The person gave no reason."


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a task flow that a person has changed.

    Attributes:
        body: as it is to be.
        through: states that it passes through on its way.
        who: does it: the one whose task it is, or was.
        why: in words, where they were given.
        asks: whether the customer is asked for information by it.
    """

    body: Document
    through: tuple[str, ...] = ()
    who: str | None = None
    why: str | None = None
    asks: bool = False


def begun(body: Mapping[str, Any], new_id: Callable[[], str], now: datetime, who: str) -> Document:
    """A new task flow, completed with what was left out."""
    made: Document = {**with_parties({}, body), "state": NEW}
    for name, value in (("completionMethod", "manual"), ("isMandatory", True), ("priority", LOWEST_PRIORITY)):
        made.setdefault(name, value)
    return with_notes(made, new_id, now, who)


def with_parties(before: Mapping[str, Any], after: Mapping[str, Any]) -> Document:
    """The body with `queue` and `assignee` the same as the related parties of these roles."""
    body = dict(after)
    for role, referred in ROLES.items():
        named, was_named = body.get(role), before.get(role)
        party, was_party = _party(body, role), _party(before, role)
        if named != was_named:
            _set_party(body, role, named, referred)
        elif party != was_party:
            body[role] = party
        if body.get(role) is None:
            body.pop(role, None)
    return body


def _party(body: Mapping[str, Any], role: str) -> str | None:
    return next((party["id"] for party in body.get("relatedParty") or () if party.get("role") == role), None)


def _set_party(body: Document, role: str, key: str | None, referred: str) -> None:
    others = [party for party in body.get("relatedParty") or () if party.get("role") != role]
    if key is not None:
        others.append({"id": key, "role": role, "@type": "RelatedParty", "@referredType": referred})
    body["relatedParty"] = others
    if not others:
        body.pop("relatedParty")


def with_notes(body: Document, new_id: Callable[[], str], now: datetime, who: str) -> Document:
    """The body with id, date and author of each comment."""
    if not body.get("note"):
        return body
    notes = [{"id": new_id(), "date": to_text(now), "author": who, **note} for note in body["note"]]
    return {**body, "note": notes}


def changed(before: Mapping[str, Any], after: Mapping[str, Any], *, awaited: bool, now: datetime) -> Change:
    """What a person's change of a task flow comes to.

    Args:
        before: the body as it is.
        after: the body as the patch has made it.
        awaited: whether an order waits for it.
        now: the present moment.

    Raises:
        Conflict: it has ended, or the life cycle has no such move.
        InvalidRequest: parts of the change contradict one another.
    """
    state = before["state"]
    if state in TASK_FLOW.final:
        _refuse_late(before, after)
        return Change(dict(after), who=_author(before, after))
    body = with_parties(before, after)
    asks = bool(body.get("informationRequired"))
    if asks:
        if body["state"] not in (state, CANCELLED):
            raise InvalidRequest([Violation("/state", "illegalState", "Asking the customer ends the task: cancelled.")])
        body["state"] = CANCELLED
    if body["state"] == state == ACTIVE and before.get("assignee") and not body.get("assignee"):
        body["state"] = HOLD  # given back
    path = TASK_FLOW.path(state, body["state"], through=ACTIVE)
    _date(body, path, now)
    if body["state"] in TASK_FLOW.final:
        body["outcome"] = _outcome(body, asks=asks, awaited=awaited)
        if body["outcome"] == FAILED:
            body.setdefault("reason", NO_REASON)
    return Change(body, path[:-1], _author(before, body) or _who(before, body), _why(body), asks)


def _refuse_late(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    names = {name for name in {*before, *after} if before.get(name) != after.get(name)} - {"note"}
    if names:
        raise Conflict(
            f"/{min(names)}: the task flow is {before['state']}, which is its end; nothing of it but its comments can "
            "be changed any more."
        )


def _date(body: Document, path: tuple[str, ...], now: datetime) -> None:
    if ACTIVE in path:
        body.setdefault("startDate", to_text(now))
    if body["state"] in TASK_FLOW.final:
        body.setdefault("completionDate", to_text(now))
    elif "completionDate" in body:
        message = "A date of completion goes with the state completed or cancelled."
        raise InvalidRequest([Violation("/completionDate", "notEnded", message)])


def _outcome(body: Mapping[str, Any], *, asks: bool, awaited: bool) -> str:
    if body["state"] == COMPLETED:
        return DONE
    if asks:
        return INFORMATION
    return FAILED if awaited or body.get("reason") else WITHDRAWN


def _who(before: Mapping[str, Any], after: Mapping[str, Any]) -> str | None:
    """Whose deed it is. Whoever ends a task may have taken it over for that; else it is whose task it was."""
    mine, now_mine = before.get("assignee"), after.get("assignee")
    return now_mine or mine if after["state"] in TASK_FLOW.final else mine or now_mine


def _author(before: Mapping[str, Any], after: Mapping[str, Any]) -> str | None:
    """Who comments, where nothing else is changed and the comment says who wrote it."""
    others = {name for name in {*before, *after} if before.get(name) != after.get(name)} - {"note"}
    new = [note for note in after.get("note") or () if note not in (before.get("note") or ())]
    return new[-1].get("author") if new and not others else None


def _why(body: Mapping[str, Any]) -> str | None:
    match body.get("outcome"):
        case "failed":
            return str(body["reason"])
        case "informationRequired":
            return str(body["informationRequired"]["reason"])
    return None


def values_of(body: Mapping[str, Any]) -> Document:
    """What a person has reported, by name."""
    return {entry["name"]: entry.get("value") for entry in body.get("characteristic") or ()}


def pointer_of(body: Mapping[str, Any], pointer: str) -> str:
    """Where in `characteristic` a place in the values (`values_of`) stands."""
    name, _, rest = pointer.removeprefix("/").partition("/")
    name = name.replace("~1", "/").replace("~0", "~")
    places = {entry["name"]: index for index, entry in enumerate(body.get("characteristic") or ())}
    if name not in places:
        return "/characteristic"
    return f"/characteristic/{places[name]}/value" + (f"/{rest}" if rest else "")


def report_of(body: Mapping[str, Any]) -> Document | None:
    """What an ended task flow reports to the plan that waits for it, as a fulfiller would; None where it need not."""
    match body.get("outcome"):
        case "done":
            return {"status": "done", "output": values_of(body)}
        case "failed":
            return {"status": "refused", "reason": body["reason"]}
        case "informationRequired":
            return {"status": "informationRequired", **body["informationRequired"]}
    return None


def withdrawn(body: Mapping[str, Any], now: datetime) -> tuple[Document, tuple[str, ...]]:
    """A task flow that is not wanted any more, and the states that it passes through on its way."""
    path = TASK_FLOW.path(body["state"], CANCELLED, through=ACTIVE)
    return {**body, "state": CANCELLED, "outcome": WITHDRAWN, "completionDate": to_text(now)}, path[:-1]


def wrong_steps(steps: Any, place: str = "/escalation") -> list[Violation]:
    """What is wrong with the steps of an escalation: their durations, and steps that do nothing."""
    found = []
    for index, step in enumerate(steps or ()):
        where = f"{place}/{index}"
        try:
            if duration_seconds(step.get("after", "PT0S")) > LONGEST_SECONDS:
                found.append(Violation(f"{where}/after", "tooLong", "A step comes within ten years."))
        except InvalidDuration as error:
            found.append(Violation(f"{where}/after", error.code, str(error)))
        if "priority" not in step and "queue" not in step:
            found.append(Violation(where, "emptyStep", "A step changes the priority, the queue, or both."))
        if "date" in step:
            found.append(Violation(f"{where}/date", "serverSetAttribute", "The date of a step is set by the server."))
    return found


def next_step_at(body: Mapping[str, Any]) -> datetime | None:
    """When the next step of the escalation is due; None where there is none."""
    due, waiting = body.get("requestedCompletionDate"), _waiting(body)
    if due is None or waiting is None or body["state"] in TASK_FLOW.final:
        return None
    seconds = duration_seconds(body["escalation"][waiting].get("after", "PT0S"))
    try:
        return datetime.fromisoformat(due) + timedelta(seconds=seconds)
    except OverflowError:  # due at the end of the calendar, as some say "never"
        return None


def escalated(body: Mapping[str, Any], now: datetime) -> Document:
    """The task flow with the next step of its escalation taken; it has one."""
    index = _waiting(body)
    if index is None:
        return dict(body)
    step = body["escalation"][index]
    steps = [*body["escalation"]]
    steps[index] = {**step, "date": to_text(now)}
    moved = {name: step[name] for name in ("priority", "queue") if name in step}
    return with_parties(body, {**body, **moved, "escalation": steps})


def _waiting(body: Mapping[str, Any]) -> int | None:
    return next((index for index, step in enumerate(body.get("escalation") or ()) if "date" not in step), None)
