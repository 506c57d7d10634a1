"""The engine under test."""

from collections.abc import AsyncIterator

import pytest

from models import migrations
from models.clock import Clock
from models.store import Store, connect
from tests.integration.engine.harness import Harness


@pytest.fixture
async def harness(mongodb_url: str, database_name: str) -> AsyncIterator[Harness]:
    """A database with its indexes, a scripted fulfiller, and no engine running yet."""
    client = connect(mongodb_url)
    store, clock = Store(client, database_name), Clock()
    await clock.synchronise(store.database)
    await migrations.run(store.database, clock, "test")
    made = Harness(store, clock)
    yield made
    await made.stop()
    await client.close()
