"""The services that a plan works on: read, claimed for an order item, and changed as the plan says.

A service belongs to one order item at a time. While it does, only the holder of that item's plan changes it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models import outbox
from models.clock import Clock, to_text
from models.domain.caller import ENGINE
from models.domain.lifecycles import SERVICE
from models.domain.plan import PlannedItem, PlannedService
from models.domain.service_change import (
    DESIRED,
    Changes,
    Report,
    changed,
    in_state,
    with_delta,
    with_report,
)
from models.inventory import Inventory
from models.store import Store

Document = dict[str, Any]

COLLECTION = "service"


@dataclass(frozen=True, slots=True)
class Taken:
    """The service is the item's."""


@dataclass(frozen=True, slots=True)
class Busy:
    """Another order item works on the service; we are woken when it ends."""

    order: str
    item: str


@dataclass(frozen=True, slots=True)
class Gone:
    """The service is not there any more, or has been terminated by somebody else."""

    terminated: bool = False


class Services:
    """The services of one plan, kept at hand while the plan is held."""

    def __init__(self, store: Store, clock: Clock, plan_id: str, tenant: str) -> None:
        """Work for this plan."""
        self._store = store
        self._clock = clock
        self._plan = plan_id
        self._tenant = tenant
        self._documents: dict[str, Document] = {}

    async def read(self, ids: Iterable[str]) -> dict[str, Document]:
        """The bodies of those of the services that exist."""
        wanted = set(ids)
        missing = [key for key in wanted if key not in self._documents]
        if missing:
            guard = {"_id": {"$in": missing}, "tenant": self._tenant}
            async for document in self._store.collection(COLLECTION).find(guard):
                self._documents[document["_id"]] = document
        return {key: self._documents[key]["body"] for key in wanted if key in self._documents}

    def builder(self, service: str, work: str) -> str | None:
        """Who did this kind of work for a service that has been read, by what is written with it."""
        built = self._documents.get(service, {}).get("builtBy", ())
        return next((entry["fulfiller"] for entry in built if entry["specification"] == work), None)

    async def create(
        self, planned: Sequence[PlannedService], order_id: str, actions: Mapping[str, PlannedItem]
    ) -> None:
        """Put the desired instances of new services into the inventory; those that are there already stay."""
        now = self._clock.now()
        new = [self._desired(service, order_id, actions[service.item], now) for service in planned]
        for document in new:
            self._documents.setdefault(document["_id"], document)
        await self._store.insert_missing(COLLECTION, new)

    def _desired(self, service: PlannedService, order_id: str, item: PlannedItem, now: Any) -> Document:
        link = {
            "serviceOrderId": order_id,
            "itemId": item.path.rsplit("/", 1)[-1],
            "itemAction": item.action,
            "role": "initiator",
            "@referredType": "ServiceOrder",
        }
        body = {**service.body, "id": service.id, "@type": service.body.get("@type", "Service")}
        body.setdefault("state", "designed")
        body["serviceOrderItem"] = [*body.get("serviceOrderItem", ()), link]
        created = outbox.stub("ServiceCreateEvent", state=body["state"], who=ENGINE.subject, order=order_id)
        document = {
            "_id": service.id,
            "tenant": self._tenant,
            "body": body,
            "owner": {"order": order_id, "item": item.path, "plan": self._plan},
            "applied": {"plan": self._plan, "rev": 1},
        }
        return outbox.first(document, [created], now)

    async def take(self, planned: PlannedService, order_id: str) -> Taken | Busy | Gone:
        """Make the service its item's, unless another item works on it."""
        key, item = planned.id, planned.item
        while True:
            document = await self._store.get(COLLECTION, key, tenant=self._tenant)
            if document is None:
                return Gone()
            owner = document.get("owner")
            if owner is None:
                if document["body"].get("state") == "terminated":
                    return Gone(terminated=True)
                kept = _kept(document["body"], planned.body)
                mine = {"order": order_id, "item": item, "plan": self._plan, "action": planned.action, "before": kept}
                guard = {"_id": key, "rev": document["rev"], "owner": {"$exists": False}}
                if not await self._store.update(COLLECTION, guard, {"$set": {"owner": mine}}):
                    continue
                self._documents[key] = {**document, "owner": mine}
                return Taken()
            if self._is_ours(owner, item):
                self._documents[key] = document
                return Taken()
            guard = {"_id": key, "owner.plan": owner["plan"], "owner.item": owner["item"]}
            if await self._store.update(COLLECTION, guard, {"$addToSet": {"waiting": self._plan}}):
                return Busy(owner["order"], owner["item"])

    async def users(self, ids: Iterable[str], besides: Iterable[str]) -> list[str]:
        """The living services that rely on one of these, and are none of the others."""
        found = await Inventory(self._store).dependents(self._tenant, ids)
        leaving = set(besides)
        return sorted({user for users in found.values() for user in users if user not in leaving})

    async def unusable(self, ids: Iterable[str]) -> str | None:
        """Which of these services can no longer be relied on, for it is out of use or is being taken out of it."""
        wanted = set(ids)
        guard = {
            "_id": {"$in": sorted(wanted)},
            "tenant": self._tenant,
            "body.state": {"$ne": "terminated"},
            "owner.action": {"$ne": "delete"},
        }
        async for document in self._store.collection(COLLECTION).find(guard, {"_id": 1}):
            wanted.discard(document["_id"])
        return min(wanted, default=None)

    async def take_back(self, planned: PlannedService) -> str | None:
        """Make a service that its item has let go of the item's again, to undo what the item did.

        Returns:
            Why not, in words: somebody else has worked on it since, or does now. None where it is the item's again, or
            is not there any more.
        """
        while True:
            document = await self._store.get(COLLECTION, planned.id, tenant=self._tenant)
            if document is None:
                return None
            owner, former = document.get("owner"), document.get("former", {})
            if self._is_ours(owner or {}, planned.item):
                return None
            if owner is not None:
                return f"the order {owner['order']} works on the service {planned.id}"
            if not self._is_ours(former, planned.item):
                return f"the service {planned.id} has been changed by another order since"
            guard = {"_id": planned.id, "rev": document["rev"], "owner": {"$exists": False}}
            if await self._store.update(COLLECTION, guard, {"$set": {"owner": former}}):
                self._documents.pop(planned.id, None)
                return None

    def _is_ours(self, owner: Mapping[str, Any], item: str) -> bool:
        return (owner.get("plan"), owner.get("item")) == (self._plan, item)

    async def apply(self, effect: Document, planned: PlannedService, report: Report) -> list[str]:
        """Carry out an effect that the plan owes to a service; one that has taken place already changes nothing.

        So a service that is not the item's is left alone: the item has let go of it with its last effect, and what is
        repeated after a crash must not overwrite what others have made of the service since.

        Args:
            effect: {n: plan revision, service, state?, reserved?, delta?, values?, remove?, restore?, release?,
                built?}; `values` is what the customer has said since the order was planned.
            planned: what the plan says of the service.
            report: what fulfillers said of it.

        Returns:
            The ids of plans, and of orders without one, that waited for the service and may now go on: it is free, or
            in use.
        """
        key = effect["service"]
        while True:
            document = self._documents.get(key) or await self._store.get(COLLECTION, key, tenant=self._tenant)
            applied = (document or {}).get("applied", {})
            if document is None or not self._is_ours(document.get("owner", {}), planned.item):
                if self._documents.pop(key, None) is None:
                    return []
                continue  # as remembered; it may be otherwise by now
            if applied.get("plan") == self._plan and applied.get("rev", 0) >= effect["n"]:
                return []
            guard = {"_id": key, "rev": document["rev"], "waiting": document.get("waiting", {"$exists": False})}
            change = self._change(document, effect, planned, report)
            if await self._store.update(COLLECTION, guard, change):
                self._documents.pop(key, None)
                self._keep(document, change)
                tells = effect.get("release") or effect.get("state")
                return list(document.get("waiting", ())) if tells else []
            self._documents.pop(key, None)

    def _keep(self, document: Document, change: Document) -> None:
        """Remember the document as our own write left it."""
        if change["$set"].get("tenant") or "owner" in change.get("$unset", {}):
            return
        owner = change["$set"].get("owner", document["owner"])
        body = {**document["body"]}
        for path, value in change["$set"].items():
            if path.startswith("body."):
                body[path.removeprefix("body.")] = value
        for path in change.get("$unset", {}):
            body.pop(path.removeprefix("body."), None)
        increments = change.get("$inc", {})
        self._documents[document["_id"]] = {
            **document,
            "body": body,
            "owner": owner,
            "rev": document["rev"] + increments.get("rev", 0),
            "seq": document["seq"] + increments.get("seq", 0),
            "updated": change["$set"]["updated"],
            "applied": change["$set"]["applied"],
        }

    def _change(self, document: Document, effect: Document, planned: PlannedService, report: Report) -> Document:
        now = self._clock.now()
        body = document["body"]
        fields: Document = {"applied": {"plan": self._plan, "rev": effect["n"]}}
        owner = document["owner"]
        if effect.get("values") and not effect.get("release"):
            fields["owner"] = owner = _informed(owner, body, effect["values"])
        unset = ["owner", "waiting"] if effect.get("release") else []
        if effect.get("release"):
            fields["former"] = owner
        if effect.get("built"):
            fields["builtBy"] = _built(document.get("builtBy", ()), effect["built"])
        if effect.get("remove") and body.get("state") in DESIRED:
            fields["tenant"] = f"~{self._tenant}"
            gone = outbox.stub("ServiceDeleteEvent", state=body["state"], who=ENGINE.subject, order=owner.get("order"))
            return outbox.change(document, fields, [gone], now, unset=unset)
        before, after = changed(body, _wanted(body, effect, planned, report, owner, to_text(now)))
        stubs = _stubs(before, after, body.get("state", ""), owner["order"])
        fields.update({f"body.{name}": value for name, value in after.items() if value is not None})
        unset += [f"body.{name}" for name, value in after.items() if value is None]
        return outbox.change(document, fields, stubs, now, unset=unset, visible=bool(after))


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
    target = (
        "terminated"
        if effect.get("remove")
        else effect.get("state") or ("reserved" if effect.get("reserved") else None)
    )
    if target and SERVICE.allows(body.get("state", ""), target):
        changes.update(in_state(body, target, at))
    return changes
