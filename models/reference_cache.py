"""Reference data in memory: small collections that are read with every order and change seldom."""

import asyncio
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from pymongo.errors import PyMongoError

from models.domain.errors import Unavailable
from models.store import Store

Document = dict[str, Any]
T = TypeVar("T")


class ReferenceCache(Generic[T]):
    """Everything that a small collection holds for a tenant, made into what its readers need.

    A change stream tells of changes by `invalidate`; a reader that misses something may `refresh` first.
    """

    def __init__(self, store: Store, collection: str, make: Callable[[list[Document]], T]) -> None:
        """Read this collection; `make` turns a tenant's documents into the cached value."""
        self._store = store
        self._collection = collection
        self._make = make
        self._values: dict[str, T] = {}
        self._generation = 0
        self._reading = asyncio.Lock()

    def invalidate(self) -> None:
        """Forget everything: the collection has changed, or may have."""
        self._generation += 1
        self._values.clear()

    async def get(self, tenant: str) -> T:
        """The tenant's value, read when it is not at hand."""
        value = self._values.get(tenant)
        return value if value is not None else await self.refresh(tenant)

    async def refresh(self, tenant: str) -> T:
        """Read the tenant's value from the database."""
        async with self._reading:
            generation = self._generation
            try:
                documents = await self._store.collection(self._collection).find({"tenant": tenant}).to_list()
            except PyMongoError as error:
                raise Unavailable from error
            value = self._make(documents)
            if generation == self._generation:
                self._values[tenant] = value
            return value
