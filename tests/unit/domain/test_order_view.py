"""What a plan's progress changes in its order."""

from typing import Any

import pytest

from models.domain.errors import IllegalTransition
from models.domain.order_view import Course, ItemState, error_message, item_at, item_path, item_steps, order_change

NOW = "2026-11-22T10:00:00.000Z"
LATER = "2026-11-22T11:00:00.000Z"


def order(state: str, *items: str, **more: Any) -> dict[str, Any]:
    return {"state": state, "serviceOrderItem": [{"id": str(n), "state": s} for n, s in enumerate(items)], **more}


def test_nothing_changes_where_all_is_said() -> None:
    assert not order_change(order("inProgress", "held"), {(0,): ItemState("held")}, ["inProgress"], NOW)


def test_a_move_that_is_not_drawn_passes_through_in_progress() -> None:
    change = order_change(order("acknowledged", "acknowledged"), {(0,): ItemState("held")}, ["held"], NOW)
    assert change.states == ("inProgress", "held")
    assert change.fields == {"serviceOrderItem.0.state": "held", "state": "held", "startDate": NOW}
    assert change.items == {"serviceOrderItem.0": ("acknowledged", "held")}


def test_the_end_has_its_date_and_the_beginning_keeps_its_own() -> None:
    change = order_change(order("inProgress", startDate=NOW), {}, ["completed"], LATER)
    assert change.fields == {"state": "completed", "completionDate": LATER}
    gone = order_change(order("pendingCancellation", startDate=NOW), {}, ["cancelled"], LATER)
    assert gone.fields == {"state": "cancelled", "completionDate": LATER, "cancellationDate": LATER}


def test_a_denied_cancellation_goes_back_to_where_the_order_was() -> None:
    change = order_change(order("held"), {}, ["assessingCancellation", "held"], NOW)
    assert change.states == ("assessingCancellation", "held")
    assert change.fields["state"] == "held"


def test_why_an_item_is_held_stands_in_it_and_goes_when_it_goes_on() -> None:
    why = error_message("refused", "r", "m", NOW)
    held = order_change(order("inProgress", "inProgress"), {(0,): ItemState("held", [why])}, ["held"], NOW)
    assert held.fields["serviceOrderItem.0.errorMessage"] == [why]
    body = order("held", "held")
    body["serviceOrderItem"][0]["errorMessage"] = [why]
    gone = order_change(body, {(0,): ItemState("inProgress")}, ["inProgress"], NOW)
    assert gone.unset == ["serviceOrderItem.0.errorMessage"]


def test_why_a_cancellation_is_stuck_stands_in_the_order_and_goes_when_it_goes_on() -> None:
    why = error_message("refused", "r", "m", NOW, "ServiceOrder")
    stuck = order_change(order("pendingCancellation"), {}, (), NOW, [why])
    assert stuck.fields == {"errorMessage": [why]}
    assert order_change(order("pendingCancellation", errorMessage=[why]), {}, (), NOW).unset == ["errorMessage"]


def test_only_a_cancellation_takes_a_completed_item_further() -> None:
    assert item_steps("completed", "cancelled") == ("cancelled",)
    with pytest.raises(IllegalTransition):
        item_steps("completed", "inProgress")


@pytest.mark.parametrize(
    ("phase", "before", "made", "says"),
    [
        ("working", "acknowledged", "inProgress", "inProgress"),
        ("undoing", "completed", "inProgress", "completed"),
        ("undoing", "completed", "held", "completed"),
        ("undoing", "acknowledged", "cancelled", "acknowledged"),
        ("undoing", "inProgress", "held", "held"),
        ("undoing", "held", "inProgress", "inProgress"),
        ("undoing", "inProgress", "completed", "inProgress"),
        ("cancelled", "completed", "completed", "cancelled"),
        ("cancelled", "acknowledged", "cancelled", "cancelled"),
    ],
)
def test_while_an_order_is_being_cancelled_its_items_wait_for_the_end(
    phase: Any, before: str, made: str, says: str
) -> None:
    assert Course(phase=phase).item_state(before, made) == says
    item_steps(before, says)


def test_items_are_found_by_their_place() -> None:
    body = {"serviceOrderItem": [{"id": "1", "serviceOrderItem": [{"id": "a"}, {"id": "b"}]}]}
    assert item_at(body, (0, 1)) == {"id": "b"}
    assert item_path((0, 1)) == "serviceOrderItem.0.serviceOrderItem.1"
