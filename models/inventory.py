"""The inventory port on our own collection: the services that planning has to know."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from pymongo.errors import PyMongoError

from models.domain.errors import Unavailable
from models.domain.snapshot import RELIES_ON, related_ids
from models.store import Store

Document = dict[str, Any]
COLLECTION = "service"
MAX_SHARED = 200
"""Services of one specification that are looked at without asking for values, the oldest first."""

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

    async def shared(self, tenant: str, specifications: Iterable[str]) -> dict[str, list[Document]]:
        """Return the bodies of active services by their specification, the oldest first: what could be re-used.

        Raises:
            Unavailable: the database cannot be reached.
        """
        found: dict[str, list[Document]] = {}
        for specification in sorted(set(specifications)):
            wanted = {"tenant": tenant, "body.serviceSpecification.id": specification, "body.state": "active"}
            candidates = [document async for document in self._find(wanted, newest_last=True, limit=MAX_SHARED)]
            found[specification] = [document["body"] for document in candidates]
        return found

    async def shared_with(self, tenant: str, specification: str, values: Mapping[str, Any]) -> list[Document]:
        """Return the bodies of active services of a specification that have these values, the oldest first.

        Raises:
            Unavailable: the database cannot be reached.
        """
        having = [
            {"body.serviceCharacteristic": {"$elemMatch": {"name": {"$eq": name}, "value": {"$eq": value}}}}
            for name, value in values.items()
        ]
        wanted: Document = {"tenant": tenant, "body.serviceSpecification.id": specification, "body.state": "active"}
        if having:
            wanted["$and"] = having
        return [document["body"] async for document in self._find(wanted, newest_last=True, limit=MAX_SHARED)]

    async def dependents(self, tenant: str, ids: Iterable[str]) -> dict[str, list[str]]:
        """Return for each of the services the ids of the living services that rely on it.

        Raises:
            Unavailable: the database cannot be reached.
        """
        found: dict[str, list[str]] = {}
        for chunk in _chunks(sorted(set(ids))):
            known = set(chunk)
            relies = {"$elemMatch": {"relationshipType": RELIES_ON, "service.id": {"$in": chunk}}}
            wanted = {"tenant": tenant, "body.serviceRelationship.service.id": {"$in": chunk},
                      "body.serviceRelationship": relies, "body.state": {"$ne": "terminated"}}  # fmt: skip
            async for document in self._find(wanted, fields={"body.serviceRelationship": 1}):
                for other in related_ids(document["body"], RELIES_ON):
                    if other in known:
                        found.setdefault(other, []).append(document["_id"])
        return {service: sorted(set(users)) for service, users in found.items()}

    async def _find(
        self, wanted: Document, *, fields: Document | None = None, newest_last: bool = False, limit: int = 0
    ) -> AsyncIterator[Document]:
        cursor = self._store.collection(COLLECTION).find(wanted, fields or {"body": 1}, limit=limit)
        if newest_last:
            cursor = cursor.sort([("created", 1), ("_id", 1)])
        try:
            async for document in cursor:
                yield document
        except PyMongoError as error:
            raise Unavailable from error


def _chunks(ids: Sequence[str]) -> Iterable[list[str]]:
    for start in range(0, len(ids), _CHUNK):
        yield list(ids[start : start + _CHUNK])
