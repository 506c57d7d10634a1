"""Writes the lock files from what is installed in this environment: `make lock` after changing setup.py.

`lock.txt` pins everything that a developer's environment holds; `runtime.txt` only what the server needs where the
database is somebody else's. They hold names and versions, and nothing about where packages come from.
"""

import re
import runpy
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HERE = Path(__file__).resolve().parent
# With these the project itself is built, without asking for newer ones.
BUILD = ("setuptools",)


def declared(section: str) -> list[str]:
    """RUNTIME, EMBEDDED, KINDS or TEST of setup.py."""
    requirements: list[str] = runpy.run_path(str(HERE.parent / "setup.py"), run_name="requirements")[section]
    return requirements


def closure(requirements: Iterable[str]) -> dict[str, str]:
    """The installed version of each requirement and of all that it requires, by canonical name."""
    found: dict[str, str] = {}
    asked: set[tuple[str, str]] = set()
    waiting = [(Requirement(text), "") for text in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        distribution = metadata.distribution(requirement.name)
        if not requirement.specifier.contains(distribution.version, prereleases=True):
            raise SystemExit(f"{requirement} is required, but {distribution.version} is installed")
        found[name] = distribution.version
        for wanted in {"", *requirement.extras} - {extra for known, extra in asked if known == name}:
            asked.add((name, wanted))
            waiting += [(Requirement(text), wanted) for text in distribution.requires or ()]
    return found


def lines(pins: dict[str, str]) -> Iterator[str]:
    platforms = {canonicalize_name(Requirement(text).name): Requirement(text).marker for text in declared("EMBEDDED")}
    for name, version in sorted(pins.items()):
        marker = platforms.get(name)
        yield f"{name}=={version}" + (f" ; {marker}" if marker else "")


def lock_files() -> dict[str, str]:
    """The text that each lock file should have."""
    runtime = closure([*declared("RUNTIME"), *BUILD])
    everything = runtime | closure([*declared("EMBEDDED"), *declared("KINDS"), *declared("TEST")])
    heading = "# Written by `make lock`; {}.\n"
    return {
        "lock.txt": heading.format("runtime, optional parts and tests") + "\n".join(lines(everything)) + "\n",
        "runtime.txt": heading.format("what the server needs, without a database") + "\n".join(lines(runtime)) + "\n",
    }


def pinned(name: str) -> dict[str, str]:
    """Name and version of each line of a lock file."""
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (HERE / name).read_text(), re.MULTILINE))


if __name__ == "__main__":
    for file, text in lock_files().items():
        (HERE / file).write_text(text)
