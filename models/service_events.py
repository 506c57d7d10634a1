"""The events that a change of the sides of a service owes."""

from collections.abc import Mapping
from typing import Any

from models.domain.sides import RESOLVED, SideChange
from models.outbox import Stub, stub

SHOWN_DIFFERENCES = 20


def side_stubs(  # noqa: PLR0913 - an event has this many facts
    change: SideChange, state: str | None, who: str, *, alone: bool, order: str | None = None, why: str | None = None
) -> list[Stub]:
    """What a change of the sides owes.

    Args:
        change: of the sides.
        state: of the service after it.
        who: does it.
        alone: nothing else of the service changes, so that no other event tells of the change.
        order: the order that does it.
        why: what for.
    """
    stubs = []
    if alone and change:
        names = sorted({*change.fields, *change.unset})
        told = dict.fromkeys(names, "changed")
        event = "ServiceAttributeValueChangeEvent"
        stubs.append(stub(event, state=state, who=who, why=why, after=told, order=order))
    if change.event is not None:
        reason = why if change.event != RESOLVED else (why or "It is as ordered again.")
        before, after = _few(change.before), _few(change.after)
        stubs.append(stub(change.event, state=state, who=who, why=reason, before=before, after=after, order=order))
    return stubs


def _few(drift: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A drift in an event: its first differences; all of them stand in the service."""
    return None if drift is None else {**drift, "difference": drift["difference"][:SHOWN_DIFFERENCES]}
