"""What a plan writes of its services: the update documents, each with the events that it owes; no input or output."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from models import outbox
from models.clock import to_text
from models.domain import desired
from models.domain.actual import Source
from models.domain.caller import ENGINE
from models.domain.lifecycles import SERVICE
from models.domain.plan import PlannedService
from models.domain.service_change import BUILT, DESIRED, Changes, Report, changed, in_state, with_delta, with_report
from models.domain.sides import Work, worked
from models.service_events import side_stubs

Document = dict[str, Any]


def new_service(service: PlannedService, owner: Document, action: str, tenant: str, now: datetime) -> Document:
    """The document of a new service: its desired side, and nothing that is yet.

    Args:
        service: what the plan says of it.
        owner: {order, item, plan}: the item that makes it.
        action: of that item.
        tenant: whose it is.
        now: the present moment.
    """
    order_id = owner["order"]
    link = desired.link_of(order_id, owner["item"], action)
    body = {**service.body, "id": service.id, "@type": service.body.get("@type", "Service")}
    body.setdefault("state", "designed")
    body["serviceOrderItem"] = [*body.get("serviceOrderItem", ()), {**link, "role": "initiator"}]
    created = outbox.stub("ServiceCreateEvent", state=body["state"], who=ENGINE.subject, order=order_id)
    document = {
        "_id": service.id,
        "tenant": tenant,
        "body": body,
        "desired": desired.ordered(body, service.state, link, to_text(now)),
        "hasDrift": False,
        "owner": owner,
        "applied": {"plan": owner["plan"], "rev": 1},
    }
    return outbox.first(document, [created], now)


def taking(document: Document, planned: PlannedService, order_id: str, plan: str, now: datetime) -> Document:
    """The update by which an item takes an existing service: from now on it shall be what the item wants.

    The owner keeps what the order must know to undo its work: the body, and both sides as it found them.
    """
    wanted, body, at = desired.known(document), document["body"], to_text(now)
    link = desired.link_of(order_id, planned.item, "add" if planned.anew else planned.action)
    mine: Document = {"order": order_id, "item": planned.item, "plan": plan, "action": planned.action}
    mine |= {"before": _kept(body, planned.body), "wanted": wanted}
    if "actual" in document:
        mine["known"] = document["actual"]
    if planned.action == "delete":
        made = desired.reordered(wanted, body, {}, None, "terminated", link, at)
    else:
        made = desired.reordered(wanted, body, planned.body, planned.specification, planned.state, link, at)
    told = outbox.stub(
        "ServiceAttributeValueChangeEvent",
        state=body.get("state"),
        who=ENGINE.subject,
        why=f"The order {order_id} wants it otherwise.",
        after={"desired": {"state": made["state"], "serviceOrderItem": link}},
        order=order_id,
    )
    return outbox.change(document, {"owner": mine, "desired": made}, [told], now)


@dataclass(frozen=True, slots=True)
class Told:
    """What fulfillers said of a service.

    Attributes:
        report: the values and what else they reported.
        tellers: which of them spoke of a characteristic, by its name.
        readers: who of all can be asked what is later on, and the seconds between two questions.
    """

    report: Report = field(default_factory=Report)
    tellers: Mapping[str, str] = field(default_factory=dict)
    readers: Mapping[str, float] = field(default_factory=dict)


FIRST_READ = 5.0
"""Seconds from the end of an order to the first look whether what was done is so, at most."""


def effected(  # noqa: PLR0913, PLR0917 - an effect has these sides
    document: Document, effect: Document, planned: PlannedService, told: Told, plan: str, now: datetime
) -> Document:
    """The update that an effect makes; see `Services.apply` for the effect.

    Args:
        document: the service as it is.
        effect: the effect.
        planned: what the plan says of the service.
        told: what fulfillers said of it.
        plan: the plan's id.
        now: the present moment.
    """
    body, owner, at = document["body"], document["owner"], to_text(now)
    fields: Document = {"applied": {"plan": plan, "rev": effect["n"]}}
    if effect.get("values") and not effect.get("release"):
        owner = _informed(owner, body, effect["values"])
    completes = _completes(effect)
    if completes and not effect.get("release"):
        owner = {**owner, "done": True}
    unset = ["owner", "waiting"] if effect.get("release") else []
    if effect.get("release"):
        fields["former"] = {**owner, "done": True} if completes else owner
    elif owner is not document["owner"]:
        fields["owner"] = owner
    if effect.get("built"):
        fields["builtBy"] = _built(document.get("builtBy", ()), effect["built"])
    if effect.get("remove") and body.get("state") in DESIRED:
        fields["tenant"] = f"~{document['tenant']}"
        gone = outbox.stub("ServiceDeleteEvent", state=body["state"], who=ENGINE.subject, order=owner.get("order"))
        return outbox.change(document, fields, [gone], now, unset=unset)
    before, after = changed(body, _wanted(body, effect, planned, told.report, owner, at))
    sides = worked(document, {**body, **after}, _work(effect, owner, told.tellers, at, completes=completes))
    stubs = _stubs(before, after, body.get("state", ""), owner["order"])
    state = after.get("state", body.get("state"))
    stubs += side_stubs(sides, state, ENGINE.subject, alone=not after, order=owner["order"])
    if effect.get("release") and state in BUILT:
        fields |= _first_read(fields.get("builtBy") or document.get("builtBy", ()), told.readers, now)
    fields.update({f"body.{name}": value for name, value in after.items() if value is not None}, **sides.fields)
    unset += [f"body.{name}" for name, value in after.items() if value is None] + sides.unset
    return outbox.change(document, fields, stubs, now, unset=unset, visible=bool(after or sides))


def after_write(document: Document, change: Document) -> Document:
    """The document as a write has left it, so that it need not be read again."""
    made, body = dict(document), dict(document["body"])
    for path, value in change["$set"].items():
        if path.startswith("body."):
            body[path.removeprefix("body.")] = value
        elif path != "owed":
            made[path] = value
    for path in change.get("$unset", {}):
        if path.startswith("body."):
            body.pop(path.removeprefix("body."), None)
        else:
            made.pop(path, None)
    for name, by in change.get("$inc", {}).items():
        made[name] += by
    return {**made, "body": body}


def _completes(effect: Document) -> bool:
    """Whether the service is with this effect what its item wants it to be."""
    return bool(effect.get("delta") or effect.get("remove") or "state" in effect) and not effect.get("restore")


def _work(effect: Document, owner: Document, tellers: Mapping[str, str], at: str, *, completes: bool) -> Work:
    return Work(
        order=owner["order"],
        at=at,
        completes=completes,
        restores=bool(effect.get("restore")),
        releases=bool(effect.get("release")),
        given=effect.get("values"),
        reported={name: Source("reported", by, at) for name, by in tellers.items()},
    )


def _first_read(built: Sequence[Document], readers: Mapping[str, float], now: datetime) -> Document:
    """When the service is read, where anybody who has built it can be asked."""
    intervals = [readers[entry["fulfiller"]] for entry in built if entry["fulfiller"] in readers] if readers else []
    return {"readDue": now + timedelta(seconds=min(FIRST_READ, *intervals))} if intervals else {}


def _built(known: Sequence[Document], now: Sequence[Document]) -> list[Document]:
    """Who did which work for the service, the last to do it."""
    return list({entry["specification"]: entry for entry in (*known, *now)}.values())


def _stubs(before: Changes, after: Changes, state: str, order: str) -> list[outbox.Stub]:
    """The events of a change: one, or one for each state entered where the life cycle knows a way through active only.

    A service that was switched off when it was terminated is brought back through active.
    """
    if not after:
        return []
    if "state" not in after:
        changed_event = "ServiceAttributeValueChangeEvent"
        return [outbox.stub(changed_event, state=state, who=ENGINE.subject, before=before, after=after, order=order)]
    stubs = []
    for step in SERVICE.path(state, after["state"], through="active"):
        was, made = {**before, "state": state}, {**after, "state": step}
        event = "ServiceStateChangeEvent"
        stubs.append(outbox.stub(event, state=step, who=ENGINE.subject, before=was, after=made, order=order))
        state = step
    return stubs


_CHANGED_BY_WORK = (
    "state", "serviceCharacteristic", "supportingResource", "supportingService", "startDate", "endDate",
    "isServiceEnabled", "hasStarted",
)  # fmt: skip


def _kept(body: Document, delta: Mapping[str, Any]) -> Document:
    """What of a service must be known to undo a change of it: what work changes, and what the delta names."""
    named = (name for name in delta if name not in ("id", "href", "@type", "@baseType", "@schemaLocation"))
    return {name: body.get(name) for name in (*_CHANGED_BY_WORK, *named)}


def _informed(owner: Document, body: Document, given: Mapping[str, Any]) -> Document:
    """An owner whose customer has said more, kept for the end of a change; and what was there before, to undo it."""
    made = {**owner, "informed": {**owner.get("informed", {}), **with_delta(owner.get("informed", {}), given)}}
    if "before" in owner:
        made["before"] = {**{name: body.get(name) for name in given}, **owner["before"]}
    return made


def _wanted(  # noqa: PLR0913, PLR0917 - an effect has these sides
    body: Document, effect: Document, planned: PlannedService, report: Report, owner: Document, at: str
) -> Changes:
    if effect.get("restore"):
        return dict(owner.get("before", {}))
    changes: Changes = {}
    if effect.get("delta"):
        changes.update(with_delta(body, planned.body))
        changes.update(with_delta({**body, **changes}, owner.get("informed", {})))
    if effect.get("values"):
        changes.update(with_delta({**body, **changes}, effect["values"]))
    changes.update(with_report({**body, **changes}, report))
    target = "terminated" if effect.get("remove") else effect.get("state")
    if target is None and effect.get("reserved"):
        target = "reserved"
    if target and (SERVICE.allows(body.get("state", ""), target) or (planned.anew and target in BUILT)):
        changes.update(in_state(body, target, at))
    return changes
