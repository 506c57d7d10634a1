"""The inventory port on our own collection: the services that planning has to know."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from pymongo.errors import PyMongoError

from models.domain.errors import Unavailable
from models.domain.service_change import BUILT, DESIRED
from models.domain.snapshot import RELIES_ON, Builder, Wish, related_ids
from models.enabling import builders_of
from models.store import Store

Document = dict[str, Any]
COLLECTION = "service"
_CHUNK = 1_000


class Inventory:
    """Services of our own inventory."""

    def __init__(self, store: Store) -> None:
        """Read from this store."""
        self._store = store

    async def services(self, tenant: str, ids: Iterable[str]) -> dict[str, Document]:
        """Return the bodies of those of the services that exist, by id.

        Raises:
            Unavailable: the database cannot be reached.
        """
        found: dict[str, Document] = {}
        for chunk in _chunks(sorted(set(ids))):
            async for document in self._find({"_id": {"$in": chunk}, "tenant": tenant}):
                found[document["_id"]] = document["body"]
        return found

    async def gone(self, tenant: str, ids: Iterable[str]) -> frozenset[str]:
        """Return the ids of those of the services that are terminated although they were ordered to be there.

        Raises:
            Unavailable: the database cannot be reached.
        """
        wanted = {"_id": {"$in": sorted(set(ids))}, "tenant": tenant, "body.state": "terminated"}
        ordered = {"desired.state": {"$in": sorted(BUILT)}}
        return frozenset([found["_id"] async for found in self._find({**wanted, **ordered}, fields={"_id": 1})])

    async def shared_with(self, tenant: str, wish: Wish, limit: int = 1) -> list[Document]:
        """Return the bodies of the oldest active services that fit a wish, and that no order is taking out of use.

        Raises:
            Unavailable: the database cannot be reached.
        """
        wanted = {**_fitting(tenant, wish), "body.state": "active", "owner.action": {"$ne": "delete"}}
        hint = "shared_by_value" if wish.match else "shared"
        return [document["body"] async for document in self._find(wanted, hint=hint, limit=limit)]

    async def being_built(self, tenant: str, wish: Wish, besides: str) -> Builder | None:
        """Return which order, besides one, builds a service that fits a wish; None where none does.

        Raises:
            Unavailable: the database cannot be reached.
        """
        wanted = {**_fitting(tenant, wish), "body.state": {"$in": sorted(DESIRED)}, "owner.order": {"$gt": ""}}
        fields = {"owner.order": 1}
        async for document in self._find(wanted, fields=fields, hint="owned_by_specification", limit=2):
            if document["owner"]["order"] != besides:
                return Builder(document["owner"]["order"], document["_id"])
        return None

    async def claimed(self, tenant: str, keys: Sequence[str], besides: str) -> dict[str, Builder]:
        """Return by wish (`Wish.key`) which order, besides one, has claimed to build it.

        Raises:
            Unavailable: the database cannot be reached.
        """
        builders = await builders_of(self._store, tenant, keys)
        return {key: builder for key, builder in builders.items() if builder.order != besides}

    async def dependents(self, tenant: str, ids: Iterable[str], besides: str | None = None) -> dict[str, list[str]]:
        """Return for each of the services the ids of the living services that rely on it.

        Args:
            tenant: whose.
            ids: of the services.
            besides: an order; what it has added itself is left out.

        Raises:
            Unavailable: the database cannot be reached.
        """
        found: dict[str, list[str]] = {}
        for chunk in _chunks(sorted(set(ids))):
            known = set(chunk)
            relies = {"$elemMatch": {"relationshipType": RELIES_ON, "service.id": {"$in": chunk}}}
            wanted: Document = {"tenant": tenant, "body.serviceRelationship.service.id": {"$in": chunk},
                      "body.serviceRelationship": relies, "body.state": {"$ne": "terminated"}}  # fmt: skip
            if besides is not None:
                added = {"$elemMatch": {"serviceOrderId": besides, "itemAction": "add"}}
                wanted["body.serviceOrderItem"] = {"$not": added}
            async for document in self._find(wanted, fields={"body.serviceRelationship": 1}):
                for other in related_ids(document["body"], RELIES_ON):
                    if other in known:
                        found.setdefault(other, []).append(document["_id"])
        return {service: sorted(set(users)) for service, users in found.items()}

    async def _find(
        self, wanted: Document, *, fields: Document | None = None, hint: str | None = None, limit: int = 0
    ) -> AsyncIterator[Document]:
        """Yield what fits; by the index that is named, where one is, the oldest first."""
        cursor = self._store.collection(COLLECTION).find(wanted, fields or {"body": 1}, limit=limit)
        if hint is not None:
            cursor = cursor.sort([("created", 1), ("_id", 1)]).hint(hint)
        try:
            async for document in cursor:
                yield document
        except PyMongoError as error:
            raise Unavailable from error


def _fitting(tenant: str, wish: Wish) -> Document:
    """The filter for services of a wish's specification that have its values."""
    having = [
        {"body.serviceCharacteristic": {"$elemMatch": {"name": {"$eq": name}, "value": {"$eq": value}}}}
        for name, value in wish.match.items()
    ]
    of = {"tenant": tenant, "body.serviceSpecification.id": wish.specification}
    return {**of, "$and": having} if having else of


def _chunks(ids: Sequence[str]) -> Iterable[list[str]]:
    for start in range(0, len(ids), _CHUNK):
        yield list(ids[start : start + _CHUNK])
