"""Change requests that tasks have opened elsewhere: which are to be closed as their order ends, and how. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

Document = dict[str, Any]
End = Literal["completed", "failed"]

CLOSE = "close"
"""In the input of a task that closes a change request: its id, or {id, status?, note?}."""


def closings(tasks: Iterable[Mapping[str, Any]], ends: Mapping[str, End]) -> dict[str, Document]:
    """What is to be closed, by the key of the task that opened it.

    A change request that a task has closed is left alone. One that was not approved by then is cancelled: what it was
    for never began.

    Args:
        tasks: those of the kind `change`, as stored.
        ends: by the key of a task, how its order item has ended.

    Returns:
        Of each: {changeRequest, status, note}.
    """
    known = list(tasks)
    closed = {key for task in known if "output" in task and (key := closes(task)) is not None}
    found = {}
    for task in known:
        opened = None if closes(task) is not None else _opened(task)
        if opened is not None and opened[0] not in closed:
            key, approved = opened
            end = ends[task["key"]]
            status = end if approved else "cancelled"
            came = "done" if end == "completed" else "given up"
            note = f"The work for the service order {task.get('order')} is {came}."
            found[task["key"]] = {"changeRequest": key, "status": status, "note": note}
    return found


def closes(task: Mapping[str, Any]) -> str | None:
    """The id of the change request that a task closes; None where it closes none."""
    given = task.get("input")
    closing = given.get(CLOSE) if isinstance(given, Mapping) else None
    key = closing.get("id") if isinstance(closing, Mapping) else closing
    return key if isinstance(key, str) else None


def _opened(task: Mapping[str, Any]) -> tuple[str, bool] | None:
    """The id of the change request that a task has opened, and whether it was approved."""
    key = (task.get("output") or {}).get("id")
    if isinstance(key, str):
        return key, True
    key = (task.get("accepted") or task.get("engaged") or {}).get("reference")
    return (key, False) if isinstance(key, str) else None
