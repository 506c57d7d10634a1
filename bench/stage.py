"""Where everything is measured: the database, the servers, the load generator, and what they begin with."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from bench import input as orders
from bench.database import Database
from bench.load import LoadGenerator
from bench.processes import Child, child
from bench.scale import Scale
from models.store import Store

Document = dict[str, Any]

ORDERS = "/tmf-api/serviceOrdering/v4/serviceOrder"
SPECIFICATIONS = "/tmf-api/serviceCatalogManagement/v4/serviceSpecification"
FULFILLERS = "/som/v1/fulfiller"
HUBS = ("/tmf-api/serviceOrdering/v4/hub", "/tmf-api/serviceInventory/v4/hub")

_LOOK_SECONDS = 0.02
_PATIENCE = 180.0


@dataclass(frozen=True, slots=True)
class Stage:
    """What every measurement uses.

    Attributes:
        folder: for logs and the like; removed afterwards.
        database: all servers' database.
        load: the load generator.
        http: for single requests.
        scale: how much to measure.
        say: tells the user what goes on.
    """

    folder: Path
    database: Database
    load: LoadGenerator
    http: aiohttp.ClientSession
    scale: Scale
    say: Callable[[str], None]

    @asynccontextmanager
    async def server(self, name: str, roles: str = "all") -> AsyncIterator[tuple[Child, Store]]:
        """The real server, `som serve`, on a database of its own that holds the specifications."""
        store = await self.database.store(name)
        async with self.process(name, store, roles) as server:
            for specification in orders.specifications():
                await self.post(server.url + SPECIFICATIONS, specification)
            yield server, store

    @asynccontextmanager
    async def process(self, name: str, store: Store, roles: str) -> AsyncIterator[Child]:
        """A process of the real server, in these roles, on this database."""
        arguments = [
            *("-m", "som.cli", "serve", "--host", "127.0.0.1", "--port", "{port}", "--roles", roles),
            *("--mongodb-url", self.database.url, "--config", str(self._config(store))),
            *("--data-dir", str(self.folder / name), "--log-level", "warning"),
        ]
        async with child(arguments, self.folder / f"{name}.log", "/readyz") as server:
            yield server

    def _config(self, store: Store) -> Path:
        config = self.folder / f"{store.database.name}.toml"
        config.write_text(f'mongodb_database = "{store.database.name}"\n', encoding="utf-8")
        return config

    @asynccontextmanager
    async def floor(self, kind: str, store: Store) -> AsyncIterator[Child]:
        """A floor of HTTP: `empty` or `bare`."""
        arguments = [
            *("-m", "bench.floors", kind, "--port", "{port}", "--mongodb-url", self.database.url),
            *("--database", store.database.name),
        ]
        async with child(arguments, self.folder / f"{kind}.log", "/readyz") as server:
            yield server

    @asynccontextmanager
    async def sink(self) -> AsyncIterator[Child]:
        """Fulfiller and subscribers."""
        async with child(["-m", "bench.sink", "--port", "{port}"], self.folder / "sink.log", "/arrivals") as sink:
            yield sink

    async def post(self, url: str, body: Document) -> Document:
        """Make something; raises where that is refused."""
        async with self.http.post(url, json=body) as answer:
            if answer.status != 201:
                raise RuntimeError(f"POST {url}: {answer.status} {await answer.text()}")
            made: Document = await answer.json()
            return made

    async def change(self, url: str, body: Document) -> None:
        """Let something be done with what is there; raises where that is refused."""
        async with self.http.post(url, json=body) as answer:
            if not answer.ok:
                raise RuntimeError(f"POST {url}: {answer.status} {await answer.text()}")

    async def get(self, url: str) -> Any:
        """Read something."""
        async with self.http.get(url) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def subscribe(self, server: Child, callback: str) -> None:
        """Be told of everything that happens to orders and services."""
        for hub in HUBS:
            await self.post(server.url + hub, {"callback": callback})


async def until(done: Callable[[], Any], what: str) -> float:
    """Wait until an asynchronous question is answered with yes; returns the moment.

    Raises:
        TimeoutError: it never was.
    """
    give_up = time.perf_counter() + _PATIENCE
    while not await done():
        if time.perf_counter() > give_up:
            raise TimeoutError(f"{what} took longer than {_PATIENCE:g} s")
        await asyncio.sleep(_LOOK_SECONDS)
    return time.perf_counter()


async def completed(store: Store) -> bool:
    """Whether no order is under way."""
    wanted = {"tenant": "default", "body.state": {"$in": ["acknowledged", "inProgress"]}}
    found = await store.collection("serviceOrder").find_one(wanted, {"_id": 1}, hint="by_state")
    return found is None


async def quiet(store: Store, collections: Sequence[str] = ("serviceOrder", "service")) -> bool:
    """Whether everything that happened has been told to everybody, and no plan is held."""
    for name in collections:
        if await store.collection(name).find_one({"owed": {"$exists": True}}, {"_id": 1}, hint="owed"):
            return False
    for name in ("delivery", "plan"):
        if await store.collection(name).find_one({"due": {"$exists": True}}, {"_id": 1}, hint="due"):
            return False
    return True


async def require_completed(store: Store, count: int) -> None:
    """Raise unless so many orders have been completed: a fast failure is no figure."""
    found = await store.collection("serviceOrder").count_documents({"body.state": "completed"})
    if found != count:
        sample = await store.collection("serviceOrder").find_one({"body.state": {"$ne": "completed"}}, {"body": 1})
        raise RuntimeError(f"{found} of {count} orders completed; one that did not: {str(sample)[:2000]}")
