"""Runs of Ansible as folders: what stands in a run's folder is the truth of it, so that it outlives the server.

A run has one folder, named after the idempotency key of its call:

| entry | written | says |
| --- | --- | --- |
| `spec.json`, `variables.yml` | before the start | what is to be run, and with what; no secrets |
| `lock` | held while the run goes on | its process lives; the system lets go of it when the process dies |
| `started` | before the first effect | from here on something may have been done |
| `milestones` | as it goes on | names of tasks or plays, one a line |
| `outcome.json` | at the end | how it ended |
| `cancelled` | by a cancellation | it must not start, or must stop |
| `told` | by a look | its failure is known to the order; asked again, it is run again |
| `artifacts/run/stdout` | as it goes on | what Ansible said, for people |
"""

import errno
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

EX_UNAVAILABLE, EX_CANCELLED = 69, 77  # how the process of a run ends that does not run

State = Literal["new", "called off", "running", "ended", "died"]


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one run."""

    path: Path

    @classmethod
    def of(cls, runs: Path, idempotency_key: str) -> "RunFolder":
        """That of the call with this key."""
        return cls(runs.absolute() / hashlib.sha256(idempotency_key.encode()).hexdigest()[:32])

    @property
    def name(self) -> str:
        """Its name, by which people find it."""
        return self.path.name

    def state(self) -> State:
        """Where the run stands. The order matters: the outcome is written while the lock is held."""
        return "running" if self._is_locked() else self.state_when_idle()

    def state_when_idle(self) -> State:
        """Where the run stands, if no process has its lock but ours."""
        if self.outcome() is not None:
            return "ended"
        if self._has("started"):
            return "died"
        return "called off" if self._has("cancelled") else "new"

    def prepare(self, spec: Mapping[str, Any], variables: str) -> None:
        """Write down what is to be run; done twice, the same stands there."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _replace(self.path / "variables.yml", variables)
        _replace(self.path / "spec.json", json.dumps(spec))

    def spec(self) -> dict[str, Any]:
        """What is to be run."""
        spec: dict[str, Any] = json.loads((self.path / "spec.json").read_text(encoding="utf-8"))
        return spec

    def outcome(self) -> dict[str, Any] | None:
        """How it ended."""
        try:
            outcome: dict[str, Any] = json.loads((self.path / "outcome.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return outcome

    def end(self, outcome: Mapping[str, Any]) -> None:
        """Write down how it ended."""
        _replace(self.path / "outcome.json", json.dumps(outcome))

    def milestones(self) -> tuple[str, ...]:
        """What was reached so far."""
        try:
            return tuple(dict.fromkeys((self.path / "milestones").read_text(encoding="utf-8").splitlines()))
        except FileNotFoundError:
            return ()

    def call_off(self) -> None:
        """Let it not start, or stop."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._mark("cancelled")

    def is_called_off(self) -> bool:
        """Whether somebody cancelled it."""
        return self._has("cancelled")

    def mark_started(self) -> None:
        """From here on something may have been done."""
        self._mark("started")

    def mark_told(self) -> None:
        """The order knows of its failure."""
        with suppress(FileNotFoundError):
            self._mark("told")

    def is_told(self) -> bool:
        """Whether the order knows of its failure."""
        return self._has("told")

    def put_aside(self) -> None:
        """Make room for another try, and keep this one for people to look at."""
        for number in range(1, 10_000):
            aside = self.path.with_name(f"{self.name}.{number}")
            if not aside.exists():
                with suppress(FileNotFoundError):  # somebody else did it
                    self.path.rename(aside)
                return

    @contextmanager
    def locked(self) -> Iterator[bool]:
        """Hold the lock, if it can be had: nobody else then runs this."""
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            yield _lock(descriptor, fcntl.LOCK_EX)
        finally:
            os.close(descriptor)

    def _is_locked(self) -> bool:
        try:
            descriptor = os.open(self.path / "lock", os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            return not _lock(descriptor, fcntl.LOCK_SH)
        finally:
            os.close(descriptor)

    def _has(self, name: str) -> bool:
        return (self.path / name).exists()

    def _mark(self, name: str) -> None:
        descriptor = os.open(self.path / name, os.O_WRONLY | os.O_CREAT, 0o600)
        os.fsync(descriptor)
        os.close(descriptor)


def _lock(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            raise
        return False
    return True


def _replace(path: Path, words: str) -> None:
    """Write a file that is there as a whole or not at all."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(words)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
