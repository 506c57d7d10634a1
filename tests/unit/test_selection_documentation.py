"""The page on selection tells of every row of the policy, in its order."""

import re
from pathlib import Path

from models.domain.selection_policy import FILTERS, RANKS

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "selection.md").read_text(encoding="utf-8")


def rows_under(title: str) -> list[str]:
    section = PAGE.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


def test_the_page_lists_the_filters_in_their_order() -> None:
    assert rows_under("Who can have it") == ["specification", "action", *(name for name, _ in FILTERS)]


def test_the_page_lists_the_ranks_in_their_order() -> None:
    assert rows_under("Who gets it") == [name for name, _, _ in RANKS]
