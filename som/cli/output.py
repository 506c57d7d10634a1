"""How answers are shown: tables on a terminal, plain columns in a pipe, JSON for scripts."""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

STYLE = {
    "completed": "green",
    "done": "green",
    "active": "green",
    "delivered": "green",
    "inProgress": "yellow",
    "running": "yellow",
    "accepted": "yellow",
    "retrying": "magenta",
    "held": "bold red",
    "pending": "magenta",
    "failed": "bold red",
    "rejected": "bold red",
    "dead": "bold red",
    "partial": "red",
    "cancelled": "dim",
    "skipped": "dim",
    "waiting": "dim",
    "terminated": "dim",
}
"""Colour of a state's word."""

_NOTHING = "-"
_WIDE = 10_000  # columns
_WHOLE = frozenset({"id", "service", "state"})  # columns that one copies from, or that are short


Row = Sequence[str | Text | None]


def console() -> Console:
    """Standard output, looked up anew, so that whoever redirects it is heard."""
    return Console(file=sys.stdout, highlight=False, soft_wrap=not sys.stdout.isatty())


def wide_console() -> Console:
    """The same for trees, which cut their lines at the width of a terminal even where there is none."""
    return Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else _WIDE)


def error(message: str) -> None:
    """A message on standard error, the first line marked."""
    Console(file=sys.stderr, highlight=False, soft_wrap=True).print(
        Text("som: ", "bold red").append(message, "default")
    )


def note(message: str) -> None:
    """A remark on standard error: it must not get into what a script reads."""
    Console(file=sys.stderr, highlight=False, soft_wrap=True).print(Text(message, "dim"))


def state(word: str | None) -> Text:
    """A state in its colour."""
    return Text(word or _NOTHING, STYLE.get(word or "", ""))


def as_json(value: Any) -> None:
    """The value, whole, for programs."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def short(value: Any, most: int = 120) -> str:
    """A value of JSON in a few characters."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def line(*parts: str | Text | tuple[str, str]) -> None:
    """One line, whatever its length."""
    console().print(Text.assemble(*parts), soft_wrap=True)


def table(columns: Sequence[str], rows: Iterable[Sequence[str | Text | None]]) -> None:
    """Rows under headings: fitted to a terminal, else one line a row with nothing cut off."""
    cells = [
        [cell if isinstance(cell, Text) else Text(_NOTHING if cell in (None, "") else str(cell)) for cell in row]
        for row in rows
    ]
    out = console()
    if out.is_terminal:
        shown = Table(box=None, header_style="bold", pad_edge=False)
        for number, column in enumerate(columns):
            least = max((cell_len(row[number].plain) for row in cells), default=0) if column in _WHOLE else 0
            shown.add_column(column, min_width=least or None, overflow="fold")
        for row in cells:
            shown.add_row(*row)
        out.print(shown)
        return
    plain = [list(columns), *([cell.plain for cell in row] for row in cells)]
    widths = [max(len(row[number]) for row in plain) for number in range(len(columns))]
    for row_of_text in plain:
        padded = (cell.ljust(width) for cell, width in zip(row_of_text, widths, strict=True))
        sys.stdout.write("  ".join(padded).rstrip() + "\n")


def facts(pairs: Iterable[tuple[str, str | int | float | Text | None]]) -> None:
    """Names and values below each other; what has no value is left out."""
    given = [(name, value) for name, value in pairs if value not in (None, "")]
    width = max((len(name) for name, _ in given), default=0)
    for name, value in given:
        line(Text(f"{name:<{width}}  ", "bold"), value if isinstance(value, Text) else str(value))


def told(value: Any, text: str, *, in_json: bool) -> None:
    """What came of a command: the value for programs, or the text for people."""
    if in_json:
        as_json(value)
    else:
        line(text)


def listing(
    items: Sequence[dict[str, Any]],
    total: int,
    columns: Sequence[str],
    row: Callable[[dict[str, Any]], Row],
    *,
    in_json: bool,
) -> None:
    """One page of a list: its items for programs, or a table with a row for each, and how many there are in all."""
    if in_json:
        as_json(items)
        return
    table(columns, map(row, items))
    more(len(items), total)


def more(shown: int, total: int) -> None:
    """Says so when the list is longer than what is shown."""
    if total > shown:
        note(f"{shown} of {total}; see more with --limit and --offset.")
