"""A server as a user runs it: a process of its own, spoken to over HTTP only."""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import requests

ROOT = Path(__file__).parents[2]

_READY_SECONDS = 180.0
_STOP_SECONDS = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class ServerProcess:
    """One server on a data folder; can be ended in order, killed, and started again on the same port.

    Attributes:
        data_dir: its data folder; without SOM_TEST_MONGODB_URL the embedded database lives in it.
        environment: settings on top of ours.
        port: where it listens; a free one unless given.
    """

    data_dir: Path
    environment: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> Path:
        return self.data_dir / "server.log"

    def start(self) -> None:
        """Returns when it is ready."""
        command = [sys.executable, "-m", "som.cli", "serve", "--port", str(self.port), "--data-dir", str(self.data_dir)]
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=_environment(self.environment), stdout=output, stderr=output
            )
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        give_up = time.monotonic() + _READY_SECONDS
        while not self._is_ready():
            assert self._process is not None
            assert self._process.poll() is None, f"The server has ended:\n{self.last_words()}"
            assert time.monotonic() < give_up, f"The server is not ready:\n{self.last_words()}"
            time.sleep(0.1)

    def stop(self) -> int:
        """Asks it to end, and answers its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As a crash would end it: the embedded database, if any, stays behind."""
        self._end(signal.SIGKILL)

    def last_words(self) -> str:
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-30:])

    def _end(self, number: signal.Signals) -> int:
        if self._process is None:
            return 0
        process, self._process = self._process, None
        process.send_signal(number)
        return process.wait(_STOP_SECONDS)

    def _is_ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).ok
        except requests.RequestException:
            return False


def _environment(more: dict[str, str]) -> dict[str, str]:
    """Ours without its own settings, so that a developer's do not decide what is tested."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SOM_")}
    return inherited | more


def som(server: ServerProcess, *arguments: str, code: int = 0) -> str:
    command = [sys.executable, "-m", "som.cli", *arguments, "--url", server.url]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr
