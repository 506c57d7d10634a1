"""The store: where handlers, scheduler and notifier meet."""

import asyncio
from collections.abc import Iterable
from typing import Any

from bson.codec_options import CodecOptions
from pymongo import AsyncMongoClient, ReadPreference, WriteConcern
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError

from models.domain.errors import AlreadyExists, Unavailable
from models.driver import make_cancellable
from models.group_commit import GroupCommit, Write, delete_write, insert_write, update_write

Document = dict[str, Any]

_WRITES_AT_A_TIME = 50

CLIENT_OPTIONS: dict[str, Any] = {
    "serverSelectionTimeoutMS": 5_000,
    "connectTimeoutMS": 5_000,
    "socketTimeoutMS": 30_000,
    "appname": "som",
    "tz_aware": True,
    "maxPoolSize": 64,
}


def connect(url: str) -> AsyncMongoClient[Document]:
    """A client for the database at this address, with the time-outs that the server relies on."""
    make_cancellable()
    return AsyncMongoClient(url, **CLIENT_OPTIONS)


class Store:
    """All collections of one database: raw reads, and writes by group commit with `w=majority`."""

    def __init__(self, client: AsyncMongoClient[Document], database: str) -> None:
        """Use this database through this client, whose owner closes it."""
        self.client = client
        self.database: AsyncDatabase[Document] = client.get_database(
            database,
            codec_options=CodecOptions(tz_aware=True),
            write_concern=WriteConcern("majority"),
            read_preference=ReadPreference.PRIMARY,
        )
        self._writers: dict[str, GroupCommit] = {}

    def collection(self, name: str) -> AsyncCollection[Document]:
        """A collection, for reads."""
        return self.database.get_collection(name)

    async def get(self, collection: str, key: Any, *, tenant: str | None = None) -> Document | None:
        """The document with this `_id` (of this tenant), or None."""
        guard = {"_id": key} if tenant is None else {"_id": key, "tenant": tenant}
        try:
            return await self.collection(collection).find_one(guard)
        except PyMongoError as error:
            raise Unavailable from error

    async def insert(self, collection: str, document: Document) -> None:
        """Insert a document.

        Raises:
            AlreadyExists: another writer's document has this `_id` or another unique key of it.
            Unavailable: the database cannot be reached; safe to repeat.
        """
        await self._submit(collection, insert_write(document))

    async def insert_missing(self, collection: str, documents: Iterable[Document]) -> None:
        """Insert those of the documents whose `_id` does not exist yet: for writes that may be repeats."""
        writes: list[Write] = []
        for document in documents:
            writes.append(insert_write(document))
            if len(writes) % _WRITES_AT_A_TIME == 0:  # encoding takes its time
                await asyncio.sleep(0)
        answers = await asyncio.gather(*(self._submit(collection, write) for write in writes), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, AlreadyExists):
                raise answer

    async def update(self, collection: str, guard: Document, change: Document) -> bool:
        """Change the one document that the guard matches; the guard names its `_id`.

        Returns:
            Whether the guard matched.

        Raises:
            Unavailable: the database cannot be reached; whether the change took place is unknown.
        """
        return await self._submit(collection, update_write(guard, change))

    async def upsert(self, collection: str, guard: Document, change: Document) -> bool:
        """Change the document that the guard matches, or make it.

        Raises:
            AlreadyExists: the document exists and the rest of the guard does not match it.
        """
        return await self._submit(collection, update_write(guard, change, upsert=True))

    async def delete(self, collection: str, guard: Document) -> bool:
        """Remove the document that the guard matches.

        Returns:
            False where the document is there, and the guard does not match it.
        """
        return await self._submit(collection, delete_write(guard))

    async def _submit(self, collection: str, write: Write) -> bool:
        writer = self._writers.get(collection)
        if writer is None:
            writer = self._writers[collection] = GroupCommit(self.collection(collection))
        return await writer.submit(write)
