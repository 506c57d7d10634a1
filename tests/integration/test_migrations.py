"""Migrations run once, by one process at a time."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from models import migrations
from models.clock import Clock
from models.store import Store, connect


@pytest.fixture
async def store(mongodb_url: str, database_name: str) -> AsyncIterator[Store]:
    client = connect(mongodb_url)
    yield Store(client, database_name)
    await client.close()


async def test_of_two_processes_that_start_together_one_migrates_and_the_other_waits(store: Store) -> None:
    ran = await asyncio.gather(*(migrations.run(store.database, Clock(), f"{node}/a") for node in ("h:1", "h:2")))
    assert sorted(map(len, ran)) == [0, len(migrations.names())]


async def test_what_a_killed_process_has_begun_is_done_by_the_next_life_of_its_node_at_once(store: Store) -> None:
    clock = Clock()
    begun = {"_id": "migrations", "by": "h:1/killed", "until": clock.after(60)}
    await store.database["lease"].insert_one(begun)
    async with asyncio.timeout(45):
        assert await migrations.run(store.database, clock, "h:1/next") == migrations.names()


async def test_what_a_newer_release_has_migrated_is_seen_by_an_older_one(store: Store) -> None:
    assert await migrations.of_a_newer_release(store.database) == []
    await migrations.run(store.database, Clock(), "h:1/a")
    assert await migrations.of_a_newer_release(store.database) == []
    await store.database["migration"].insert_one({"_id": "m29991231_of_tomorrow"})
    assert await migrations.of_a_newer_release(store.database) == ["m29991231_of_tomorrow"]


async def test_an_empty_database_is_made_as_one_that_all_migrations_have_gone_through(store: Store) -> None:
    """What a process that died in its first start has left is not empty, and goes through all of them."""
    await migrations.run(store.database, Clock(), "h:1/a")
    made = await layout(store)
    for name in await store.database.list_collection_names():
        await store.database.drop_collection(name)
    await store.database.create_collection("serviceOrder")
    await migrations.run(store.database, Clock(), "h:1/b")
    assert await layout(store) == made


async def layout(store: Store) -> dict[str, set[str]]:
    """The indexes of each collection."""
    names = await store.database.list_collection_names()
    return {name: set(await store.database[name].index_information()) for name in names if name != "lease"}
