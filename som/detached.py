"""Processes that outlive the command which started them, found again by a file with their number."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_LOOK_SECONDS = 0.05
_LAST_LINES = 15
_LOG_LIMIT_BYTES = 16 * 1024 * 1024


class Detached:
    """One process by its name, with a file for its number and one for what it says, both under the data folder."""

    def __init__(self, data_dir: Path, name: str) -> None:
        """Know the files; nothing is started yet."""
        self.name = name
        self.log = data_dir / "log" / f"{name}.log"
        self._record = data_dir / "run" / f"{name}.json"

    def start(
        self,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> int:
        """Start it in a session of its own, so that neither Ctrl-C nor a closed terminal reaches it.

        Args:
            command: to be run.
            environment: variables on top of ours.
            facts: what is to be remembered of it, such as its address.
        """
        for file in (self.log, self._record):
            file.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as output:
            spoken = output.tell()
            process = subprocess.Popen(  # noqa: S603 - our own programs
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )
        written = self._record.with_suffix(".new")
        written.write_text(
            json.dumps({**(facts or {}), "pid": process.pid, "born": _birth(process.pid), "spoken": spoken})
        )
        written.replace(self._record)
        return process.pid

    @property
    def facts(self) -> dict[str, Any]:
        """What is remembered of it, also after its end; empty when it was never started."""
        try:
            remembered: dict[str, Any] = json.loads(self._record.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return remembered

    @property
    def pid(self) -> int | None:
        """Its number while it runs; never that of another process which was given the same number later."""
        facts = self.facts
        number = facts.get("pid")
        return number if isinstance(number, int) and facts.get("born") and _birth(number) == facts["born"] else None

    def stop(self, patience: float) -> bool:
        """End it: ask, wait, and insist with its whole group. False when it did not run."""
        number = self.pid
        if number is None:
            return False
        _signal(number, signal.SIGTERM)
        if not self._gone(patience):
            _signal_group(number, signal.SIGKILL)
            self._gone(10)
        return True

    def last_words(self) -> str:
        """The end of its log, without what earlier ones of its name said."""
        try:
            with self.log.open("rb") as log:
                log.seek(int(self.facts.get("spoken", 0)))
                lines = log.read().decode(errors="replace").splitlines()
        except FileNotFoundError:
            return ""
        return "\n".join(lines[-_LAST_LINES:])

    def _gone(self, patience: float) -> bool:
        give_up = time.monotonic() + patience
        while self.pid is not None:
            if time.monotonic() >= give_up:
                return False
            time.sleep(_LOOK_SECONDS)
        return True


def _birth(pid: int) -> str | None:
    """When a living process began, in a form that only serves to compare; None for one that is dead or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return _birth_by_ps(pid) if not Path("/proc/self/stat").exists() else None
    return None if fields[0] == "Z" else fields[19]  # field 22 of the line: start time in ticks since the boot


def _birth_by_ps(pid: int) -> str | None:
    asked = subprocess.run(  # noqa: S603 - no input of anybody's
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],  # noqa: S607 - wherever it stands on this system
        capture_output=True,
        text=True,
        check=False,
    )
    status, _, born = asked.stdout.strip().partition(" ")
    return None if asked.returncode or status.startswith("Z") else born.strip()


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:  # it has just ended by itself
        return


def _signal_group(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return
