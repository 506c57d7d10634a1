"""The processes of the demo: server, fulfillers, subscriber. They stay when the demo has ended, until `som stop`."""

import asyncio
import secrets
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import requests

from som.cli.exits import Unreachable, Unusable
from som.detached import Detached
from som.settings import Settings, reachable

SERVER = "server"
SUBSCRIBER = "subscriber"

_SERVER_SECONDS = 180.0  # the embedded database may have a journal to replay
_EXAMPLE_SECONDS = 30.0
_DRAIN_SECONDS = 45.0  # a server finishes what is under way within 30
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Part:
    """A fulfiller of the demo: how it tells outcomes, and how long its work takes."""

    name: str
    mode: str
    latency: float

    @property
    def placeholder(self) -> str:
        """What stands for its address in the files of the examples."""
        return f"{self.name.upper()}_URL"


FULFILLERS = (Part("network", "callback", 0.6), Part("platform", "sync", 0.2), Part("monitoring", "poll", 0.4))
"""One for each way in which a fulfiller can tell the outcome."""


@dataclass(frozen=True, slots=True)
class Program:
    """How a process is started, and how one sees that it is ready."""

    process: Detached
    command: Callable[[int], Sequence[str]]
    ready: str
    patience: float = _EXAMPLE_SECONDS
    host: str = "127.0.0.1"
    port: int = 0

    def ensure(self) -> tuple[str, bool]:
        """Its address, once it is ready, and whether it had to be started."""
        url = str(self.process.facts.get("url", ""))
        is_new = self.process.pid is None
        if is_new:
            # The port of last time goes first: registrations and subscriptions hold it.
            wanted = int(self.process.facts.get("port") or self.port)
            port = wanted if wanted and _is_free(wanted) else _free_port()
            url = f"http://{self.host}:{port}"
            self.process.start(self.command(port), facts={"url": url, "port": port})
        _until_ready(self.process, url + self.ready, self.patience)
        return url, is_new


class Cast:
    """Starts what does not run yet, and re-uses what does."""

    def __init__(self, settings: Settings, examples: Path) -> None:
        """Know where things are."""
        self._settings = settings
        self._examples = examples
        self._data = settings.data_dir.resolve()
        self._own = self._data / "demo"

    def server(self) -> tuple[str, bool]:
        """The server's address once it is ready, and whether it is a new one."""
        settings = self._settings
        config = () if settings.config is None else ("--config", str(settings.config.resolve()))
        return Program(
            Detached(self._data, SERVER),
            lambda port: [
                *(sys.executable, "-m", "som.cli", "serve", "--host", settings.host, "--port", str(port)),
                *("--data-dir", str(self._data), *config),
            ],
            "/readyz",
            _SERVER_SECONDS,
            reachable(settings.host),
            settings.port,
        ).ensure()

    def fulfiller(self, part: Part) -> str:
        """Its address."""
        self._own.mkdir(parents=True, exist_ok=True)
        script = self._script("fulfillers/rest_fulfiller.py")
        answers = self._examples / "fulfillers" / "answers.json"
        return Program(
            Detached(self._data, part.name),
            lambda port: [
                *(sys.executable, str(script), "--port", str(port), "--mode", part.mode),
                *("--latency", str(part.latency), "--data", str(self._own / f"{part.name}.sqlite")),
                *(("--answers", str(answers)) if answers.exists() else ()),
            ],
            "/stats",
        ).ensure()[0]

    def subscriber(self) -> tuple[str, str, bool]:
        """Its address, the secret that it checks signatures with, and whether that is new."""
        secret, new = self._secret()
        script = self._script("subscriber.py")
        url, _ = Program(
            Detached(self._data, SUBSCRIBER),
            lambda port: [
                *(sys.executable, str(script), "--port", str(port), "--secret-file", str(self._own / "secret")),
                *("--record", str(self._own / "notifications.jsonl")),
            ],
            "/stats",
        ).ensure()
        return url, secret, new

    def _script(self, name: str) -> Path:
        script = self._examples / name
        if not script.is_file():
            raise Unusable(f"{script} is not there: run the demo in a checkout, or name its folder with --examples.")
        return script.resolve()

    def _secret(self) -> tuple[str, bool]:
        file = self._own / "secret"
        if file.exists():
            return file.read_text(encoding="utf-8").strip(), False
        self._own.mkdir(parents=True, exist_ok=True)
        secret = secrets.token_urlsafe(32)
        file.touch(mode=0o600)
        file.write_text(secret, encoding="utf-8")
        return secret, True


def stop_all(data_dir: Path) -> list[str]:
    """End everything that was left running on the data folder; answers the names of what was.

    Raises:
        Unusable: a server that was not started by the demo uses the folder.
    """
    data = data_dir.resolve()
    names = [SERVER, *(part.name for part in FULFILLERS), SUBSCRIBER]
    ended = [name for name in names if Detached(data, name).stop(_DRAIN_SECONDS)]
    return ended + (["embedded database"] if _end_orphan(data) else [])


def _end_orphan(data: Path) -> bool:
    """A server ends its own database; one that was killed could not."""
    from adapters.database_errors import DataFolderInUse  # noqa: PLC0415 - only who stops needs the database's parts
    from adapters.embedded_mongod import EmbeddedMongod  # noqa: PLC0415
    from adapters.mongod_folder import MongodFolder  # noqa: PLC0415

    if not (data / "mongod").is_dir():
        return False
    try:
        was_running = MongodFolder(data).running() is not None
        asyncio.run(EmbeddedMongod(data).end_orphan())
    except DataFolderInUse as trouble:
        raise Unusable(f"{trouble} The demo did not start it, so it is left alone.") from None
    return was_running


def _until_ready(process: Detached, url: str, patience: float) -> None:
    give_up = time.monotonic() + patience
    with requests.Session() as session:
        session.trust_env = False
        while not _answers(session, url):
            if process.pid is None:
                raise Unreachable(f"The {process.name} has ended at its start. It said:\n{process.last_words()}")
            if time.monotonic() >= give_up:
                raise Unreachable(f"The {process.name} is not ready after {patience:g} s; its log is {process.log}.")
            time.sleep(_LOOK_SECONDS)


def _answers(session: requests.Session, url: str) -> bool:
    try:
        return session.get(url, timeout=5).ok
    except requests.RequestException:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
