"""Fallout: tasks that cannot go on by themselves. What holds them, what they have in common, and what can be done.

Source: TM Forum's order fallout management (TMFS011). Fallout is no resource of its own: it is the tasks in state
`held`; docs/reference/fallout.md tells it to users.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.domain.plan import PlannedTask
from models.domain.progress import TaskRun

Document = dict[str, Any]

DEFAULT_QUEUE = "fallout"
POLICY_SILENT = "policySilent"
"""Code of what a task that is not held says while it waits for the answer of a policy."""
ACTIONS = ("retry", "edit", "reassign", "skip", "complete", "fail", "cancel")
_MAX_REASON = 300
_RESUMPTION: Mapping[str, str] = {
    "serviceOrder": "To resume, set the state of the item to inProgress by a PATCH of the order.",
    "processFlow": "To resume, set the state of the process flow to active by a PATCH of it.",
}
"""How its client has a held task tried again, by the type of the plan's owner."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What is known of all holds with one code.

    Attributes:
        common: what tasks must have in common to be held for the same cause, besides the code.
        actions: what can be done about it, the most likely first.
        advice: what to do, for people who know TMF641 only.
    """

    common: tuple[str, ...]
    actions: tuple[str, ...]
    advice: str


_ALL = ("retry", "edit", "reassign", "skip", "complete", "fail", "cancel")
_MAYBE_DONE = ("retry", "complete", "skip", "fail", "cancel")
_SERVICE_LOST = ("retry", "fail", "cancel")

KINDS: Mapping[str, Kind] = {
    "refused": Kind(
        ("fulfiller", "specification", "reason"), _ALL, "Have the reason removed, then resume: it is asked anew."
    ),
    "unusableAnswer": Kind(
        ("fulfiller", "specification", "reason"),
        _MAYBE_DONE,
        "The work may have been done. Have the fulfiller repaired, then resume: it is asked again with the same key.",
    ),
    "outcomeUnknown": Kind(
        ("fulfiller",), _MAYBE_DONE, "Look at the fulfiller whether it was done. Resume only if it was not."
    ),
    "unreachable": Kind(("fulfiller",), _ALL, "Resume when the fulfiller can be reached again."),
    "deadline": Kind(
        ("fulfiller",), _MAYBE_DONE, "Ask the fulfiller. A late report is still taken; resume to ask again."
    ),
    "noFulfiller": Kind(
        ("specification", "action"), ("retry", "reassign", "skip", "complete", "fail", "cancel"),
        "It goes on by itself as soon as somebody can do it: register, change or enable a fulfiller, or wait.",
    ),
    "poolExhausted": Kind(
        ("pools",), ("retry", "edit", "reassign", "skip", "complete", "fail", "cancel"),
        "It goes on by itself, in its turn, as soon as the pool has enough: enlarge it, or have something released.",
    ),
    "fulfillerGone": Kind(
        ("fulfiller",), ("reassign", "retry", "skip", "complete", "fail", "cancel"),
        "Register the fulfiller again, or give the work to another one, then resume.",
    ),
    "inputMapping": Kind(
        ("specification", "task", "reason"), ("edit", "retry", "skip", "complete", "fail", "cancel"),
        "Correct the data that the input is made from, or the specification, then resume.",
    ),
    "secretMissing": Kind(
        ("specification", "task", "reason"), ("retry", "edit", "skip", "complete", "fail", "cancel"),
        "Set the secret that the recipe names (`som secret set`), then resume.",
    ),
    "inputInvalid": Kind(
        ("specification", "task", "reason"), ("edit", "retry", "skip", "complete", "fail", "cancel"),
        "Nobody was called. Give an input that fits what the step declares, or mend the recipe and move the run to it.",
    ),
    "outputMapping": Kind(
        ("specification", "task", "reason"), ("complete", "retry", "skip", "fail", "cancel"),
        "The work is done; only its output is not understood. Resume to have it reported again.",
    ),
    "recipeStuck": Kind(
        ("specification", "task", "reason"), ("retry", "edit", "skip", "complete", "fail", "cancel"),
        "Correct what the recipe lacks (an edited input sets variables), then resume: the step is tried anew.",
    ),
    "recipeFailed": Kind(
        ("specification", "task", "reason"), ("retry", "edit", "skip", "complete", "fail", "cancel"),
        "The recipe ended with an error. Resume to run it from its beginning, or complete it by hand.",
    ),
    "recipeGone": Kind(
        ("specification", "task"), ("retry", "skip", "complete", "fail", "cancel"),
        "The version of the recipe that the order was planned with cannot be read. Have it restored, then resume.",
    ),
    "serviceTerminated": Kind(("reason",), _SERVICE_LOST, "The service is lost: cancel the order."),
    "serviceGone": Kind(("reason",), _SERVICE_LOST, "The service is lost: cancel the order."),
    "serviceBack": Kind(("reason",), _SERVICE_LOST, "There is nothing to build any more: cancel the order."),
    "serviceInUse": Kind(("reason",), _SERVICE_LOST, "Resume when nothing relies on it any more, or cancel the order."),
    "reliedOnGone": Kind(
        ("reason",), _SERVICE_LOST, "Cancel the order and place it anew: it finds or builds another one then."
    ),
}  # fmt: skip
_UNKNOWN = Kind(("fulfiller", "specification", "reason"), _ALL, "Have the cause removed, then resume.")
_OF_REVERSAL = ("retry", "reassign", "skip", "complete")


def kind_of(code: str) -> Kind:
    """What is known of holds with this code; also of one that nobody has thought of."""
    return KINDS.get(code, _UNKNOWN)


def actions(code: str, operation: str) -> tuple[str, ...]:
    """What a person or a rule can do about a held task; of a task that undoes another, there is less to choose."""
    known = kind_of(code).actions
    return known if operation == "fulfil" else tuple(action for action in known if action in _OF_REVERSAL)


# What tells one order from another in a reason: identifiers, addresses, numbers, dates.
_PARTICULAR = re.compile(r"[\w.:/-]*\d[\w.:/-]*|'[^']*'|\"[^\"]*\"")


def normalised(reason: str) -> str:
    """A reason without what tells one order from another, so that many of one cause look the same.

    Quoted texts and words with a digit in them (identifiers, addresses, numbers, dates) become `#`.
    """
    return " ".join(_PARTICULAR.sub("#", reason).lower().split())[:_MAX_REASON]


def own_reason(task: PlannedTask, message: str) -> str:
    """The message of an error without the name of the task at its beginning."""
    return own_reason_of(task.name, message)


def own_reason_of(name: str, message: str) -> str:
    """The same for a task of which only the name is at hand."""
    return message.removeprefix(f"{name}: ")


def cause(task: PlannedTask, fulfiller: str | None, error: Mapping[str, Any]) -> str:
    """The key that all tasks held for one cause share: sixteen hexadecimal digits."""
    code = str(error.get("code", ""))
    parts = {
        "fulfiller": fulfiller or "",
        "specification": task.specification,
        "action": task.action,
        "task": task.name,
        "reason": normalised(own_reason(task, str(error.get("message", "")))),
        "pools": " ".join(error.get("pools", ())),
    }
    text = "\x1f".join([code, *(parts[name] for name in kind_of(code).common)])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def suspect(decision: Mapping[str, Any] | None) -> str | None:
    """The fulfiller to blame where nobody could be chosen: the only one that is down, or lets no call through."""
    candidates = (decision or {}).get("candidates", ())
    broken = [one["fulfiller"] for one in candidates if one.get("row") in ("health", "circuitBreaker")]
    return broken[0] if len(broken) == 1 else None


def facts(task: PlannedTask, run: TaskRun, decision: Mapping[str, Any] | None = None) -> Document:
    """What stands in the document of a held task, besides its error.

    Args:
        task: the task.
        run: where it stands.
        decision: why nobody could be chosen for it. What a broken fulfiller was asked for in vain, and what it was not
            even asked for because of that, is held for one cause.
    """
    error = run.error or {}
    broken = suspect(decision)
    blamed = {**error, "code": "unreachable"} if broken is not None else error
    return {
        "count": run.holds,
        "cause": cause(task, broken or run.fulfiller, blamed),
        "code": error.get("code", ""),
        "reason": normalised(own_reason(task, str(error.get("message", "")))),
        "specification": task.specification,
        "specificationName": task.capability.name,
        "fulfiller": broken or run.fulfiller,
        "attempts": run.attempts,
        "optional": task.optional,
    }


def shown_error(run: TaskRun, owner: str) -> Document:
    """The error of a task as its owner's errorMessage says it: of a held one what is wrong, was tried, and can be done.

    It has to be enough for somebody who knows TMF641 (of an order) or TMF701 (of a process flow) and nothing else of
    this server.

    Args:
        run: where the task stands.
        owner: the type of the plan's owner.
    """
    error = run.error or {}
    if run.state != "held":
        return error
    advice = kind_of(str(error.get("code", ""))).advice
    return {**error, "message": f"{sentence(error.get('message', ''))} {_tried(run)}{advice} {_RESUMPTION[owner]}"}


def sentence(text: str) -> str:
    """A text with its full stop: the reasons of fulfillers often have none, and something is said after them."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _tried(run: TaskRun) -> str:
    if not run.attempts or run.fulfiller is None:
        return ""
    calls = "once" if run.attempts == 1 else f"{run.attempts} times"
    again = f", and it is held for the {_ordinal(run.holds)} time" if run.holds > 1 else ""
    return f"(Tried {calls} at the fulfiller {run.fulfiller}{again}.) "


def _ordinal(number: int) -> str:
    suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"
