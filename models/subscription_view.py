"""Subscriptions read off services and orders, at the same cost however many there are.

Not to be mixed up with the collection `subscription`, which holds what is registered at hubs: listeners.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.counts import Counts
from models.domain.lifecycles import SERVICE_ORDER
from models.domain.subscription_view import STATES
from models.reading import reading
from models.store import Store
from models.stored import Spec, index

Document = dict[str, Any]

_PARTY = "body.relatedParty.id"
_HAS_PARTY = {_PARTY: {"$exists": True}}


def _of_parties(name: str, *fields: str) -> Spec:
    return index(name, "tenant", *fields, "created", "id", partialFilterExpression=_HAS_PARTY)


INDEXES = (
    _of_parties("subscriptions"),
    _of_parties("subscriptions_by_state", "body.state"),
    _of_parties("subscriptions_by_specification", "body.serviceSpecification.id"),
    _of_parties("subscriptions_of_party", _PARTY, "body.state"),
)
"""Over the services that somebody subscribes to: those that name a party."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which subscriptions are wanted.

    Attributes:
        party: id of a party.
        states: of subscriptions.
        specification: id of the services' specification.
    """

    party: str | None = None
    states: tuple[str, ...] = ()
    specification: str | None = None

    def condition(self, tenant: str) -> Document:
        """The filter for their services."""
        party: Document = {"$exists": True} if self.party is None else {"$exists": True, "$eq": self.party}
        found: Document = {"tenant": tenant, _PARTY: party}
        if self.states:
            states = [state for word in self.states for state in STATES[word]]
            found["body.state"] = {"$in": states}
        if self.specification is not None:
            found["body.serviceSpecification.id"] = self.specification
        return found


@dataclass(frozen=True, slots=True)
class Seen:
    """One subscription as it was found: the service's document, when its state changed last, the orders under way."""

    service: Document
    moved: str | None = None
    orders: Sequence[Mapping[str, Any]] = field(default_factory=list)


class SubscriptionView:
    """Reads subscriptions."""

    def __init__(self, store: Store, counts: Counts, seconds: float) -> None:
        """Read from this store, each query in so many seconds at most."""
        self._store = store
        self._counts = counts
        self._limit = round(seconds * 1000)

    async def page(self, tenant: str, wanted: Wanted, offset: int, limit: int) -> tuple[int, list[Seen]]:
        """How many match, and a page of them by creation.

        Raises:
            QueryTooExpensive: it takes too long.
            Unavailable: the database cannot be reached.
        """
        condition = wanted.condition(tenant)
        services = self._store.collection("service")

        async def count() -> int:
            return await services.count_documents(condition, maxTimeMS=self._limit)

        with reading():
            total = await self._counts.get(("subscriptions", repr(condition)), count)
            if limit == 0:
                return total, []
            cursor = services.find(condition, {"body": 1, "created": 1}, skip=offset, limit=limit)
            found = await cursor.sort([("created", 1), ("_id", 1)]).max_time_ms(self._limit).to_list()
        return max(total, offset + len(found) if found else 0), await self._seen(tenant, found)

    async def one(self, tenant: str, key: str) -> Seen | None:
        """The subscription with this id, which is its service's; None where there is none, or nobody subscribes to it.

        Raises:
            Unavailable: the database cannot be reached.
        """
        with reading():
            wanted = {"_id": key, "tenant": tenant, **_HAS_PARTY}
            found = await self._store.collection("service").find_one(wanted, {"body": 1, "created": 1})
        return (await self._seen(tenant, [found]))[0] if found is not None else None

    async def _seen(self, tenant: str, services: Sequence[Document]) -> list[Seen]:
        """The services with what is under way for them: one query for the orders, and few for the history."""
        ids = [service["_id"] for service in services]
        suspended = [service["_id"] for service in services if service["body"].get("state") == "inactive"]
        orders = await self._orders(tenant, ids)
        moved = await asyncio.gather(*(self._moved(key) for key in suspended))
        moments = dict(zip(suspended, moved, strict=True))
        return [Seen(one, moments.get(one["_id"]), orders.get(one["_id"], [])) for one in services]

    async def _orders(self, tenant: str, ids: Sequence[str]) -> dict[str, list[Document]]:
        """The orders under way that name these services, by service."""
        if not ids:
            return {}
        path = "body.serviceOrderItem.service.id"
        wanted = {"tenant": tenant, path: {"$in": list(ids)}, "body.state": {"$nin": sorted(SERVICE_ORDER.final)}}
        shown = {"body.state": 1, "body.serviceOrderItem": 1, "body.expectedCompletionDate": 1, "body.orderDate": 1}
        known, found = set(ids), dict[str, list[Document]]()
        with reading():
            cursor = self._store.collection("serviceOrder").find(wanted, shown).max_time_ms(self._limit)
            async for order in cursor:
                named = {(item.get("service") or {}).get("id") for item in order["body"]["serviceOrderItem"]}
                for key in known.intersection(named):
                    found.setdefault(key, []).append(order)
        return found

    async def _moved(self, key: str) -> str | None:
        """When the state of a service changed last; of one that was switched off, no date of its own tells."""
        wanted = {"resource.id": key, "type": "ServiceStateChangeEvent"}
        with reading():
            event = await self._store.collection("event").find_one(wanted, {"at": 1}, sort=[("seq", -1)])
        return event["at"] if event is not None else None
