"""A module that one can hold in one's head."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = ("models", "adapters", "handlers", "scheduler", "som", "bench")
TESTS = ("tests",)  # a test module is read case by case, and may be longer


@pytest.mark.parametrize(("folders", "most_lines"), [(PROGRAM, 400), (TESTS, 500)])
def test_no_module_is_longer_than_a_reader_bears(folders: tuple[str, ...], most_lines: int) -> None:
    lengths = {
        str(module.relative_to(ROOT)): len(module.read_text().splitlines())
        for folder in folders
        for module in (ROOT / folder).rglob("*.py")
    }
    assert {name: length for name, length in lengths.items() if length > most_lines} == {}
