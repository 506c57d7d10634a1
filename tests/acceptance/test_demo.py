"""`som demo`, as a stranger runs it, then runs it again, then ends it."""

import os
import subprocess
import sys
from pathlib import Path

import requests

from som.detached import Detached
from tests.acceptance.server_process import ROOT, free_port

NAMES = ("server", "network", "platform", "monitoring", "subscriber")


def _som(*arguments: str, timeout: float = 300) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SOM_")}
    return subprocess.run(
        [sys.executable, "-m", "som.cli", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def _processes(folder: Path) -> dict[str, int | None]:
    return {name: Detached(folder, name).pid for name in NAMES}


def test_the_demo_completes_leaves_all_running_can_be_repeated_and_ends_without_a_trace(tmp_path: Path) -> None:
    arguments = ("--data-dir", str(tmp_path))
    try:
        first = _som("demo", *arguments, "--port", str(free_port()))
        assert first.returncode == 0, first.stdout + first.stderr
        assert "BAD" not in first.stdout
        running = _processes(tmp_path)
        assert all(running.values())
        assert requests.get(f"{Detached(tmp_path, 'server').facts['url']}/readyz", timeout=10).ok

        second = _som("demo", *arguments)
        assert second.returncode == 0, second.stdout + second.stderr
        assert "re-used" in second.stdout
        assert _processes(tmp_path) == running
    finally:
        stopped = _som("stop", *arguments)
    assert stopped.returncode == 0, stopped.stderr
    assert not any(_processes(tmp_path).values())
    assert _mentioning(str(tmp_path)) == []


def _mentioning(text: str) -> list[str]:
    """Command lines of living processes that name the folder: its mongod would, if it were left behind."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it has just ended
            continue
        if text in command and str(os.getpid()) != entry.parent.name:
            found.append(command)
    return found
