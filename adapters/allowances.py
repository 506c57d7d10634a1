"""What the operator of this server lets fulfillers use on it: a registration can name only what stands here."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True)
class Allowances:
    """The places of this host that registrations may name things of; None: nothing of that sort.

    Attributes:
        commands: folder of the executables for the kind `command`.
        ansible_projects: folder of the projects for the kind `ansible`.
        ansible_runs: folder in which runs of the kind `ansible` are kept.
        monitors: folder of the folders in which the kind `prometheus` keeps its monitors.
    """

    commands: Path | None = None
    ansible_projects: Path | None = None
    ansible_runs: Path | None = None
    monitors: Path | None = None


def entry(folder: Path, name: object) -> Path | None:
    """What a registration means by this name: an entry directly in the folder; None where there is no such.

    Links are followed, for only the operator of the server makes them.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return None
    found = folder.absolute() / name
    return found if found.exists() else None


def executable(folder: Path, name: object) -> Path | None:
    """Such an entry that is a program and that we may run."""
    found = entry(folder, name)
    return found if found is not None and found.is_file() and os.access(found, os.X_OK) else None
