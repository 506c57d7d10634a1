"""The watcher tells of changes, and stops when it is told to."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from models.store import Store, connect
from scheduler.watcher import Watcher


@pytest.fixture
async def store(mongodb_url: str, database_name: str) -> AsyncIterator[Store]:
    client = connect(mongodb_url)
    yield Store(client, database_name)
    await client.close()


async def test_it_tells_who_asks_for_attention_and_stops_in_the_middle_of_a_flood(store: Store) -> None:
    watcher, told, opened = Watcher(store), asyncio.Queue[tuple[str, str]](), asyncio.Event()
    watcher.on_open.append(opened.set)
    watcher.on_poke.append(lambda collection, key: told.put_nowait((collection, key)))
    running = asyncio.create_task(watcher.run())
    async with asyncio.timeout(10):
        await opened.wait()
        await store.insert("plan", {"_id": "p", "poke": 0})
        await store.update("plan", {"_id": "p"}, {"$set": {"poke": 1}})
        assert await told.get() == ("plan", "p")
        flood = [asyncio.create_task(store.insert("serviceOrder", {"_id": str(n)})) for n in range(500)]
        await told.get()
        watcher.stop()
        await running
        await asyncio.gather(*flood)


async def test_it_stops_at_once_while_there_is_nothing_to_tell(store: Store) -> None:
    watcher, opened = Watcher(store), asyncio.Event()
    watcher.on_open.append(opened.set)
    running = asyncio.create_task(watcher.run())
    async with asyncio.timeout(10):
        await opened.wait()
        watcher.stop()
        await running
