"""Writes the reference pages that follow from the code: `python -m som.reference`."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from som.cli.reference import commands_page
from som.settings_reference import settings_page

FOLDER = Path(__file__).parent.parent / "docs" / "reference"

PAGES: Mapping[str, Callable[[], str]] = {"settings.md": settings_page, "cli.md": commands_page}


def write(folder: Path = FOLDER) -> None:
    """Writes every page anew."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (folder / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
