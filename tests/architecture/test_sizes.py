"""A module that one can hold in one's head."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST_LINES = 400


def test_no_module_is_longer_than_a_reader_bears() -> None:
    folders = ("models", "adapters", "handlers", "scheduler", "som", "bench", "tests")
    lengths = {
        str(module.relative_to(ROOT)): len(module.read_text().splitlines())
        for folder in folders
        for module in (ROOT / folder).rglob("*.py")
    }
    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}
