"""The outboxes: resources that still owe events.

The relay's repeats are harmless by construction: an event is inserted by its id, a delivery by event and subscription,
and both before their stub is struck off. Striking off touches neither revision nor ETag.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import bson
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import DeleteOne, UpdateOne
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import BulkWriteError

from models.domain.desired import SIDES
from models.domain.events import RECORDED
from models.store import Store

Document = dict[str, Any]

COLLECTIONS = tuple(name for name, subject in RECORDED.items() if not subject.view_of)

_CHUNK = 500
_MAX_BYTES = 16_000_000
_DUPLICATE_KEY = 11000
_DECODED: CodecOptions[Document] = CodecOptions(tz_aware=True)
_MORE = ("tenant", "body", "outbox", "order", "owner", "holder", "callback", *SIDES)
_OF_RECIPES = ("name", "version", "rev", "updated")
_READ = dict.fromkeys((*_MORE, *_OF_RECIPES), 1)


async def read(
    store: Store, name: str, before: datetime, limit: int, ids: Sequence[str] | None = None
) -> list[Document]:
    """Resources that owe events, those that have owed longest first.

    Args:
        store: the store.
        name: the resource's name, which is its collection's.
        before: they owe since then or earlier.
        limit: so many at most; fewer where they are large.
        ids: look among these only.
    """
    wanted: Document = {"owed": {"$lte": before}}
    if ids is not None:
        wanted["_id"] = {"$in": list(ids)}
    raw: AsyncCollection[Any] = store.database.get_collection(
        name, codec_options=CodecOptions(document_class=RawBSONDocument)
    )
    found: list[Document] = []
    size = 0
    async with raw.find(wanted, _READ, batch_size=50).sort("owed", 1).limit(limit) as cursor:
        async for document in cursor:
            found.append(_decode(document))
            size += len(document.raw)
            if size > _MAX_BYTES:
                break
    return found


def _decode(document: RawBSONDocument) -> Document:
    return bson.decode(document.raw, _DECODED)


async def insert_in_order(store: Store, collection: str, documents: Sequence[Document]) -> None:
    """Insert what does not exist yet, an earlier document never after a later one.

    Not by group commit, which may acknowledge a later group where an earlier one failed: whoever sees an event's
    delivery may rely on all earlier ones of that resource being there.

    Raises:
        PyMongoError: what stands before the failure is written; safe to repeat.
    """
    target = store.collection(collection)
    for start in range(0, len(documents), _CHUNK):
        try:
            await target.insert_many(documents[start : start + _CHUNK], ordered=False)
        except BulkWriteError as error:
            faults = error.details["writeErrors"]
            if error.details["writeConcernErrors"] or any(fault["code"] != _DUPLICATE_KEY for fault in faults):
                raise


async def strike_off(store: Store, name: str, documents: Sequence[Document]) -> None:
    """Take the stubs that were read off their outboxes; a tombstone that owes nothing more goes.

    Raises:
        PyMongoError: safe to repeat.
    """
    target = store.collection(name)
    result = await target.bulk_write([_settle(document) for document in documents], ordered=False)
    if result.matched_count + result.deleted_count < len(documents):
        await target.bulk_write([_pull(document) for document in documents], ordered=False)


def _settle(document: Document) -> UpdateOne | DeleteOne:
    """Empty the outbox, if it still is what was read: as long, and with the same last stub."""
    stubs = document.get("outbox", [])
    guard: Document = {"_id": document["_id"], "outbox": {"$size": len(stubs)}}
    if stubs:
        guard[f"outbox.{len(stubs) - 1}.id"] = stubs[-1]["id"]
    if document["tenant"].startswith("~"):
        return DeleteOne({**guard, "tenant": document["tenant"]})
    return UpdateOne(guard, {"$set": {"outbox": []}, "$unset": {"owed": ""}})


def _pull(document: Document) -> UpdateOne:
    """The outbox has grown, or another relay was here: what is left keeps `owed` for the next round."""
    ids = [stub["id"] for stub in document.get("outbox", [])]
    guard = {"_id": document["_id"], "outbox.id": {"$in": ids}}
    return UpdateOne(guard, {"$pull": {"outbox": {"id": {"$in": ids}}}})


async def defer(store: Store, name: str, document: Document, now: datetime, seconds: float) -> None:
    """Look at this one later: it cannot be relayed now, and the others shall not wait for it."""
    guard = {"_id": document["_id"], "owed": {"$exists": True}}
    await store.update(name, guard, {"$set": {"owed": now + timedelta(seconds=seconds)}})
