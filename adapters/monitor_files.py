"""The files by which Prometheus learns of monitors: one pair for each, written whole or not at all.

`targets/<monitor>.json` is for file-based service discovery, `rules/<monitor>.yml` for rule_files (JSON is YAML). A
file comes into its place by renaming, so that Prometheus never reads half of one. What stood there before the last
change is kept in `before/<monitor>.json`, so that it can be undone; of a monitor that is gone, for `KEPT_SECONDS`.
"""

import hashlib
import json
import os
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Document = dict[str, Any]

TARGETS, RULES, BEFORE = "targets", "rules", "before"
KEPT_SECONDS = 30 * 86_400.0
_NOBODY = json.dumps([{"targets": [], "labels": {}}])
"""Stands among the targets for good, as `som.json`. A Prometheus that is told to read its rules begins its discovery
anew, too; where that finds no file at all, it never learns that the last target is gone."""


@dataclass(frozen=True, slots=True)
class Monitor:
    """What Prometheus is to watch of a service.

    Attributes:
        targets: groups of file-based service discovery: {targets, labels}.
        rules: alerting and recording rules.
    """

    targets: tuple[Mapping[str, Any], ...] = ()
    rules: tuple[Mapping[str, Any], ...] = ()


def monitor_of(service: str, task: str) -> str:
    """The name of the monitor that a task makes for a service: the same for each try, and safe as a file's name."""
    return f"{prefix_of(service)}{_digest(task, 8)}"


def prefix_of(service: str) -> str:
    """What the names of all monitors of a service begin with."""
    return f"som-{_digest(service, 20)}-"


def _digest(text: str, length: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]


class MonitorFiles:
    """The monitors in one folder. Its methods block; each may be repeated."""

    def __init__(self, folder: Path) -> None:
        """Keep them in this folder."""
        self._folder = folder

    def put(self, name: str, monitor: Monitor, key: str) -> bool:
        """Make or change a monitor, by the call with this key.

        Returns:
            Whether the rules are other than before, so that Prometheus has to be told.
        """
        self._leave_nobody()
        before = self._read(name)
        wanted = _texts(name, monitor)
        if before == wanted:
            return False
        self._keep(name, key, before)
        self._place(name, wanted)
        return before[RULES] != wanted[RULES]

    def remove(self, service: str, key: str) -> tuple[list[str], bool]:
        """Remove all monitors of a service, by the call with this key.

        Returns:
            Their names, and whether there were rules among them.
        """
        self._leave_nobody()
        pattern = f"{prefix_of(service)}*"
        found = [*self._folder.glob(f"{TARGETS}/{pattern}.json"), *self._folder.glob(f"{RULES}/{pattern}.yml")]
        names, had_rules = sorted({path.stem for path in found}), False
        for name in names:
            before = self._read(name)
            self._keep(name, key, before)
            self._place(name, {TARGETS: None, RULES: None})
            had_rules = had_rules or before[RULES] is not None
        self._forget_old()
        return names, had_rules

    def undo(self, service: str, key: str) -> bool:
        """Put the monitors of a service back to what they were before the call with this key; once is enough.

        Returns:
            Whether the rules are other than before.
        """
        told = False
        for path in sorted(self._folder.glob(f"{BEFORE}/{prefix_of(service)}*.json")):
            kept = json.loads(path.read_text(encoding="utf-8"))
            if kept["key"] == key:
                told = told or self._read(path.stem)[RULES] != kept[RULES]
                self._place(path.stem, {TARGETS: kept[TARGETS], RULES: kept[RULES]})
                path.unlink(missing_ok=True)
        return told

    def _leave_nobody(self) -> None:
        path = self._folder / TARGETS / "som.json"
        if not path.exists():
            _write(path, _NOBODY)

    def _read(self, name: str) -> dict[str, str | None]:
        return {part: _text(self._path(part, name)) for part in (TARGETS, RULES)}

    def _keep(self, name: str, key: str, before: Mapping[str, str | None]) -> None:
        """Keep what stood there before the call; a call that is repeated finds it kept already."""
        path = self._folder / BEFORE / f"{name}.json"
        known = _text(path)
        if known is None or json.loads(known)["key"] != key:
            _write(path, json.dumps({"key": key, **before}))

    def _place(self, name: str, wanted: Mapping[str, str | None]) -> None:
        for part in (TARGETS, RULES):
            path, text = self._path(part, name), wanted[part]
            if text is None:
                path.unlink(missing_ok=True)
            else:
                _write(path, text)

    def _path(self, part: str, name: str) -> Path:
        return self._folder / part / f"{name}.{'json' if part == TARGETS else 'yml'}"

    def _forget_old(self) -> None:
        """Remove what was kept of monitors that are long gone."""
        oldest = time.time() - KEPT_SECONDS
        with suppress(FileNotFoundError), os.scandir(self._folder / BEFORE) as entries:
            for entry in entries:
                if entry.stat().st_mtime < oldest:
                    Path(entry.path).unlink(missing_ok=True)


def _texts(name: str, monitor: Monitor) -> dict[str, str | None]:
    groups = {"groups": [{"name": name, "rules": list(monitor.rules)}]}
    return {
        TARGETS: json.dumps(list(monitor.targets), indent=1, sort_keys=True) if monitor.targets else None,
        RULES: json.dumps(groups, indent=1, sort_keys=True) if monitor.rules else None,
    }


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def _write(path: Path, text: str) -> None:
    """Write a file whole; under a name that no pattern of Prometheus matches until it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.new")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
