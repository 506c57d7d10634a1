"""The load generator: a process of its own, which sends prepared requests as fast as they are answered.

It is as lean as it can be, so that it measures the server and not itself: keep-alive connections that write prepared
bytes and look for nothing but status and length of the answer. It talks JSON lines with whoever started it.
"""

import asyncio
import base64
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

import uvloop

from bench.processes import ROOT

_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Request:
    """One request, prepared.

    Attributes:
        method: HTTP's.
        target: path and query.
        body: JSON.
    """

    method: str
    target: str
    body: bytes = b""

    def encoded(self, host: str) -> bytes:
        """As it goes over the wire."""
        head = f"{self.method} {self.target} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n"
        if self.body:
            head += f"Content-Type: application/json\r\nContent-Length: {len(self.body)}\r\n"
        return f"{head}\r\n".encode() + self.body


@dataclass(frozen=True, slots=True)
class Run:
    """What came of one bounded run.

    Attributes:
        requests: that were answered.
        seconds: that it took.
        p50: median of the answers' times, in milliseconds.
        p99: what one in a hundred exceeded.
        slowest: the longest of them.
    """

    requests: int
    seconds: float
    p50: float
    p99: float
    slowest: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


class LoadError(RuntimeError):
    """The server did not answer as it should."""


class LoadGenerator:
    """The process, as its user sees it."""

    def __init__(self) -> None:
        """Start it."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )

    async def run(
        self, url: str, requests: Sequence[Request], *, connections: int, seconds: float = 60.0, most: int = 1_000_000
    ) -> Run:
        """Send the requests round and round, until time or number is reached.

        Raises:
            LoadError: an answer was no success.
        """
        host = urlsplit(url).netloc
        prepared = [base64.b64encode(request.encoded(host)).decode() for request in requests]
        task = {"host": host, "requests": prepared, "connections": connections, "seconds": seconds, "most": most}
        answer = await asyncio.to_thread(self._ask, task)
        bad = {status: count for status, count in answer["statuses"].items() if not status.startswith("2")}
        if bad or not answer["requests"]:
            raise LoadError(f"{requests[0].method} {url}{requests[0].target}: {bad or 'no answer'}; {answer['sample']}")
        return Run(answer["requests"], answer["seconds"], answer["p50"], answer["p99"], answer["slowest"])

    def _ask(self, task: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise LoadError("the load generator has ended")
        return json.loads(line)

    def close(self) -> None:
        """End it."""
        self._process.communicate()


class _Work:
    """The requests of one run and what came of them."""

    def __init__(self, task: dict[str, Any]) -> None:
        self.requests = [base64.b64decode(request) for request in task["requests"]]
        self.most = int(task["most"])
        self.ends = time.perf_counter() + float(task["seconds"])
        self.sent = 0
        self.times: list[float] = []
        self.statuses: Counter[str] = Counter()
        self.sample = ""

    def next(self) -> bytes | None:
        if self.sent >= self.most or time.perf_counter() >= self.ends:
            return None
        self.sent += 1
        return self.requests[self.sent % len(self.requests)]

    def answered(self, status: str, took: float, answer: bytes) -> None:
        self.times.append(took)
        self.statuses[status] += 1
        if not status.startswith("2") and not self.sample:
            self.sample = answer[-600:].decode("utf-8", "replace")


class _Connection(asyncio.Protocol):
    def __init__(self, work: _Work, ended: asyncio.Future[None]) -> None:
        self._work = work
        self._ended = ended
        self._buffer = b""
        self._wanted = 0
        self._since = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by descent
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's signature
        if not self._ended.done():
            self._ended.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._wanted:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self._wanted = end + 4 + _length(self._buffer[:end])
        if len(self._buffer) >= self._wanted:
            status = self._buffer[9:12].decode()
            self._work.answered(status, time.perf_counter() - self._since, self._buffer)
            self._buffer, self._wanted = b"", 0
            self._send()

    def _send(self) -> None:
        request = self._work.next()
        assert self._transport is not None
        if request is None:
            self._transport.close()
            return
        self._since = time.perf_counter()
        self._transport.write(request)


def _length(head: bytes) -> int:
    name = b"content-length:"
    for line in head.split(b"\r\n"):
        if line[: len(name)].lower() == name:
            return int(line[len(name) :])
    return 0


async def _perform(task: dict[str, Any]) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    host, _, port = task["host"].partition(":")
    work, began = _Work(task), time.perf_counter()
    endings: list[asyncio.Future[None]] = []
    for _ in range(min(int(task["connections"]), work.most)):
        ending: asyncio.Future[None] = loop.create_future()
        endings.append(ending)
        await loop.create_connection(lambda ending=ending: _Connection(work, ending), host, int(port))  # type: ignore[misc]
    with suppress(TimeoutError):
        async with asyncio.timeout(float(task["seconds"]) + _PATIENCE):
            await asyncio.gather(*endings)
    seconds, times = time.perf_counter() - began, sorted(work.times)
    if len(times) < work.sent:
        work.statuses["unanswered"] = work.sent - len(times)
    return {
        "requests": len(times),
        "seconds": seconds,
        "p50": 1000 * times[len(times) // 2] if times else 0,
        "p99": 1000 * times[len(times) * 99 // 100] if times else 0,
        "slowest": 1000 * times[-1] if times else 0,
        "statuses": work.statuses,
        "sample": work.sample,
    }


def main() -> None:
    """Perform what is asked for, line by line."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for line in sys.stdin:
            print(json.dumps(runner.run(_perform(json.loads(line)))), flush=True)


if __name__ == "__main__":
    main()
