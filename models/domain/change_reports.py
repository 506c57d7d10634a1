"""What is written back to a change request of another system (TMF655): how its order begins and ends. Pure.

What we add to it stands among what others have put there: lists are carried over whole, since a merge patch replaces
them, and `targetEntity` with them, which TM Forum's document asks for in every PATCH.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Body = Mapping[str, Any]
Document = dict[str, Any]

OVER = frozenset({"cancelled", "rejected", "failed", "completed"})
AUTHOR = "som"
ORDER = "serviceOrder"
RECIPE = "Recipe"
_RESULT = {"completed": "completed", "cancelled": "cancelled"}
_KNOWN_BY = {
    "note": ("author", "text"),
    "attachment": ("name", "url"),
    "externalReference": ("externalReferenceType", "name"),
    "changeRequestCharacteristic": ("name",),
}
"""By which of its attributes an entry of ours is found again in a list of theirs."""
_LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class Started:
    """What is known of an order when it begins.

    Attributes:
        order: its id.
        order_url: its address.
        plan_url: of the plan by which it is carried out.
        versions: of the specifications and recipes that it runs: {id, name, version}, each once; a recipe has the
            `@referredType` Recipe.
        begun: date-time.
        expected: date-time of its completion, as far as it is known.
    """

    order: str
    order_url: str
    plan_url: str
    versions: tuple[Document, ...]
    begun: str
    expected: str | None = None


def at_start(facts: Started) -> Document:
    """What is owed to a change request as its order begins."""
    runs = ", ".join(_version(one) for one in facts.versions)
    until = f"; it is expected to be done at {facts.expected}" if facts.expected else ""
    note = f"The service order {facts.order} has begun{until}. It runs {runs or 'no specification'}."
    schedule = [("expectedStart", facts.begun), ("expectedCompletion", facts.expected)]
    reference = {"externalReferenceType": ORDER, "name": facts.order, "href": facts.order_url}
    plan = {"name": f"Plan of the service order {facts.order}", "url": facts.plan_url, "attachmentType": "link",
            "mimeType": "application/json"}  # fmt: skip
    return {
        "what": "start",
        "status": "inProgress",
        "set": {"actualStartTime": facts.begun, "scheduledDate": facts.begun},
        "add": {
            "note": [_note(note, facts.begun)],
            "externalReference": [reference],
            "attachment": [plan],
            "changeRequestCharacteristic": [
                {"name": "serviceOrderVersions", "value": list(facts.versions)},
                *({"name": name, "value": value} for name, value in schedule if value),
            ],
        },
    }


def _version(runs: Body) -> str:
    """A specification or recipe with its version, for people."""
    named = f"{runs.get('name') or runs['id']} {runs.get('version') or ''}".rstrip()
    return f"the recipe {named}" if runs.get("@referredType") == RECIPE else named


def versions_of(services: Iterable[Body], tasks: Iterable[Body]) -> tuple[Document, ...]:
    """What a plan runs, each once: the specifications of its services, then the recipes of its tasks, as stored."""
    found: dict[str, Document] = {}
    for one in (service.get("specification") for service in services):
        if one and one.get("id"):
            found[one["id"]] = {name: one[name] for name in ("id", "name", "version") if one.get(name)}
    for name, version in (task["recipe"] for task in tasks if task.get("recipe")):
        key = f"{name}:{version}"
        found.setdefault(f"recipe {key}", {"id": key, "name": name, "version": version, "@referredType": RECIPE})
    return tuple(found.values())


def at_end(order: str, state: str, ended: str, reasons: list[str]) -> Document:
    """What is owed to a change request as its order ends.

    A partial, failed or rejected order is a failed change: TMF655 knows no partial one.

    Args:
        order: its id.
        state: that it has ended in.
        ended: date-time.
        reasons: why, where it did not end well.
    """
    said = " ".join([f"The service order {order} is {state}.", *reasons])[:_LONGEST]
    resolution = {"code": state, "name": f"Service order {state}", "description": said}
    return {
        "what": "end",
        "status": _RESULT.get(state, "failed"),
        "set": {
            "actualEndTime": ended,
            "completionDate": ended,
            "statusChangeReason": said,
            "resolution": resolution,
        },
        "add": {"note": [_note(said, ended)]},
    }


def at_denial(order: str, reason: str, at: str) -> Document:
    """What is owed to a change request that was withdrawn when its order could not be cancelled any more."""
    said = f"The service order {order} goes on, for it could not be cancelled. {reason}"[:_LONGEST]
    return {"what": "denial", "status": None, "set": {}, "add": {"note": [_note(said, at)]}}


def at_refusal(problem: str, at: str) -> Document:
    """What is owed to a change request of which no order can be made."""
    said = f"No service order can be placed for this change request: {problem}"[:_LONGEST]
    return {
        "what": "refusal",
        "status": "rejected",
        "set": {"statusChangeReason": said},
        "add": {"note": [_note(said, at)]},
    }


def _note(text: str, at: str) -> Document:
    return {"author": AUTHOR, "date": at, "text": text}


def patch_of(request: Body, owed: Body, *, status: bool = True) -> Document:
    """The merge patch that writes what is owed to a change request, as it is now; repeated, it changes nothing more.

    Args:
        request: as read a moment ago.
        owed: what `at_start`, `at_end`, `at_denial` or `at_refusal` have made.
        status: whether its status is to be changed; one that is over keeps its own, and the reason for it, in any case.
    """
    patch: Document = {"targetEntity": request.get("targetEntity") or [], **owed["set"]}
    if request.get("status") in OVER:
        if request.get("statusChangeReason"):  # of whoever has ended it
            patch.pop("statusChangeReason", None)
    elif status and owed["status"] is not None:
        patch["status"] = owed["status"]
    for name, entries in owed["add"].items():
        listed = request.get(name)
        theirs = [one for one in (listed if isinstance(listed, list) else ()) if isinstance(one, Mapping)]
        known = {_identity(name, one) for one in entries}
        patch[name] = [*(dict(one) for one in theirs if _identity(name, one) not in known), *entries]
    return patch


def _identity(name: str, entry: Body) -> tuple[str, ...]:
    return tuple(str(entry.get(part)) for part in _KNOWN_BY[name])
