"""Both sides of a service in one change: what it does to the desired side, the actual side, and the drift between them.

While an order works on a service, what is about to change is no drift: drift stays as the order found it, and is worked
out again as the order lets go.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models.domain import actual as actual_side
from models.domain import desired as desired_side
from models.domain.actual import Source
from models.domain.drift import difference, drifted, fingerprint
from models.domain.service_change import DESIRED

Body = Mapping[str, Any]
Document = dict[str, Any]

DETECTED, RESOLVED = "ServiceDriftDetectedEvent", "ServiceDriftResolvedEvent"


@dataclass(slots=True)
class SideChange:
    """What a change does to the sides of a service.

    Attributes:
        fields: that stand beside the body, to be set.
        unset: those to be removed.
        event: the type of the event that drift has appeared or changed, or that it has gone.
        before: the drift before, for that event.
        after: the drift after.
    """

    fields: Document = field(default_factory=dict)
    unset: list[str] = field(default_factory=list)
    event: str | None = None
    before: Document | None = None
    after: Document | None = None

    def __bool__(self) -> bool:
        """Whether anything changes."""
        return bool(self.fields or self.unset)

    def put(self, stored: Mapping[str, Any], name: str, value: Any) -> None:
        """Set a side, or remove it, where it is otherwise so far."""
        if value is None:
            if name in stored:
                self.unset.append(name)
        elif stored.get(name) != value:
            self.fields[name] = value


def shown(document: Mapping[str, Any]) -> Document:
    """The body of a stored service together with its sides, as its readers see it."""
    body: Document = document["body"]
    desired = desired_side.known(document)
    made = dict(body)
    if desired is not None:
        made["desired"] = desired
    actual = actual_side.known(document)
    if actual is not None:
        made["actual"] = actual
    made["hasDrift"] = document.get("hasDrift", False)
    if "drift" in document:
        made["drift"] = document["drift"]
    return made


def work_out_drift(change: SideChange, stored: Mapping[str, Any], body: Body, desired: Body | None, at: str) -> None:
    """Bring the drift up to date with both sides, and note which event tells of it.

    Args:
        change: it goes into this; of the actual side what it sets counts.
        stored: the document before the change.
        body: the body after it.
        desired: the desired side after it.
        at: now.
    """
    actual = change.fields.get("actual") or stored.get("actual")
    was = stored.get("drift")
    planned_only = body.get("state") in DESIRED
    found = [] if desired is None or planned_only else difference(desired, body, actual)
    now = drifted(was, found, at)
    if fingerprint(was) == fingerprint(now):
        return
    change.put(stored, "drift", now)
    change.put(stored, "hasDrift", now is not None)
    change.event, change.before, change.after = (DETECTED if now is not None else RESOLVED), was, now


def recorded(stored: Mapping[str, Any], body: Body, source: Source, reported: Mapping[str, Source]) -> SideChange:
    """What it does to the sides that somebody beside an order says what a service is: client or reconciliation.

    Args:
        stored: the document before; of a new one its body alone.
        body: the body after.
        source: who says so.
        reported: where values come from that are spoken of, changed or not; empty where only changes count.
    """
    change = SideChange()
    desired = desired_side.known(stored) if "rev" in stored else None
    if body.get("state") not in DESIRED:
        was = actual_side.known(stored) if "rev" in stored else None
        change.put(stored, "actual", actual_side.seen(was, body, reported, source))
    change.put(stored, "desired", desired)  # once it has been worked out from what was, it must not follow what is
    if "hasDrift" not in stored:
        change.fields["hasDrift"] = False
    work_out_drift(change, stored, body, desired, source.at)
    return change


@dataclass(frozen=True, slots=True)
class Work:
    """What an order does to a service in one write.

    Attributes:
        order: its id.
        at: now.
        completes: the service is now as its order item wants it.
        restores: it is put back as it was before the order took it.
        releases: the order lets go of it.
        given: what the customer has said of it since the order was planned.
        reported: where the values come from that fulfillers have spoken of, by name.
    """

    order: str
    at: str
    completes: bool = False
    restores: bool = False
    releases: bool = False
    given: Body | None = None
    reported: Mapping[str, Source] = field(default_factory=dict)


def worked(stored: Mapping[str, Any], body: Body, work: Work) -> SideChange:
    """What the work of an order does to the sides of a service.

    An order that lets go of a service without having made it what it wanted takes its wish back with it.

    Args:
        stored: the document before; its `owner` has the sides as the order found them, as `wanted` and `known`.
        body: the body after.
        work: what is done.
    """
    change, owner = SideChange(), stored["owner"]
    desired = stored.get("desired")
    if work.given and desired is not None:
        desired = desired_side.told_more(desired, work.given)
    undone = work.releases and not work.completes and not owner.get("done")
    if (work.restores or undone) and "wanted" in owner:
        desired = owner["wanted"]
    if work.restores:
        change.put(stored, "actual", owner.get("known", stored.get("actual")))
    elif work.completes or work.reported:
        change.put(stored, "actual", _actual(stored.get("actual"), body, work))
    change.put(stored, "desired", desired)
    if work.releases:
        work_out_drift(change, stored, body, desired, work.at)
    return change


def _actual(was: Body | None, body: Body, work: Work) -> Document | None:
    if body.get("state") not in DESIRED:
        return actual_side.seen(was, body, work.reported, Source("ordered", work.order, work.at))
    if not work.reported:
        return dict(was) if was is not None else None
    return actual_side.reported_only(was, body, work.reported, work.at)
