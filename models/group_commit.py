"""Group commit: writes that arrive together go out together, and each caller is answered for its own.

While one group is on its way to the database the next one gathers, so that load makes groups larger instead of queues
longer. The durability is that of a single write (`w=majority`): nobody is answered before the group is acknowledged.
"""

import asyncio
import itertools
import secrets
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import bson
from bson.raw_bson import RawBSONDocument
from pymongo import DeleteOne, InsertOne, UpdateOne
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import BulkWriteError, DocumentTooLarge, PyMongoError

from models.domain.errors import AlreadyExists, SomError, TooLarge, Unavailable

Document = dict[str, Any]
WriteModel = InsertOne[Any] | UpdateOne | DeleteOne

MAX_GROUP = 500
MAX_GROUP_BYTES = 8_000_000
MAX_QUEUE_BYTES = 64_000_000
MAX_DOCUMENT_BYTES = 15_000_000
TOKENS_KEPT = 8
"""Of the last writers of a document; so many writes of others may come before a group looks who took part."""
DUPLICATE_KEY = 11000


_TOKENS = itertools.count(secrets.randbits(61))
"""From a number that no other process begins with, nor comes to."""


class WriteRefused(SomError):
    """The database refused this write."""


@dataclass(slots=True, eq=False)
class Write:
    """One caller's write, waiting for its group.

    Attributes:
        key: `_id` of the document; a group holds one write per document.
        model: what pymongo is given.
        token: the write's own mark on the document, by which it is told from others' writes.
        size: bytes, encoded.
        guarded: an update whose guard may not match.
        deletes: a deletion.
        answer: True when it took place, False when the guard did not match.
    """

    key: Any
    model: WriteModel
    token: int
    size: int
    guarded: bool
    deletes: bool = False
    answer: asyncio.Future[bool] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class _Encoded(RawBSONDocument):
    """A document as bytes, which the driver can ask for its names without decoding it."""

    __slots__ = ("_names",)

    def __init__(self, raw: bytes, names: Sequence[str]) -> None:
        super().__init__(raw)
        self._names = names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _encoded(document: Document) -> _Encoded:
    raw = bson.encode(document)
    if len(raw) > MAX_DOCUMENT_BYTES:
        raise TooLarge(f"The document would take {len(raw)} bytes; at most {MAX_DOCUMENT_BYTES} can be stored.")
    return _Encoded(raw, tuple(document))


def insert_write(document: Document) -> Write:
    """An insert, encoded and size-checked now, so that one poisonous document fails alone."""
    token = next(_TOKENS)
    raw = _encoded({**document, "wt": [token]})
    return Write(document["_id"], InsertOne(raw), token, len(raw.raw), guarded=False)


def update_write(guard: Document, change: Document, *, upsert: bool = False) -> Write:
    """An update of the one document that the guard, which names its `_id`, matches."""
    token = next(_TOKENS)
    marked = dict(change)
    marked["$push"] = {**change.get("$push", {}), "wt": {"$each": [token], "$slice": -TOKENS_KEPT}}
    raw = _encoded(marked)
    return Write(guard["_id"], UpdateOne(guard, raw, upsert=upsert), token, len(raw.raw), guarded=not upsert)


def delete_write(guard: Document) -> Write:
    """A deletion of the one document that the guard matches."""
    return Write(guard["_id"], DeleteOne(guard), 0, 100, guarded=False, deletes=True)


class GroupCommit:
    """The writes of one collection."""

    def __init__(self, collection: AsyncCollection[Document]) -> None:
        """Write to this collection; it decides the write concern."""
        self._collection = collection
        self._queue: deque[Write] = deque()
        self._bytes = 0
        self._room = asyncio.Event()
        self._room.set()
        self._flusher: asyncio.Task[None] | None = None

    async def submit(self, write: Write) -> bool:
        """Queue a write and wait until the database has acknowledged it.

        Returns:
            Whether it took place; False when its guard did not match.

        Raises:
            AlreadyExists: an insert met a document of another writer.
            Unavailable: the database could not be reached, or the queue is full; safe to repeat.
        """
        await self._wait_for_room()
        self._queue.append(write)
        self._bytes += write.size
        if self._bytes >= MAX_QUEUE_BYTES:
            self._room.clear()
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush(), name=f"group-commit {self._collection.name}")
        return await write.answer

    async def _wait_for_room(self) -> None:
        if self._room.is_set():
            return
        try:
            async with asyncio.timeout(10):
                await self._room.wait()
        except TimeoutError:
            raise Unavailable("Too much is waiting to be written; please repeat the request later.") from None

    async def _flush(self) -> None:
        while self._queue:
            group = self._next_group()
            try:
                await self._write(group)
            except PyMongoError as error:
                _fail(group, Unavailable(f"The database did not acknowledge the write: {type(error).__name__}."))
            except Exception as error:  # noqa: BLE001 - whoever waits must hear of it, whatever it is
                _fail(group, error)

    def _next_group(self) -> list[Write]:
        group: dict[Any, Write] = {}
        later: list[Write] = []
        size = 0
        while self._queue and len(group) < MAX_GROUP and (size < MAX_GROUP_BYTES):
            write = self._queue.popleft()
            if write.key in group:
                later.append(write)
                continue
            group[write.key] = write
            size += write.size
        self._queue.extendleft(reversed(later))
        self._bytes -= size
        if self._bytes < MAX_QUEUE_BYTES:
            self._room.set()
        return list(group.values())

    async def _write(self, group: Sequence[Write]) -> None:
        failed: dict[int, Document] = {}
        try:
            result = await self._collection.bulk_write([write.model for write in group], ordered=False)
            matched, deleted = result.matched_count + result.upserted_count, result.deleted_count
        except DocumentTooLarge as error:
            raise TooLarge(str(error)) from error
        except BulkWriteError as error:
            if error.details["writeConcernErrors"]:
                raise
            failed = {fault["index"]: fault for fault in error.details["writeErrors"]}
            matched, deleted = error.details["nMatched"] + error.details["nUpserted"], error.details["nRemoved"]
        await self._settle(group, failed, matched, deleted)

    async def _settle(self, group: Sequence[Write], failed: dict[int, Document], matched: int, deleted: int) -> None:
        guarded = [write for index, write in enumerate(group) if write.guarded and index not in failed]
        expected = sum(1 for i, w in enumerate(group) if isinstance(w.model, UpdateOne) and i not in failed)
        lost: set[Any] = set()
        unclear = [group[index].key for index in failed]
        deletions = [write for index, write in enumerate(group) if write.deletes and index not in failed]
        if matched < expected:
            unclear += [write.key for write in guarded]
        if deleted < len(deletions):
            unclear += [write.key for write in deletions]
        if unclear:
            tokens = await self._tokens(unclear)
            if matched < expected:
                lost = {write.key for write in guarded if write.token not in tokens.get(write.key, ())}
            if deleted < len(deletions):  # what is not there any more is deleted, whoever did it
                lost |= {write.key for write in deletions if write.key in tokens}
            for index, fault in failed.items():
                _settle_failed(group[index], fault, tokens.get(group[index].key, ()))
        for index, write in enumerate(group):
            if index not in failed and not write.answer.done():
                write.answer.set_result(write.key not in lost)

    async def _tokens(self, keys: list[Any]) -> dict[Any, list[int]]:
        cursor = self._collection.find({"_id": {"$in": keys}}, {"wt": 1})
        return {found["_id"]: found.get("wt", []) async for found in cursor}


def _settle_failed(write: Write, fault: Document, tokens: Sequence[int]) -> None:
    if write.answer.done():
        return
    if fault.get("code") != DUPLICATE_KEY:
        write.answer.set_exception(WriteRefused(f"The database refused the write (code {fault.get('code')})."))
    elif write.token in tokens:  # the first try of a retried command had reached the database
        write.answer.set_result(True)
    else:
        write.answer.set_exception(AlreadyExists())


def _fail(group: Sequence[Write], error: Exception) -> None:
    for write in group:
        if not write.answer.done():
            write.answer.set_exception(error)
