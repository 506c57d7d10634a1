"""Writes of several documents that all take place, or none: for what is rare and must not be seen half done.

What happens all the time is written one document at a time (DESIGN, decision 5). A transaction costs as much as its
writes one after the other, and whoever writes to one of its documents meanwhile waits for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError, PyMongoError

from models.domain.errors import AlreadyExists, Unavailable
from models.store import Store

Document = dict[str, Any]


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

    Returns:
        False where one of the guards did not match; nothing was written then.

    Raises:
        AlreadyExists: another document has the `_id`, or another unique key, of an insertion; nothing was written.
        Unavailable: the database cannot be reached; whether all was written, or nothing, is unknown.
    """

    async def written(session: AsyncClientSession) -> None:
        for write in writes:
            collection = store.collection(write.collection)
            if isinstance(write, Insertion):
                await collection.insert_one(dict(write.document), session=session)
            elif not (await collection.update_one(write.guard, write.change, session=session)).matched_count:
                raise _GuardFailed

    try:
        async with store.client.start_session() as session:
            await session.with_transaction(written)
    except _GuardFailed:
        return False
    except DuplicateKeyError as error:
        raise AlreadyExists from error
    except PyMongoError as error:
        raise Unavailable from error
    return True
