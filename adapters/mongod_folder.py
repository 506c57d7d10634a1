"""What the embedded database keeps under the data folder, and the lock that says whose it is."""

import errno
import fcntl
import os
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from adapters.database_errors import DataFolderInUse, DataFolderNotWritable

_LOG_LIMIT_BYTES = 16 * 1024 * 1024
_END_BYTES = 256 * 1024
_LINES = 3
_FATAL, _RESTARTED = '"s":"F"', "SERVER RESTARTED"  # in lines of its log


@dataclass(frozen=True)
class RunningMongod:
    """A living `mongod` on our files: its process id and the command line it was started with."""

    pid: int
    command: tuple[str, ...]

    @property
    def port(self) -> int:
        return int(self.command[self.command.index("--port") + 1])


class MongodFolder:
    """`<data-dir>/mongod`: the database's files, its logs, the port it used last, and the owner's lock.

    The lock is the kernel's (flock), not the file's existence: it goes with its owner however that one ends, so that a
    crash leaves nothing to clean up by hand. The process id in the file is only for the message.
    """

    def __init__(self, data_dir: Path) -> None:
        self.root = data_dir.resolve() / "mongod"
        self.database = self.root / "data"
        self.log = self.root / "mongod.log"
        self.errors = self.root / "mongod.err"
        self._lock_path = self.root / "owner.lock"
        self._port_path = self.root / "port"
        self._lock: int | None = None

    def acquire(self) -> None:
        """Makes the folder ours until `release`.

        Raises:
            DataFolderInUse: another server, or another one in this process, holds it.
            DataFolderNotWritable: it cannot be created or written.
        """
        try:
            self.database.mkdir(parents=True, exist_ok=True)
            lock = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as problem:
            raise self._not_writable(problem) from problem
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._lock = lock
            os.ftruncate(lock, 0)
            os.write(lock, f"{os.getpid()}\n".encode())
            self._rotate_log()
        except OSError as problem:
            self._lock = None
            os.close(lock)
            if problem.errno in {errno.EWOULDBLOCK, errno.EACCES}:
                raise DataFolderInUse(folder=self.root.parent, owner=self._owner()) from None
            raise self._not_writable(problem) from problem

    def release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def remembered_port(self) -> int | None:
        try:
            return int(self._port_path.read_text())
        except (OSError, ValueError):
            return None

    def remember_port(self, port: int) -> None:
        self._port_path.write_text(f"{port}\n")

    def running(self) -> RunningMongod | None:
        """The `mongod` that works on our files at this moment, if any: its own lock file names it."""
        try:
            pid = int((self.database / "mongod.lock").read_text())
            command = tuple(Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1])
        except (OSError, ValueError):
            return None
        # A process id is soon given to another program; only the command line proves that this is ours.
        ours = "--port" in command and ("--dbpath", str(self.database)) in pairwise(command)
        return RunningMongod(pid, command) if ours else None

    def last_words(self) -> str:
        """The end of what mongod wrote, for the message about a failed start."""
        lines = _end(self.errors) or _end(self.log)
        return _joined(lines[-_LINES:]) or "it wrote nothing"

    def dying_words(self) -> str:
        """Why a mongod that had served ended, as far as its log says so: what led to the first fatal thing, and it."""
        lines = _end(self.log)
        begun = max((place for place, line in enumerate(lines) if _RESTARTED in line), default=0)
        fatal = next((place for place, line in enumerate(lines) if place >= begun and _FATAL in line), None)
        return "it does not say why" if fatal is None else _joined(lines[max(begun, fatal - 1) :][:_LINES])

    def _rotate_log(self) -> None:
        if self.log.is_file() and self.log.stat().st_size > _LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))

    def _owner(self) -> str:
        return self._lock_path.read_text().strip() or "unknown"

    def _not_writable(self, problem: OSError) -> DataFolderNotWritable:
        return DataFolderNotWritable(folder=self.root.parent, reason=problem.strerror or str(problem))


def _end(path: Path) -> list[str]:
    """The last lines of a file, which may be long; none where there is no file."""
    if not path.is_file():
        return []
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _END_BYTES))
        return file.read().decode(errors="replace").splitlines()


def _joined(lines: list[str]) -> str:
    return " | ".join(lines)[-1000:]
