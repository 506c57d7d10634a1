"""A database for pools, and what is done with them in few words."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator

import pytest

from models.indexes import create_all
from models.store import Store, connect
from tests.integration.pools.stage import PoolStage

_COLLECTIONS = ("resourcePool", "poolPart", "poolPiece", "poolDemand", "resource", "service")


@pytest.fixture(scope="module")
def indexed(mongodb_url: str) -> Iterator[str]:
    """The name of a database with all indexes: making them takes longer than most tests."""
    name = f"som_test_{uuid.uuid4().hex[:16]}"

    async def make() -> None:
        client = connect(mongodb_url)
        await create_all(Store(client, name).database)
        await client.close()

    async def drop() -> None:
        client = connect(mongodb_url)
        await client.drop_database(name)
        await client.close()

    asyncio.run(make())
    yield name
    asyncio.run(drop())


@pytest.fixture
async def stage(mongodb_url: str, indexed: str) -> AsyncIterator[PoolStage]:
    client = connect(mongodb_url)
    store = Store(client, indexed)
    for name in _COLLECTIONS:
        await store.collection(name).delete_many({})
    yield PoolStage(store)
    await client.close()
