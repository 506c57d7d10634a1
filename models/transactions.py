"""Writes of several documents that all take place, or none: for what is rare and must not be seen half done.

What happens all the time is written one document at a time (DESIGN, decision 5). A transaction costs as much as its
writes one after the other, and whoever writes to one of its documents meanwhile waits for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pymongo
from pymongo import UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import BulkWriteError, PyMongoError

from models.domain.errors import AlreadyExists, Unavailable
from models.store import Store

Document = dict[str, Any]

PATIENCE_SECONDS = 15.0
_DUPLICATE_KEY = 11000


@dataclass(frozen=True, slots=True)
class Insertion:
    """A new document."""

    collection: str
    document: Document


@dataclass(frozen=True, slots=True)
class Update:
    """A change of the one document that the guard matches."""

    collection: str
    guard: Document
    change: Document


class _GuardFailed(Exception):
    """A guard did not match, so that nothing may be written."""


async def write_all(store: Store, writes: Sequence[Insertion | Update]) -> bool:
    """Write all of these, or nothing.

    A process that is killed in the middle leaves its transaction to the database, which ends it after its
    transactionLifetimeLimitSeconds (a minute; 10 in the embedded one). Whoever wants to write the same meanwhile is
    told that the database is not available.

    Returns:
        False where one of the guards did not match; nothing was written then.

    Raises:
        AlreadyExists: another document has the `_id`, or another unique key, of an insertion; nothing was written.
        Unavailable: the database cannot be reached, or others hold the same documents for too long; whether all was
            written, or nothing, is unknown.
    """

    async def written(session: AsyncClientSession) -> None:
        # Few round trips: the shorter a transaction is, the less often somebody finds it open.
        for collection in dict.fromkeys(write.collection for write in writes):
            mine = [write for write in writes if write.collection == collection]
            updates = [UpdateOne(write.guard, write.change) for write in mine if isinstance(write, Update)]
            if updates:
                done = await store.collection(collection).bulk_write(updates, ordered=True, session=session)
                if done.matched_count < len(updates):
                    raise _GuardFailed
            documents = [dict(write.document) for write in mine if isinstance(write, Insertion)]
            if documents:
                await store.collection(collection).insert_many(documents, ordered=True, session=session)

    try:
        with pymongo.timeout(PATIENCE_SECONDS):
            async with store.client.start_session() as session:
                await session.with_transaction(written)
    except _GuardFailed:
        return False
    except BulkWriteError as error:
        if any(one.get("code") == _DUPLICATE_KEY for one in error.details.get("writeErrors", ())):
            raise AlreadyExists from error
        raise Unavailable from error
    except PyMongoError as error:
        raise Unavailable from error
    return True
