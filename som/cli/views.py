"""Progress as it is shown: a live table on a terminal, a line for each change elsewhere, nothing for scripts."""

import sys
import time
from collections.abc import Callable, Sequence
from typing import Self

from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from som.cli import output
from som.cli.follow import View
from som.cli.picture import ItemRow, Picture, TaskRow

_MOVING = frozenset({"running", "accepted", "retrying", "held"})
_ROOM_AROUND = 8  # lines of a terminal that are not for tasks
_NOTES_SHOWN = 6


Notes = Callable[[], Sequence[str]]
"""Gives all remarks so far that are to be shown with the order, oldest first."""


def view(*, silent: bool, notes: Notes = tuple) -> View:
    """The view that fits where standard output goes."""
    if silent:
        return SilentView()
    return LiveView(notes) if sys.stdout.isatty() else PlainView(notes)


class SilentView:
    """Shows nothing: the answer comes at the end."""

    def __enter__(self) -> Self:
        """Nothing to begin."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Nothing to end."""

    def show(self, seen: Picture) -> None:
        """Not shown."""

    def away(self, why: str) -> None:
        """Not shown."""


class PlainView(SilentView):
    """One line for everything that has changed."""

    def __init__(self, notes: Notes = tuple) -> None:
        """Nothing was shown yet."""
        self._said: dict[str, str] = {}
        self._notes = notes

    def show(self, seen: Picture) -> None:
        """Say what is new."""
        order = str(seen.order.get("id", ""))
        self._say("order", f"order {order} {seen.state}")
        for item in seen.items:
            self._say(f"item {item.path}", f"item {item.path} {item.action} {item.what}: {item.state}")
        for task in seen.tasks:
            self._say(f"task {task.key}", _sentence(task))
        for milestone in seen.milestones:
            self._say(f"milestone {milestone}", f"milestone {milestone} reached")
        for number, trouble in enumerate(seen.trouble):
            self._say(f"trouble {number}", f"! {trouble}")
        for number, remark in enumerate(self._notes()):
            self._say(f"note {number}", remark)
        self._said.pop("away", None)

    def away(self, why: str) -> None:
        """Say it once."""
        self._say("away", why)

    def _say(self, about: str, text: str) -> None:
        if self._said.get(about) != text:
            self._said[about] = text
            sys.stdout.write(f"{time.strftime('%H:%M:%S')} {text}\n")
            sys.stdout.flush()


class LiveView(SilentView):
    """A table that changes in place."""

    def __init__(self, notes: Notes = tuple) -> None:
        """Show the last remarks under the table."""
        self._notes = notes
        self._live = Live(console=output.console(), auto_refresh=False, transient=False)

    def __enter__(self) -> Self:
        """Take the terminal."""
        self._live.start()
        return self

    def __exit__(self, *raised: object) -> None:
        """Give it back; what was shown last stays."""
        self._live.stop()

    def show(self, seen: Picture) -> None:
        """Draw the table."""
        notes = self._notes()[-_NOTES_SHOWN:]
        order = table(seen, self._live.console.height - _ROOM_AROUND - len(notes))
        self._live.update(Group(order, *(Text(f"  {remark}", "cyan") for remark in notes)), refresh=True)

    def away(self, why: str) -> None:
        """Say so instead of the table."""
        self._live.update(Text(why, "magenta"), refresh=True)


def table(seen: Picture, height: int) -> RenderableType:
    """The order as a table of items and tasks; where it would be too high, what moves goes first."""
    head = Text.assemble(
        ("Order ", "bold"),
        str(seen.order.get("id", "")),
        "  ",
        output.state(seen.state),
        f"  {seen.order.get('description') or ''}",
    )
    shown = Table("", "service", "state", "fulfiller", "tries", "time", box=None, header_style="dim", pad_edge=False)
    tasks, hidden = _fitting(seen.tasks, height - len(seen.items))
    for item in seen.items:
        shown.add_row(*_item_cells(item))
        for task in tasks:
            if task.item == item.path:
                shown.add_row(*_task_cells(task))
    reached = [Text(f"milestones: {', '.join(seen.milestones)}", "cyan")] if seen.milestones else []
    troubles = [Text(f"! {text}", "red") for text in seen.trouble]
    rest = [Text(f"and {hidden} more tasks", "dim")] if hidden else []
    return Group(head, shown, *rest, *reached, *troubles)


def _fitting(tasks: Sequence[TaskRow], room: int) -> tuple[list[TaskRow], int]:
    listed = list(tasks)
    if len(listed) <= max(room, 5):
        return listed, 0
    first = sorted(listed, key=lambda task: task.state not in _MOVING)[: max(room, 5)]
    kept = {task.key for task in first}
    return [task for task in listed if task.key in kept], len(listed) - len(first)


def _item_cells(item: ItemRow) -> list[Text]:
    label = Text(f"{item.path}  {item.action}", "bold")
    return [label, Text(item.what, "bold"), output.state(item.state), Text(), Text(), Text()]


def _task_cells(task: TaskRow) -> list[Text]:
    took = "" if task.seconds is None else f"{task.seconds:.1f} s"
    tries = str(task.attempts) if task.attempts else ""
    return [
        Text(f"    {task.label}"),
        Text(task.service),
        output.state(task.state),
        Text(task.fulfiller),
        Text(tries),
        Text(took),
    ]


def _sentence(task: TaskRow) -> str:
    where = f" at {task.fulfiller}" if task.fulfiller else ""
    tries = f", attempt {task.attempts}" if task.attempts > 1 else ""
    trouble = f": {task.trouble}" if task.trouble else ""
    return f"item {task.item} {task.label} of {task.service}: {task.state}{where}{tries}{trouble}"
