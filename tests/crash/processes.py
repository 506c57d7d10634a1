"""The processes of a storm: servers that are killed, and the world around them that is not."""

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from adapters.embedded_mongod import EmbeddedMongod
from adapters.mongod_folder import MongodFolder

ROOT = Path(__file__).parents[2]
FULFILLER = ROOT / "examples" / "fulfillers" / "rest_fulfiller.py"
SUBSCRIBER = ROOT / "examples" / "subscriber.py"
SECRET = "a secret of the storm, thirty-two characters and more"
READY_SECONDS = 90.0
STOP_SECONDS = 30.0
LOOK = 0.05


def port_below_ephemeral() -> int:
    """A free port that no outgoing connection is given while its owner is dead, so that the owner gets it back."""
    while True:
        port = random.SystemRandom().randrange(12_000, 30_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


@dataclass(slots=True)
class Program:
    """One process at a time, started again with the same command; what it says goes to one file."""

    command: Sequence[str]
    log: Path
    environment: Mapping[str, str]
    root: Path = ROOT
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **self.environment},
            )

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    async def kill(self) -> None:
        """`kill -9`."""
        if self.process is not None:
            self.process.kill()
            await asyncio.to_thread(self.process.wait, 30)

    async def terminate(self) -> tuple[int, float]:
        """SIGTERM; its exit code and how many seconds it took."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(self.process.wait, 2 * STOP_SECONDS)
        return code, time.monotonic() - began

    def last_words(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])


class Server:
    """A server on a fixed port; with its own embedded database, or on that of another.

    It runs the program in this repository, until `release` says which.
    """

    def __init__(self, folder: Path, name: str = "server", **settings: Any) -> None:
        self.data = folder / name
        self.data.mkdir(parents=True, exist_ok=True)
        self.port = port_below_ephemeral()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [sys.executable, "-m", "som.cli", "serve", "--port", str(self.port), "--data-dir", str(self.data)]
        environment = {f"SOM_{key.upper()}": str(value) for key, value in settings.items()}
        self.program = Program([*command, "--log-format", "json"], folder / f"{name}.log", environment)

    def release(self, root: Path, python: Path) -> None:
        """Run the program in another working tree from the next start on, by the interpreter of its environment."""
        self.program.root = root
        self.program.command = [str(python), *self.program.command[1:]]

    @property
    def mongod(self) -> int | None:
        """The process id of its database."""
        found = MongodFolder(self.data).running()
        return found.pid if found else None

    @property
    def database_url(self) -> str:
        port = MongodFolder(self.data).remembered_port()
        return f"mongodb://127.0.0.1:{port}/?directConnection=true&replicaSet=som"

    def kill_mongod(self) -> bool:
        """`kill -9` of the database; False when there was none to kill."""
        pid = self.mongod
        if pid is None:
            return False
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    async def ready(self, session: aiohttp.ClientSession, seconds: float = READY_SECONDS) -> float:
        """Wait until it says that it is ready; how long that took."""
        began = time.monotonic()
        while time.monotonic() < began + seconds:
            if not self.program.alive:
                raise AssertionError(f"The server has ended by itself. It said:\n{self.program.last_words()}")
            try:
                async with session.get(f"{self.url}/readyz", timeout=aiohttp.ClientTimeout(total=3)) as answer:
                    if answer.status == 200:
                        return time.monotonic() - began
            except (aiohttp.ClientError, TimeoutError, OSError):
                pass
            await asyncio.sleep(LOOK)
        raise AssertionError(f"The server was not ready within {seconds:g} s. It said:\n{self.program.last_words()}")

    async def tidy_up(self) -> None:
        """End it and its database, whatever state they are in."""
        if self.program.alive:
            await self.program.kill()
        if (self.data / "mongod").is_dir():
            await EmbeddedMongod(self.data).end_orphan()


@dataclass(frozen=True, slots=True)
class Part:
    """A fulfiller of the storm: how it tells outcomes, and how long its work takes."""

    name: str
    mode: str
    latency: float


PARTS = (Part("prompt", "sync", 0.15), Part("caller", "callback", 0.4), Part("polled", "poll", 0.4))


@dataclass(slots=True)
class World:
    """What a server deals with: fulfillers and a subscriber, which write down what reaches them."""

    folder: Path
    session: aiohttp.ClientSession
    fulfillers: dict[str, str]
    subscriber: str

    async def effects(self) -> list[dict[str, Any]]:
        """All effects of all fulfillers, each with the fulfiller's name."""
        found = []
        for name, url in self.fulfillers.items():
            async with self.session.get(f"{url}/effects") as answer:
                found += [{**effect, "fulfiller": name} for effect in await answer.json()]
        return found

    async def mismatches(self) -> int:
        """How often a key came with another body than before."""
        count = 0
        for url in self.fulfillers.values():
            async with self.session.get(f"{url}/stats") as answer:
                count += (await answer.json())["mismatches"]
        return count

    async def notifications(self) -> list[dict[str, Any]]:
        """What has arrived, in the order of first arrival."""
        async with self.session.get(f"{self.subscriber}/notifications") as answer:
            received: list[dict[str, Any]] = await answer.json()
            return received

    async def refused(self) -> int:
        """Notifications whose signature was not good."""
        async with self.session.get(f"{self.subscriber}/stats") as answer:
            return int((await answer.json())["refused"])


@asynccontextmanager
async def example(folder: Path, name: str, script: Path, *options: str) -> AsyncIterator[str]:
    """Run one of the examples; yields its address."""
    program = Program([sys.executable, str(script), *options], folder / f"{name}.log", {})
    program.start()
    try:
        async with asyncio.timeout(30):
            while "listening on " not in program.log.read_text():
                assert program.alive, program.last_words()
                await asyncio.sleep(LOOK)
        yield program.log.read_text().split("listening on ", 1)[1].split()[0]
    finally:
        await program.kill()


@asynccontextmanager
async def world(folder: Path, parts: Sequence[Part] = PARTS) -> AsyncIterator[World]:
    """Fulfillers and a subscriber, which remember in files under the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    secret = folder / "secret"
    secret.write_text(SECRET)
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)))
        addresses = {}
        for part in parts:
            options = ("--mode", part.mode, "--latency", str(part.latency), "--data", str(folder / part.name))
            addresses[part.name] = await stack.enter_async_context(example(folder, part.name, FULFILLER, *options))
        record = ("--secret-file", str(secret), "--record", str(folder / "notifications.jsonl"))
        subscriber = await stack.enter_async_context(example(folder, "subscriber", SUBSCRIBER, *record))
        yield World(folder, session, addresses, subscriber)
