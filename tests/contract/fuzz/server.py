"""A server to fuzz: a process of its own, with the HTTP side alone, so that nothing but requests changes anything."""

import asyncio
import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from models.callback_token import CallbackTokens
from tests.acceptance.server_process import ServerProcess
from tests.contract.fuzz.seeds import Ids, make_seeds

_KEY = "a key that signs the callback addresses of this server"


@dataclass(frozen=True)
class FuzzedServer:
    """A running server.

    Attributes:
        process: the server.
        ids: of what stands there already; see `seeds`.
    """

    process: ServerProcess
    ids: Ids


@contextmanager
def fuzzed_server(mongodb_url: str, folder: Path) -> Iterator[FuzzedServer]:
    """A server with seeds, on this replica set, in a database of its own that is dropped afterwards."""
    database = f"som_fuzz_{uuid.uuid4().hex[:16]}"
    settings = {
        "SOM_MONGODB_URL": mongodb_url,
        "SOM_MONGODB_DATABASE": database,
        "SOM_ROLES": "api",
        "SOM_CALLBACK_KEY": _KEY,
        "SOM_SECRET_KEY": _KEY,
    }
    tokens = CallbackTokens(hashlib.sha256(_KEY.encode()).digest())
    process = ServerProcess(folder, settings)
    try:
        process.start()
        yield FuzzedServer(process, asyncio.run(make_seeds(process.url, mongodb_url, database, tokens)))
    finally:
        process.stop()
        with MongoClient[dict[str, Any]](mongodb_url) as client:
            client.drop_database(database)
