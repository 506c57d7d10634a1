"""The lock files are what setup.py asks for, and tell nothing of where packages come from."""

import json
import re
import runpy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

REQUIREMENTS = Path(__file__).parents[2] / "requirements"
CONSOLE = REQUIREMENTS.parent / "handlers" / "console"
LOCK_FILES = ["lock.txt", "runtime.txt"]


@pytest.fixture(scope="module")
def relock() -> Mapping[str, Callable[..., Any]]:
    return runpy.run_path(str(REQUIREMENTS / "relock.py"), run_name="relock")


@pytest.mark.parametrize("name", LOCK_FILES)
def test_a_lock_file_pins_exactly_what_setup_py_needs(name: str, relock: Mapping[str, Callable[..., Any]]) -> None:
    written = set((REQUIREMENTS / name).read_text().splitlines())
    expected = set(relock["lock_files"]()[name].splitlines())
    # The tool that builds is the environment's own until `make setup` has run.
    assert {line for line in written ^ expected if not line.startswith("setuptools==")} == set()


@pytest.mark.parametrize("name", LOCK_FILES)
def test_a_lock_file_holds_pins_and_no_addresses(name: str) -> None:
    for line in (REQUIREMENTS / name).read_text().splitlines():
        assert line.startswith("#") or re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.+!]*( ; [^/@]+)?", line), line


def test_every_pin_of_the_server_is_the_one_of_the_developer(relock: Mapping[str, Callable[..., Any]]) -> None:
    assert relock["pinned"]("runtime.txt").items() <= relock["pinned"]("lock.txt").items()


def test_the_libraries_of_the_designer_are_pinned_by_checksums_and_no_addresses() -> None:
    text = (CONSOLE / "package-lock.json").read_text()
    assert "://" not in text
    packages = json.loads(text)["packages"]
    wanted = json.loads((CONSOLE / "package.json").read_text())["dependencies"]
    assert packages.pop("")["dependencies"] == wanted
    assert all(one["integrity"].startswith("sha512-") and "resolved" not in one for one in packages.values())
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted
