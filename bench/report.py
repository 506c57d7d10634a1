"""What was measured, for people and for programs."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.figures import Figure
from bench.machine import Machine

_COLUMNS = ("", "som", "spread", "floor", "", "ratio", "aim")


class Report:
    """The figures of one run."""

    def __init__(self, scale: str, database: str) -> None:
        """Begin with none."""
        self._scale = scale
        self._database = database
        self._machine = Machine.here()
        self._began = datetime.now(UTC)
        self._loads = [os.getloadavg()[0]]
        self.figures: list[Figure] = []

    def add(self, figures: list[Figure]) -> None:
        """Take in what a part has found."""
        self._loads.append(os.getloadavg()[0])
        self.figures += figures

    def print(self, console: Console) -> None:
        """Tables, one for each part."""
        console.print(f"{self._machine}, MongoDB {self._database}, run: {self._scale}")
        console.print(f"load average from {min(self._loads):.1f} to {max(self._loads):.1f}; medians of the rounds,")
        console.print("spread from the least to the most of them; every write durable (w=majority)")
        for part in dict.fromkeys(figure.part for figure in self.figures):
            console.print(self._table(part))

    def _table(self, part: str) -> Table:
        table = Table(title=part, title_justify="left", title_style="bold")
        for number, name in enumerate(_COLUMNS):
            table.add_column(name, justify="left" if number in (0, 3, 6) else "right", overflow="fold")
        for figure in self.figures:
            if figure.part == part:
                for row in rows(figure):
                    table.add_row(*row)
        return table

    def write_markdown(self, file: Path) -> None:
        """As tables of Markdown, for the documentation."""
        lines: list[str] = []
        for part in dict.fromkeys(figure.part for figure in self.figures):
            lines += [f"### {part}", "", "| | som | spread | floor | | ratio | aim |", "| --- " * 7 + "|"]
            lines += [
                f"| {' | '.join(row)} |" for figure in self.figures if figure.part == part for row in rows(figure)
            ]
            lines.append("")
        file.write_text("\n".join(lines), encoding="utf-8")

    def write(self, file: Path) -> None:
        """As JSON."""
        document: dict[str, Any] = {
            "began": self._began.isoformat(),
            "scale": self._scale,
            "machine": self._machine.to_document(),
            "database": self._database,
            "load": self._loads,
            "figures": [figure.to_document() for figure in self.figures],
        }
        file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def rows(figure: Figure) -> list[tuple[str, ...]]:
    """The lines of a figure: one for each floor, and its note below."""
    spread = f"{figure.spread:.0%}" if len(figure.samples) > 1 else ""
    own = (figure.name, f"{_number(figure.value)} {figure.unit}", spread)
    floors = [name for name, samples in figure.floors.items() if any(samples)]
    lines: list[tuple[str, ...]] = []
    for place, name in enumerate(floors or [""]):
        beside = ("", "", "")
        if name:
            low = sorted(figure.floors[name])[len(figure.floors[name]) // 2]
            beside = (name, _number(low), f"{figure.ratio(name):.2f}")
        aimed = figure.aim is not None and (figure.aim.floor == name or (not figure.aim.floor and place == 0))
        verdict = f"{figure.aim} {'reached' if figure.reached else 'MISSED'}" if aimed else ""
        lines.append(((*own,) if place == 0 else ("", "", "")) + beside + (verdict,))
    if figure.note:
        lines.append((f"  {figure.note}", "", "", "", "", "", ""))
    return lines


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
