"""The database of a run, asked for what it has cost."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient

from adapters.embedded_mongod import EmbeddedMongod
from models import migrations
from models.clock import Clock
from models.store import Store, connect

Document = dict[str, Any]

TRAFFIC = ("serviceOrder", "service", "plan", "planDefinition", "task", "event", "delivery")
"""The collections that hold what an order leaves."""


@dataclass(frozen=True, slots=True)
class Effort:
    """What the database has done since it started.

    Attributes:
        cpu: seconds of processor time.
        inserts: documents inserted.
        insert_commands: commands that inserted them.
        updates: documents that were updated.
        update_commands: commands that updated them.
    """

    cpu: float
    inserts: int
    insert_commands: int
    updates: int
    update_commands: int

    def since(self, before: "Effort") -> "Effort":
        """What came after an earlier look."""
        return Effort(
            self.cpu - before.cpu,
            self.inserts - before.inserts,
            self.insert_commands - before.insert_commands,
            self.updates - before.updates,
            self.update_commands - before.update_commands,
        )


class Database:
    """A replica set, and databases of ours in it."""

    def __init__(self, url: str, client: AsyncMongoClient[Document]) -> None:
        """Use this one."""
        self.url = url
        self._client = client
        self._used: set[str] = set()
        self._prefix = f"som_bench_{secrets.token_hex(3)}"  # several runs may share a replica set

    async def store(self, name: str) -> Store:
        """A database of this run with all indexes; it is dropped at the run's end."""
        name = f"{self._prefix}_{name}"
        store = Store(self._client, name)
        if name not in self._used:
            self._used.add(name)
            await self._client.drop_database(name)
            await migrations.run(store.database, Clock(), "bench")
        return store

    async def effort(self) -> Effort:
        """What has been done so far, by all databases of the server."""
        said = await self._status()
        spent, commands, counts = said["extra_info"], said["metrics"]["commands"], said["opcounters"]
        return Effort(
            cpu=(spent["user_time_us"] + spent["system_time_us"]) / 1e6,
            inserts=counts["insert"],
            insert_commands=commands["insert"]["total"],
            updates=counts["update"],
            update_commands=commands["update"]["total"],
        )

    async def memory(self) -> int:
        """Bytes that the database server holds."""
        return int((await self._status())["mem"]["resident"]) * 2**20

    async def version(self) -> str:
        """Of the database server."""
        return str((await self._status())["version"])

    async def _status(self) -> Document:
        return await self._client.admin.command("serverStatus")

    async def clear(self) -> None:
        """Drop what this run has made."""
        for name in self._used:
            await self._client.drop_database(name)


@asynccontextmanager
async def database(given: str | None, folder: Path) -> AsyncIterator[Database]:
    """The given database, or one of our own in a folder, for as long as the context is open."""
    embedded = None if given else EmbeddedMongod(folder)
    url = given or ""
    if embedded is not None:
        url = await embedded.start()
    try:
        client = connect(url)
        async with client:
            made = Database(url, client)
            try:
                yield made
            finally:
                await made.clear()
    finally:
        if embedded is not None:
            await embedded.stop()


async def empty(store: Store) -> None:
    """Remove what orders have left, so that each round begins with the same."""
    for name in TRAFFIC:
        await store.collection(name).delete_many({})
