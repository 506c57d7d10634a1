"""The engine under test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from models import migrations
from models.clock import Clock
from models.store import Store, connect
from tests.integration.engine.harness import Harness

HERE = Path(__file__).parent

# Engines are killed here by cancelling their tasks wherever they stand. pymongo 4.20 forgets the socket of a connection
# that is cancelled in its handshake with the database; a real kill -9 leaves that to the operating system.
FORGOTTEN = (
    r"ignore:Exception ignored in. <socket.socket fd=\d+, family=2, type=1, proto=6, laddr=\(.127.0.0.1., \d+\)"
    r"(, raddr=\(.127.0.0.1., \d+\))?>:pytest.PytestUnraisableExceptionWarning"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the tests that kill engines leave sockets to the database behind."""
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.filterwarnings(FORGOTTEN))


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
