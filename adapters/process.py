"""Runs one program: no shell, a process group of its own, a bounded output, and an end when the time is up."""

import asyncio
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from adapters.child import Child
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
    try:
        child = Child(program, {"PATH": _PATH, "LANG": "C.UTF-8", **environment})
    except (OSError, ValueError) as error:
        raise NotStarted(getattr(error, "strerror", None) or str(error)) from None
    stdout, stderr = bytearray(), bytearray()
    try:
        async with asyncio.timeout(seconds):
            await child.connect(_PART)
            return await _finish(child, words, stdout, stderr)
    except TimeoutError:
        await _end(child)
        raise OutOfTime(bytes(stdout)) from None
    finally:
        _signal(child, signal.SIGKILL)
        with suppress(TimeoutError):
            await asyncio.wait_for(child.wait(), _REAPED)
        child.close()


async def _finish(child: Child, words: bytes, stdout: bytearray, stderr: bytearray) -> Run:
    feeding = asyncio.create_task(_feed(child.stdin, words))
    complaining = asyncio.create_task(_keep_the_end(child.stderr, stderr))
    try:
        while len(stdout) <= MAX_OUTPUT:
            part = await child.stdout.read(_PART)
            if not part:
                break
            stdout += part
        else:
            return Run(None, bytes(stdout[:MAX_OUTPUT]), bytes(stderr), whole=False)
        await complaining
        code = await child.wait()
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


async def _end(child: Child) -> None:
    """Ask the group to end, and give it a moment for that."""
    _signal(child, signal.SIGTERM)
    with suppress(TimeoutError):
        await asyncio.wait_for(child.wait(), _GRACE)


def _signal(child: Child, number: signal.Signals) -> None:
    """Signal the group; only while its leader is not reaped, for later its number may be somebody else's."""
    if (group := child.group) is not None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)
