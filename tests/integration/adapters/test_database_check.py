"""A database that somebody else runs is looked at before it is relied on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient

from adapters.database_check import require_replica_set
from adapters.database_errors import DatabaseAddressInvalid, DatabaseUnreachable, NotAReplicaSet
from adapters.free_port import any_free_port
from adapters.mongod_binary import usable_mongod
from adapters.mongod_process import MongodProcess
from som.embedded import database
from som.settings import Settings
from tests.database import needs_embedded_mongod


@pytest.fixture
def free_port() -> int:
    return any_free_port()


@pytest.fixture
async def lone_mongod(tmp_path: Path, free_port: int) -> AsyncIterator[Callable[..., str]]:
    """Starts a mongod without our care, with the given options, and returns its address."""
    started = []

    def start(*options: str) -> str:
        command = (str(usable_mongod()), "--dbpath", str(tmp_path), "--bind_ip", "127.0.0.1", "--port", str(free_port))
        started.append(MongodProcess.spawn(command + options, tmp_path / "output"))
        return f"mongodb://127.0.0.1:{free_port}/"

    yield start
    for process in started:
        await process.end(20)


async def listening(url: str) -> None:
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(url, directConnection=True)
    async with client:
        await client.admin.command("ping")


async def test_a_replica_set_is_accepted(mongodb_url: str) -> None:
    await require_replica_set(mongodb_url)


async def test_a_wrong_name_of_the_replica_set_is_explained(mongodb_url: str) -> None:
    wrong = mongodb_url.partition("/?")[0] + "/?replicaSet=other"
    with pytest.raises(DatabaseUnreachable, match="other"):
        await require_replica_set(wrong, timeout_seconds=1)


async def test_an_address_where_nobody_listens_is_named_without_the_password(free_port: int) -> None:
    with pytest.raises(
        DatabaseUnreachable, match=rf"mongodb://som@127.0.0.1:{free_port} .*Connect call failed"
    ) as caught:
        await require_replica_set(f"mongodb://som:secret@127.0.0.1:{free_port}/?replicaSet=rs0", timeout_seconds=1)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "127.0.0.1:27017", "mongodb://", "mongodb://127.0.0.1:notaport/"])
async def test_what_is_no_connection_string_is_called_so(url: str) -> None:
    with pytest.raises(DatabaseAddressInvalid, match="mongodb://host:27017"):
        await require_replica_set(url, timeout_seconds=1)


@needs_embedded_mongod
async def test_a_server_on_its_own_is_refused_with_the_remedy(lone_mongod: Callable[..., str]) -> None:
    url = lone_mongod()
    await listening(url)
    with pytest.raises(NotAReplicaSet, match=r"--replSet.*rs\.initiate"):
        await require_replica_set(url)


@needs_embedded_mongod
async def test_a_replica_set_that_nobody_has_initiated_is_refused(lone_mongod: Callable[..., str]) -> None:
    url = lone_mongod("--replSet", "rs0")
    async with asyncio.timeout(30):
        await listening(url)
    with pytest.raises(DatabaseUnreachable, match="primary"):
        await require_replica_set(url, timeout_seconds=1)


@needs_embedded_mongod
async def test_a_start_waits_for_a_database_that_is_not_ready_yet(
    lone_mongod: Callable[..., str], free_port: int
) -> None:
    url = lone_mongod("--replSet", "rs0")
    async with asyncio.timeout(60):
        await listening(url)
        with pytest.raises(DatabaseUnreachable, match="within 1 s"):
            async with database(Settings(mongodb_url=url, database_wait=1)):
                pytest.fail("nobody has initiated the set")
        async with asyncio.TaskGroup() as both:
            both.create_task(_initiated(url, f"127.0.0.1:{free_port}"))
            async with database(Settings(mongodb_url=url, database_wait=60)) as usable:
                assert usable == url


async def _initiated(url: str, member: str) -> None:
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(url, directConnection=True)
    async with client:
        await client.admin.command("replSetInitiate", {"_id": "rs0", "members": [{"_id": 0, "host": member}]})
