"""Group commit: writes that go out together, each answered for itself."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from models.domain.errors import AlreadyExists, TooLarge, Unavailable
from models.group_commit import WriteRefused
from models.store import Store, connect


@pytest.fixture
async def store(mongodb_url: str, database_name: str) -> AsyncIterator[Store]:
    async with connect(mongodb_url) as client:
        yield Store(client, database_name)


async def test_of_two_writers_one_is_told_that_it_lost(store: Store) -> None:
    await store.insert("things", {"_id": "a", "rev": 1})
    change = {"$inc": {"rev": 1}}
    won = await asyncio.gather(*(store.update("things", {"_id": "a", "rev": 1}, change) for _ in range(5)))
    assert sorted(won) == [False, False, False, False, True]


async def test_in_one_group_each_is_answered_for_its_own(store: Store) -> None:
    await asyncio.gather(*(store.insert("things", {"_id": n, "rev": n % 2}) for n in range(10)))
    results = await asyncio.gather(
        *(store.update("things", {"_id": n, "rev": 1}, {"$set": {"x": 1}}) for n in range(10)),
        *(store.insert("things", {"_id": n}) for n in range(5, 15)),
        store.insert("things", {"_id": 99, "text": "x" * 16_000_000}),
        store.update("things", {"_id": 1}, {"$set": {"rev.x": 1}}),
        return_exceptions=True,
    )
    assert results[:10] == [bool(n % 2) for n in range(10)]
    assert [type(each) for each in results[10:20]] == [AlreadyExists] * 5 + [type(None)] * 5
    assert isinstance(results[20], TooLarge)
    assert isinstance(results[21], WriteRefused)


async def test_a_deletion_whose_guard_does_not_match_says_so(store: Store) -> None:
    await store.insert("things", {"_id": "a", "rev": 2})
    stale, gone = await asyncio.gather(
        store.delete("things", {"_id": "a", "rev": 1}), store.delete("things", {"_id": "gone"})
    )
    assert gone
    assert not stale
    assert await store.delete("things", {"_id": "a", "rev": 2})
    assert await store.get("things", "a") is None


async def test_an_insert_that_is_repeated_by_the_driver_is_one_insert(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first try reached the database, its answer was lost, the driver sends the same command again."""
    collection = type(store.collection("things"))
    bulk_write = collection.bulk_write

    async def twice(self: Any, *arguments: Any, **options: Any) -> Any:
        monkeypatch.undo()
        await bulk_write(self, *arguments, **options)
        return await bulk_write(self, *arguments, **options)

    monkeypatch.setattr(collection, "bulk_write", twice)
    await store.insert("things", {"_id": "a"})


async def test_when_the_connection_is_lost_everybody_is_told_and_the_next_group_goes_out(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    collection = type(store.collection("things"))

    async def lost(*_: Any, **__: Any) -> Any:
        monkeypatch.undo()
        raise AutoReconnect("connection closed")

    monkeypatch.setattr(collection, "bulk_write", lost)
    results = await asyncio.gather(*(store.insert("things", {"_id": n}) for n in range(3)), return_exceptions=True)
    assert [type(each) for each in results] == [Unavailable] * 3
    await store.insert("things", {"_id": 0})


async def test_writes_of_one_document_take_place_in_the_order_of_their_callers(store: Store) -> None:
    await store.insert("things", {"_id": "a", "list": []})
    await asyncio.gather(*(store.update("things", {"_id": "a"}, {"$push": {"list": n}}) for n in range(50)))
    found = await store.get("things", "a")
    assert found is not None
    assert found["list"] == list(range(50))
