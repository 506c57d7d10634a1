"""A program of this host under way: its three pipes, and its end.

The loop could start programs by itself; but uvloop's way (libuv, execvp) hands a file that the system cannot execute to
a shell, line by line, and no shell is ever to read what is registered as a program.
"""

import asyncio
import subprocess
from collections.abc import Mapping
from pathlib import Path
from threading import Thread
from typing import IO


class Child:
    """A program that has begun, in a session of its own; `connect` before it is read or written.

    Attributes:
        stdin, stdout, stderr: its pipes.
    """

    stdin: asyncio.StreamWriter
    stdout: asyncio.StreamReader
    stderr: asyncio.StreamReader

    def __init__(self, program: Path, environment: Mapping[str, str]) -> None:
        """Begin the program, in the folder `/`.

        Raises:
            OSError: it cannot be started.
            ValueError: neither can what has such a name, or such an environment.
        """
        self._process = subprocess.Popen(  # noqa: S603 - an operator has registered the program
            [program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            env=dict(environment),
            start_new_session=True,
        )
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._transports: list[asyncio.BaseTransport] = []
        self._watch()

    async def connect(self, limit: int) -> None:
        """Open the streams; they hold up to twice `limit` bytes before the program has to wait."""
        self.stdout = await self._reading(self._process.stdout, limit)
        self.stderr = await self._reading(self._process.stderr, limit)
        loop, pipe = asyncio.get_running_loop(), self._process.stdin
        protocol = asyncio.StreamReaderProtocol(asyncio.StreamReader())
        transport, _ = await loop.connect_write_pipe(lambda: protocol, pipe)
        self._transports.append(transport)
        self.stdin = asyncio.StreamWriter(transport, protocol, None, loop)

    @property
    def group(self) -> int | None:
        """Its process group; None once it has been reaped, for the number may be somebody else's then."""
        return self._process.pid if self._process.returncode is None else None

    async def wait(self) -> int:
        """Its exit code, or the number of the signal that has ended it, below 0."""
        return await asyncio.shield(self._ended)

    def close(self) -> None:
        """Let go of the pipes."""
        for transport in self._transports:
            transport.close()

    def _watch(self) -> None:
        loop = asyncio.get_running_loop()

        def wait() -> None:
            code = self._process.wait()
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._ended.set_result, code)

        Thread(target=wait, name=f"waits for process {self._process.pid}", daemon=True).start()

    async def _reading(self, pipe: IO[bytes] | None, limit: int) -> asyncio.StreamReader:
        reader = asyncio.StreamReader(limit=limit)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), pipe
        )
        self._transports.append(transport)
        return reader
