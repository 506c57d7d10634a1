"""The server that stories are told to."""

import os
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient

from tests.acceptance.server_process import ServerProcess
from tests.database import needs_embedded_mongod


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a database that was given, a server needs the embedded one."""
    if not os.environ.get("SOM_TEST_MONGODB_URL"):
        for item in items:
            if "tests/acceptance/" in item.path.as_posix():
                item.add_marker(needs_embedded_mongod)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A running server with a database of its own, for all tests of the run: use names that no other test uses."""
    given = os.environ.get("SOM_TEST_MONGODB_URL")
    database = f"som_test_{uuid.uuid4().hex[:16]}"
    settings = {"SOM_MONGODB_URL": given, "SOM_MONGODB_DATABASE": database} if given else {}
    running = ServerProcess(tmp_path_factory.mktemp("server"), settings)
    running.start()
    try:
        yield running
    finally:
        code = running.stop()
        if given:
            with MongoClient[dict[str, object]](given) as client:
                client.drop_database(database)
    assert code == 0, f"The server did not end in order:\n{running.last_words()}"


@pytest.fixture(scope="module")
def database(mongodb_url: str) -> Iterator[Any]:
    """A database for servers of a module's own, which looks into it."""
    with MongoClient[dict[str, Any]](mongodb_url) as client:
        name = f"som_test_{uuid.uuid4().hex[:16]}"
        yield client[name]
        client.drop_database(name)
