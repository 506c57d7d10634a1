"""What the document of a task keeps from one call to the next."""

from collections.abc import Mapping
from typing import Any

from models.callback_token import CallKey
from models.domain.outcomes import Accepted

Document = dict[str, Any]
MAX_DECISIONS_KEPT = 20
KEPT_OF_TARGET = ("fulfiller", "input", "body", "former", "inputRev", "accepted", "output")
KEPT = (*KEPT_OF_TARGET, "free", "givenUp", "decision", "engaged")


def former_decision(decision: Document) -> Document:
    """What keeps a decision that another one takes the place of."""
    return {"formerDecisions": {"$each": [decision], "$slice": -MAX_DECISIONS_KEPT}}


def going_on(stored: Mapping[str, Any]) -> Document:
    """What stays of work that was taken on and has asked for information: who has it, and under which name."""
    if not (stored.get("asked") and stored.get("accepted")):
        return {}
    return {"fulfiller": stored["fulfiller"], "engaged": stored["accepted"]}


def of_what_goes_on(kept: Mapping[str, Any]) -> Document:
    """What a fulfiller is told of its own work that has asked for information."""
    return {"engaged": Accepted(**kept["engaged"])} if kept.get("engaged") else {}


def of_the_target(plan: str, target: str, kept: Mapping[str, Any]) -> Document:
    """What a fulfiller is told of the work that it is to cancel or to undo."""
    accepted = kept.get("accepted")
    return {
        "engaged": Accepted(**accepted) if accepted else None,
        "output": kept.get("output"),
        "fulfil_key": str(CallKey(plan, target, "fulfil", kept.get("inputRev", 0))),
    }
