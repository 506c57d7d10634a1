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
from models.store import Store

Document = dict[str, Any]

COLLECTION = "service"


@dataclass(frozen=True, slots=True)
class Taken:
    """The service is the item's; `body` is what it is at the moment, `before` whether it was the item's already."""

    body: Document
    before: bool = False


@dataclass(frozen=True, slots=True)
class Busy:
    """Another order item works on the service; we are woken when it ends."""

    order: str
    item: str


@dataclass(frozen=True, slots=True)
class Gone:
    """The service is not there any more."""


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

    async def take(self, key: str, order_id: str, item: str) -> Taken | Busy | Gone:
        """Make the service the item's, unless another item works on it."""
        while True:
            document = await self._store.get(COLLECTION, key, tenant=self._tenant)
            if document is None:
                return Gone()
            owner = document.get("owner")
            if owner is None:
                mine = {"order": order_id, "item": item, "plan": self._plan, "before": _kept(document["body"])}
                guard = {"_id": key, "rev": document["rev"], "owner": {"$exists": False}}
                if not await self._store.update(COLLECTION, guard, {"$set": {"owner": mine}}):
                    continue
                self._documents[key] = {**document, "owner": mine}
                return Taken(document["body"])
            if (owner["plan"], owner["item"]) == (self._plan, item):
                self._documents[key] = document
                return Taken(document["body"], before=True)
            guard = {"_id": key, "owner.plan": owner["plan"], "owner.item": owner["item"]}
            if await self._store.update(COLLECTION, guard, {"$addToSet": {"waiting": self._plan}}):
                return Busy(owner["order"], owner["item"])

    async def apply(self, effect: Document, planned: PlannedService, report: Report) -> list[str]:
        """Carry out an effect that the plan owes to a service; one that has taken place already changes nothing.

        Args:
            effect: {n: plan revision, service, state?, delta?, remove?, restore?, release?}.
            planned: what the plan says of the service.
            report: what fulfillers said of it.

        Returns:
            The ids of plans that waited for the service and may now go on.
        """
        key = effect["service"]
        while True:
            document = self._documents.get(key) or await self._store.get(COLLECTION, key, tenant=self._tenant)
            applied = (document or {}).get("applied", {})
            if document is None or (applied.get("plan") == self._plan and applied.get("rev", 0) >= effect["n"]):
                return []
            guard = {"_id": key, "rev": document["rev"], "waiting": document.get("waiting", {"$exists": False})}
            change = self._change(document, effect, planned, report)
            if await self._store.update(COLLECTION, guard, change):
                self._documents.pop(key, None)
                self._keep(document, change)
                return list(document.get("waiting", ())) if effect.get("release") else []
            self._documents.pop(key, None)

    def _keep(self, document: Document, change: Document) -> None:
        """Remember the document as our own write left it."""
        if change["$set"].get("tenant") or "owner" in change.get("$unset", {}):
            return
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
            "rev": document["rev"] + increments.get("rev", 0),
            "seq": document["seq"] + increments.get("seq", 0),
            "updated": change["$set"]["updated"],
            "applied": change["$set"]["applied"],
        }

    def _change(self, document: Document, effect: Document, planned: PlannedService, report: Report) -> Document:
        now = self._clock.now()
        body = document["body"]
        fields: Document = {"applied": {"plan": self._plan, "rev": effect["n"]}}
        owner = document.get("owner", {})
        ours = (owner.get("plan"), owner.get("item")) == (self._plan, planned.item)
        unset = ["owner", "waiting"] if effect.get("release") and ours else []
        if effect.get("remove") and body.get("state") in DESIRED:
            fields["tenant"] = f"~{self._tenant}"
            gone = outbox.stub("ServiceDeleteEvent", state=body["state"], who=ENGINE.subject, order=owner.get("order"))
            return outbox.change(document, fields, [gone], now, unset=unset)
        before, after = changed(body, _wanted(body, effect, planned, report, owner, to_text(now)))
        stubs = []
        if after:
            kind = "ServiceStateChangeEvent" if "state" in after else "ServiceAttributeValueChangeEvent"
            state = after.get("state", body.get("state"))
            order = owner.get("order")
            stubs = [outbox.stub(kind, state=state, who=ENGINE.subject, before=before, after=after, order=order)]
        fields.update({f"body.{name}": value for name, value in after.items() if value is not None})
        unset += [f"body.{name}" for name, value in after.items() if value is None]
        return outbox.change(document, fields, stubs, now, unset=unset, visible=bool(after))


def _kept(body: Document) -> Document:
    """What of a service must be known to undo a change of it."""
    names = ("state", "serviceCharacteristic", "name", "description", "place", "relatedParty", "feature", "endDate")
    return {name: body.get(name) for name in names}


def _wanted(  # noqa: PLR0913, PLR0917 - an effect has these sides
    body: Document, effect: Document, planned: PlannedService, report: Report, owner: Document, at: str
) -> Changes:
    if effect.get("restore"):
        return dict(owner.get("before", {}))
    changes: Changes = {}
    if effect.get("delta"):
        changes.update(with_delta(body, planned.body))
    changes.update(with_report({**body, **changes}, report))
    target = "terminated" if effect.get("remove") else effect.get("state")
    if target and SERVICE.allows(body.get("state", ""), target):
        changes.update(in_state(body, target, at))
    return changes
