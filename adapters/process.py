"""Runs one program: no shell, a process group of its own, a bounded output, and an end when the time is up."""

import asyncio
import os
import signal
from asyncio.subprocess import PIPE, Process, SubprocessStreamProtocol
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from adapters.command_protocol import MAX_ERRORS, MAX_OUTPUT, Run

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_GRACE = 0.2  # seconds between the request to end and the end
_REAPED = 1.0  # seconds that one which is killed may take to go: it may hang in the kernel
_PART = 65_536


class NotStarted(Exception):
    """The program could not be started; nothing was done."""


class OutOfTime(Exception):
    """The program did not end in time and was ended.

    Attributes:
        stdout: what it had put out until then.
    """

    def __init__(self, stdout: bytes) -> None:
        """Keep what it had said."""
        super().__init__()
        self.stdout = stdout


async def run(program: Path, words: bytes, environment: Mapping[str, str], seconds: float) -> Run:
    """Start the program, hand it these words on standard input, and wait for its end.

    What it leaves behind in its process group is ended when the time is up, or when the caller is cancelled. A child
    that is to go on needs a session of its own, and must not keep stdout or stderr.

    Raises:
        NotStarted: it could not be started.
        OutOfTime: it took longer than that, and was ended.
    """
    loop = asyncio.get_running_loop()
    try:
        transport, protocol = await loop.subprocess_exec(
            lambda: SubprocessStreamProtocol(limit=_PART, loop=loop),
            str(program),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            cwd="/",
            env={"PATH": _PATH, "LANG": "C.UTF-8", **environment},
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise NotStarted(getattr(error, "strerror", None) or str(error)) from None
    process = Process(transport, protocol, loop)
    stdout, stderr = bytearray(), bytearray()
    try:
        async with asyncio.timeout(seconds):
            return await _finish(process, words, stdout, stderr)
    except TimeoutError:
        await _end(process)
        raise OutOfTime(bytes(stdout)) from None
    finally:
        _signal(process, signal.SIGKILL)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _REAPED)
        transport.close()


async def _finish(process: Process, words: bytes, stdout: bytearray, stderr: bytearray) -> Run:
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise NotStarted("it has no pipes")
    feeding = asyncio.create_task(_feed(process.stdin, words))
    complaining = asyncio.create_task(_keep_the_end(process.stderr, stderr))
    try:
        while len(stdout) <= MAX_OUTPUT:
            part = await process.stdout.read(_PART)
            if not part:
                break
            stdout += part
        else:
            return Run(None, bytes(stdout[:MAX_OUTPUT]), bytes(stderr), whole=False)
        await complaining
        code = await process.wait()
        return Run(code, bytes(stdout), bytes(stderr))
    finally:
        feeding.cancel()
        complaining.cancel()
        await asyncio.gather(feeding, complaining, return_exceptions=True)


async def _feed(stdin: asyncio.StreamWriter, words: bytes) -> None:
    with suppress(ConnectionError):  # a program need not read what it is told
        stdin.write(words)
        await stdin.drain()
        stdin.close()


async def _keep_the_end(stream: asyncio.StreamReader, kept: bytearray) -> None:
    while part := await stream.read(_PART):
        kept += part
        del kept[:-MAX_ERRORS]


async def _end(process: Process) -> None:
    """Ask the group to end, and give it a moment for that."""
    _signal(process, signal.SIGTERM)
    with suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), _GRACE)


def _signal(process: Process, number: signal.Signals) -> None:
    """Signal the group; only while its leader is not reaped, for later its number may be somebody else's."""
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
