"""The order's state from those of its items, row by row of the rules."""

import pytest

from models.domain.rollup import ItemView, roll_up

WORKING = ItemView("acknowledged", working=True)


@pytest.mark.parametrize(
    ("states", "order"),
    [
        (["rejected", "acknowledged"], "rejected"),
        (["inProgress", "held", "completed"], "inProgress"),
        (["held", "pending", "completed"], "held"),
        (["pending", "completed", "acknowledged"], "pending"),
        (["completed", "completed"], "completed"),
        (["failed", "failed"], "failed"),
        (["cancelled", "cancelled"], "cancelled"),
        (["completed", "failed"], "partial"),
        (["completed", "cancelled"], "partial"),
        (["failed", "cancelled"], "failed"),
        (["completed", "acknowledged"], "inProgress"),
        (["held", "acknowledged"], "held"),
        (["acknowledged", "acknowledged"], "acknowledged"),
    ],
)
def test_items_make_the_order(states: list[str], order: str) -> None:
    assert roll_up(ItemView(state) for state in states) == order
    assert roll_up(ItemView(state) for state in reversed(states)) == order


def test_an_acknowledged_item_that_is_at_work_makes_the_order_in_progress() -> None:
    assert roll_up([WORKING]) == "inProgress"
    assert roll_up([ItemView("held"), WORKING]) == "inProgress"
