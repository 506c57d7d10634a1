"""The services that a plan works on: read, claimed for an order item, and changed as the plan says.

A service belongs to one order item at a time. While it does, only the holder of that item's plan changes it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.clock import Clock
from models.domain.plan import PlannedItem, PlannedService
from models.inventory import Inventory
from models.store import Store
from scheduler.service_changes import Told, after_write, effected, new_service, taking

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


@dataclass(frozen=True, slots=True)
class There:
    """The service that was gone, and shall be built anew, is there again."""


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
        new = [self._new(service, order_id, actions[service.item], now) for service in planned]
        for document in new:
            self._documents.setdefault(document["_id"], document)
        await self._store.insert_missing(COLLECTION, new)

    def _new(self, service: PlannedService, order_id: str, item: PlannedItem, now: datetime) -> Document:
        owner = {"order": order_id, "item": item.path, "plan": self._plan}
        return new_service(service, owner, item.action, self._tenant, now)

    async def take(self, planned: PlannedService, order_id: str) -> Taken | Busy | Gone | There:
        """Make the service its item's, unless another item works on it."""
        key, item = planned.id, planned.item
        while True:
            document = await self._store.get(COLLECTION, key, tenant=self._tenant)
            if document is None:
                return Gone()
            owner = document.get("owner")
            if owner is None:
                terminated = document["body"].get("state") == "terminated"
                if terminated != planned.anew:
                    return Gone(terminated=True) if terminated else There()
                change = taking(document, planned, order_id, self._plan, self._clock.now())
                guard = {"_id": key, "rev": document["rev"], "owner": {"$exists": False}}
                if not await self._store.update(COLLECTION, guard, change):
                    continue
                self._documents[key] = after_write(document, change)
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

    async def apply(self, effect: Document, planned: PlannedService, told: Told) -> list[str]:
        """Carry out an effect that the plan owes to a service; one that has taken place already changes nothing.

        So a service that is not the item's is left alone: the item has let go of it with its last effect, and what is
        repeated after a crash must not overwrite what others have made of the service since.

        Args:
            effect: {n: plan revision, service, state?, reserved?, delta?, values?, remove?, restore?, release?,
                built?}; `values` is what the customer has said since the order was planned.
            planned: what the plan says of the service.
            told: what fulfillers said of it.

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
            change = effected(document, effect, planned, told, self._plan, self._clock.now())
            if await self._store.update(COLLECTION, guard, change):
                self._documents.pop(key, None)
                self._keep(document, change)
                tells = effect.get("release") or effect.get("state")
                return list(document.get("waiting", ())) if tells else []
            self._documents.pop(key, None)

    def _keep(self, document: Document, change: Document) -> None:
        """Remember the document as our own write left it."""
        if not (change["$set"].get("tenant") or "owner" in change.get("$unset", {})):
            self._documents[document["_id"]] = after_write(document, change)
