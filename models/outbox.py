"""A change and the events it owes stand in the same document and are written at once.

An owed event is a stub; the relay renders it over the body, gives it to the subscribers and strikes it off.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from models.clock import to_text
from models.ids import new_id

Document = dict[str, Any]
Stub = dict[str, Any]


def stub(  # noqa: PLR0913 - an event has this many facts
    event_type: str,
    *,
    state: str | None = None,
    who: str,
    why: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    fields: Mapping[str, Any] | None = None,
    order: str | None = None,
    states: Mapping[str, Any] | None = None,
    view: str | None = None,
) -> Stub:
    """An owed event, still without number and time, which the write gives it.

    Args:
        event_type: TM Forum's name, such as `ServiceOrderStateChangeEvent`.
        state: the resource's state right after this change, where it has one.
        who: subject that caused it.
        why: what for, in words, where that is known.
        before: what changed, as it was; small.
        after: what changed, as it is; small.
        fields: further attributes of the event, such as the milestone reached.
        order: the order that caused it, where that is another resource's event.
        states: all attributes that are states right after this change, of a resource that has several.
        view: name of another view of the resource, where the event tells of that (`Subject.view_of`).
    """
    made: Stub = {"id": new_id(), "type": event_type, "who": who}
    for name, value in (
        ("state", state),
        ("why", why),
        ("before", before),
        ("after", after),
        ("fields", fields),
        ("order", order),
        ("states", states),
        ("view", view),
    ):
        if value is not None:
            made[name] = value
    return made


def _numbered(stubs: Sequence[Stub], seq: int, at: str) -> list[Stub]:
    return [{**owed, "seq": seq + number, "at": at} for number, owed in enumerate(stubs, 1)]


def first(document: Document, stubs: Sequence[Stub], now: datetime) -> Document:
    """Complete a new resource document: revision 1, its dates, and the events that its creation owes."""
    document.update(rev=1, seq=len(stubs), created=now, updated=now)
    if stubs:
        document.update(outbox=_numbered(stubs, 0, to_text(now)), owed=now)
    return document


def change(  # noqa: PLR0913 - what a write consists of
    stored: Mapping[str, Any],
    set_fields: Mapping[str, Any],
    stubs: Sequence[Stub],
    now: datetime,
    *,
    unset: Sequence[str] = (),
    visible: bool = True,
) -> Document:
    """The update document of one visible change of a stored resource.

    Event times never go back within a resource, whatever the clocks of the writers say. Guard the write with
    `{_id, tenant, rev}` of the document that it was made from.

    Args:
        stored: the document as read; `seq` and `updated` are used.
        set_fields: fields to set, by path in the document.
        stubs: the events owed.
        now: the present moment.
        unset: fields to remove.
        visible: whether clients can see the change, so that the revision grows.
    """
    moment = max(now, stored["updated"])
    update: Document = {"$set": {**set_fields, "updated": moment}}
    increments = {"rev": 1} if visible else {}
    if stubs:
        update["$set"]["owed"] = now
        update["$push"] = {"outbox": {"$each": _numbered(stubs, stored["seq"], to_text(moment))}}
        increments["seq"] = len(stubs)
    if increments:
        update["$inc"] = increments
    if unset:
        update["$unset"] = dict.fromkeys(unset, "")
    return update
