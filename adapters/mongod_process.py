"""One operating system process of the embedded database, ours or inherited from a server that crashed."""

import asyncio
import os
import resource
import signal
import subprocess
from pathlib import Path
from typing import Self

_FILES = 64_000  # what its makers recommend; where it may open none more, it aborts


def _allow_files(pid: int) -> None:
    """Let it open as many files as it may: shells and service managers give 1,024, which three databases use up."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    most = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, hard))


class MongodProcess:
    """Waits for and signals a process through its pidfd.

    A pidfd works for a process that is not our child (an adopted orphan), and it can never mean another process that
    was given the same number later.
    """

    def __init__(self, pid: int, child: "subprocess.Popen[bytes] | None" = None) -> None:
        self.pid = pid
        self.exit_code: int | None = None
        self._child = child
        self._descriptor = os.pidfd_open(pid)
        self._ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._descriptor, self._end)

    @classmethod
    def spawn(cls, command: tuple[str, ...], errors: Path) -> Self:
        """Starts the command in a session of its own: Ctrl-C in a terminal is for the server, which then stops it."""
        with errors.open("wb") as output:
            child = subprocess.Popen(  # noqa: S603 - our own installed file
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        _allow_files(child.pid)
        return cls(child.pid, child)

    @property
    def alive(self) -> bool:
        return not self._ended.is_set()

    async def wait(self) -> None:
        await self._ended.wait()

    async def end(self, patience: float) -> None:
        """Asks it to shut down, and insists when it has not done so after `patience` seconds."""
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(patience):
                await self.wait()
        except TimeoutError:
            self._signal(signal.SIGKILL)
            await self.wait()

    def _signal(self, number: signal.Signals) -> None:
        if self.alive:
            try:
                signal.pidfd_send_signal(self._descriptor, number)
            except ProcessLookupError:  # it ended by itself, and the event loop has not yet seen it
                return

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)
        if self._child is not None:
            self.exit_code = self._child.wait()  # at once: it has ended; only its parent can bury it
        self._ended.set()
