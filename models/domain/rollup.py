"""The state of an order, from the states of its items.

Source: the roll-up table of MEF 99, completed as the project's rules say: a failure beside a cancellation, with nothing
completed, is a failure; the precedence among unfinished states is inProgress, held, pending.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ItemView:
    """What the roll-up needs to know of an item.

    Attributes:
        state: the item's state.
        working: an acknowledged item of which a task is ready or running.
    """

    state: str
    working: bool = False


def roll_up(items: Iterable[ItemView]) -> str:
    """The order's state once it has started."""
    views = list(items)
    states = {view.state for view in views}
    if "rejected" in states:
        return "rejected"
    if "inProgress" in states or any(view.working for view in views if view.state == "acknowledged"):
        return "inProgress"
    for unfinished in ("held", "pending"):
        if unfinished in states:
            return unfinished
    if states == {"acknowledged"}:  # everything waits for something outside
        return "acknowledged"
    if "acknowledged" in states:  # completed plus waiting: work goes on
        return "inProgress"
    return _final(states)


def _final(states: set[str]) -> str:
    if len(states) == 1:
        return next(iter(states))
    return "partial" if "completed" in states else "failed"
