"""The floor of work: the documents that it leaves, written as they are."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.database import TRAFFIC, Database, empty
from models.store import Store

Document = dict[str, Any]
Left = Mapping[str, Sequence[Document]]

AT_A_TIME = 32


@dataclass(frozen=True, slots=True)
class Written:
    """What writing took.

    Attributes:
        seconds: from the first write to the last.
        client: seconds of processor time of the writer.
        database: seconds of processor time of the database.
    """

    seconds: float
    client: float
    database: float


async def left(store: Store) -> dict[str, list[Document]]:
    """All documents that are left of the orders in this database."""
    return {name: await store.collection(name).find().to_list() for name in TRAFFIC}


def counted(documents: Left) -> int:
    """How many there are."""
    return sum(len(found) for found in documents.values())


async def write_batches(database: Database, store: Store, documents: Left, size: int) -> Written:
    """Write them by `insert_many` of this size, all collections at a time."""

    async def one(name: str, found: Sequence[Document]) -> None:
        for start in range(0, len(found), size):
            await store.collection(name).insert_many(found[start : start + size], ordered=False)

    return await _measured(database, store, [one(name, found) for name, found in documents.items() if found])


async def write_single(database: Database, store: Store, documents: Left) -> Written:
    """Write them one by one, 32 at a time."""
    waiting = [(name, document) for name, found in documents.items() for document in found]

    async def some() -> None:
        while waiting:
            name, document = waiting.pop()
            await store.collection(name).insert_one(document)

    return await _measured(database, store, [some() for _ in range(AT_A_TIME)])


async def _measured(database: Database, store: Store, work: Sequence[Any]) -> Written:
    effort, began, spent = await database.effort(), time.perf_counter(), time.process_time()
    await asyncio.gather(*work)
    seconds, client = time.perf_counter() - began, time.process_time() - spent
    cost = (await database.effort()).since(effort).cpu
    await empty(store)
    return Written(seconds, client, cost)
