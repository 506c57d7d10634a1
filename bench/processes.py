"""The processes of a run: started, awaited, and ended again."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from adapters.free_port import any_free_port
from bench.machine import cpu_seconds, resident_bytes

_READY_SECONDS = 60.0
_END_SECONDS = 40.0
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Child:
    """A process that answers HTTP."""

    pid: int
    url: str

    @property
    def cpu(self) -> float:
        """Seconds of processor time so far."""
        return cpu_seconds(self.pid)

    @property
    def memory(self) -> int:
        """Bytes that it holds."""
        return resident_bytes(self.pid)


def _environment() -> dict[str, str]:
    """Ours, without settings of a server, which would change what is measured."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SOM_")}


@asynccontextmanager
async def child(arguments: Sequence[str], log: Path, ready: str) -> AsyncIterator[Child]:
    """Run `python …` for as long as the context is open; `{port}` in an argument becomes its port.

    Raises:
        RuntimeError: it ended, or did not become ready; the message holds what it said.
    """
    port = any_free_port()
    command = [sys.executable, *(argument.replace("{port}", str(port)) for argument in arguments)]
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=ROOT, env=_environment())  # noqa: ASYNC220 - it returns at once
    try:
        url = f"http://127.0.0.1:{port}"
        await _until_ready(process, url + ready, log)
        yield Child(process.pid, url)
    finally:
        await _end(process)


async def _until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    give_up = asyncio.get_running_loop().time() + _READY_SECONDS
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        while not await _answers(session, url):
            if process.poll() is not None or asyncio.get_running_loop().time() > give_up:
                raise RuntimeError(f"{url} does not answer. It said:\n{_last_words(log)}")
            await asyncio.sleep(0.05)


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False


def _last_words(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-2000:]


async def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(process.wait, _END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
    await asyncio.to_thread(process.wait)
