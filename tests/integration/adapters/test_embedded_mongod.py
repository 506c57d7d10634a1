"""The embedded database against the world: it is killed, its server is killed, its port is taken."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient

from adapters.database_check import require_replica_set
from adapters.database_errors import DatabaseDidNotStart, DataFolderInUse, PortTaken
from adapters.embedded_mongod import EmbeddedMongod
from adapters.free_port import any_free_port
from tests.database import needs_embedded_mongod

pytestmark = needs_embedded_mongod


@asynccontextmanager
async def running(data_dir: Path, port: int = 0) -> AsyncIterator[EmbeddedMongod]:
    mongod = EmbeddedMongod(data_dir, port=port)
    await mongod.start()
    try:
        yield mongod
    finally:
        await mongod.stop()


def connected(url: str) -> AsyncMongoClient[dict[str, Any]]:
    return AsyncMongoClient(url)


async def write(url: str, note: str) -> None:
    async with connected(url) as client:
        await client.som.notes.insert_one({"_id": note})


async def notes(url: str) -> list[str]:
    async with connected(url) as client:
        return [str(document["_id"]) async for document in client.som.notes.find().sort("_id")]


async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()
    await writer.wait_closed()


async def another_pid(mongod: EmbeddedMongod, than: int | None) -> int:
    async with asyncio.timeout(60):
        while mongod.pid in {None, than}:
            await asyncio.sleep(0.05)
    await require_replica_set(mongod.url, timeout_seconds=60)
    assert mongod.pid is not None
    return mongod.pid


async def test_it_is_a_replica_set_with_transactions_and_change_streams(tmp_path: Path) -> None:
    async with (
        running(tmp_path) as mongod,
        connected(mongod.url) as client,
        await client.som.notes.watch() as changes,
        client.start_session() as session,
    ):
        async with await session.start_transaction():
            await client.som.notes.insert_one({"_id": "in a transaction"}, session=session)
        async with asyncio.timeout(20):
            assert (await changes.next())["operationType"] == "insert"


async def test_a_killed_mongod_is_started_again_at_the_same_address_with_its_data(tmp_path: Path) -> None:
    async with running(tmp_path) as mongod:
        url, pid = mongod.url, mongod.pid
        assert pid is not None
        await write(url, "before the first death")
        for note in ("after the first death", "after the second death"):
            os.kill(pid, signal.SIGKILL)
            pid = await another_pid(mongod, pid)
            await write(url, note)
        assert mongod.url == url
        assert await notes(url) == ["after the first death", "after the second death", "before the first death"]


async def test_the_next_start_uses_the_same_port_and_the_old_process_is_gone(tmp_path: Path) -> None:
    async with running(tmp_path) as mongod:
        first, pid = mongod.url, mongod.pid
        await write(first, "kept")
    assert mongod.pid is None
    assert not Path(f"/proc/{pid}").exists()
    async with running(tmp_path) as mongod:
        assert mongod.url == first
        assert await notes(mongod.url) == ["kept"]


async def test_a_second_server_on_the_same_folder_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as mongod:
        with pytest.raises(DataFolderInUse, match=str(os.getpid())):
            await EmbeddedMongod(tmp_path).start()
        await write(mongod.url, "still writable")


async def test_on_another_port_the_replica_set_follows(tmp_path: Path) -> None:
    async with running(tmp_path) as mongod:
        first = mongod.url
        await write(first, "kept")
    other_program = await asyncio.start_server(hang_up, "127.0.0.1", int(first.split(":")[2].split("/")[0]))
    async with other_program, running(tmp_path) as mongod:
        assert mongod.url != first
        assert await notes(mongod.url) == ["kept"]


async def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=f"Port {port} "):
            await EmbeddedMongod(tmp_path, port=port).start()


async def test_files_that_are_no_database_are_reported_with_the_log_and_leave_no_lock(tmp_path: Path) -> None:
    data = tmp_path / "mongod" / "data"
    data.mkdir(parents=True)
    (data / "WiredTiger").write_text("not WiredTiger's")
    (data / "storage.bson").write_text("nor BSON")
    with pytest.raises(DatabaseDidNotStart, match=r"mongod\.log"):
        await EmbeddedMongod(tmp_path).start()
    for file in data.iterdir():
        if file.is_file():
            file.unlink()
    async with running(tmp_path) as mongod:
        await write(mongod.url, "a fresh database")


@asynccontextmanager
async def server_that_is_killed(data_dir: Path) -> AsyncIterator[tuple[int, str]]:
    """Yields the process id and the address of a mongod whose server has been killed."""
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.integration.adapters.server_of_a_database", str(data_dir)),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert server.stdout is not None
        async with asyncio.timeout(60):
            pid, url = (await server.stdout.readline()).decode().split()
    finally:
        server.kill()
        await server.wait()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(EmbeddedMongod(data_dir).end_orphan)
        yield int(pid), url


async def test_the_orphan_of_a_killed_server_is_adopted_and_supervised(tmp_path: Path) -> None:
    async with server_that_is_killed(tmp_path) as (orphan, url):
        await write(url, "written after the server's death")
        async with running(tmp_path) as mongod:
            assert (mongod.pid, mongod.url) == (orphan, url)
            os.kill(orphan, signal.SIGKILL)
            await another_pid(mongod, orphan)
            assert await notes(mongod.url) == ["written after the server's death"]


async def test_an_orphan_on_another_port_than_the_wanted_one_is_ended_first(tmp_path: Path) -> None:
    port = any_free_port()
    async with server_that_is_killed(tmp_path) as (orphan, url):
        await write(url, "kept")
        async with running(tmp_path, port) as mongod:
            assert mongod.pid != orphan
            assert f":{port}/" in mongod.url
            assert await notes(mongod.url) == ["kept"]
