"""What an order of somebody else's order manager says."""

from typing import Any

import pytest

from adapters.ports import Progress, Refused
from adapters.tmforum.order_kinds import Tmf641Fulfiller
from adapters.tmforum.order_reading import id_of, milestones, subject_of, unfinished

DIALECT = Tmf641Fulfiller.dialect


def order(state: str, **attributes: Any) -> dict[str, Any]:
    return {"id": "7", "state": state, **attributes}


def test_a_completed_order_is_not_unfinished() -> None:
    assert unfinished(order("completed"), DIALECT) is None


@pytest.mark.parametrize(
    "state", ["acknowledged", "inProgress", "pending", "held", "assessingCancellation", "pendingCancellation"]
)
def test_an_order_that_goes_on_is_progress(state: str) -> None:
    made = unfinished(order(state), DIALECT)
    assert made == Progress(reason=f"The partner's order 7 is {state}.")


def test_a_held_order_says_what_it_waits_for_in_the_partners_words() -> None:
    error = {"code": "noPort", "reason": "No port", "message": "No port is free in the rack."}
    held = order("held", serviceOrderItem=[{"errorMessage": [error]}])
    made = unfinished(held, DIALECT)
    assert made == Progress(reason="The partner's order 7 is held: No port is free in the rack.")


@pytest.mark.parametrize("state", ["failed", "rejected", "cancelled"])
@pytest.mark.parametrize("errors", [[{"reason": "No credit"}], {"code": "No credit"}])
def test_an_order_that_brought_nothing_is_a_refusal_with_its_reason(state: str, errors: Any) -> None:
    made = unfinished(order(state, errorMessage=errors), DIALECT)
    assert made == Refused(f"The partner's order 7 is {state}: No credit.")


def test_a_partial_order_may_have_built_something() -> None:
    made = unfinished(order("partial", note=[{"text": "Half of it."}]), DIALECT)
    assert made == Refused("The partner's order 7 was carried out in part only: Half of it.", maybe_done=True)


def test_a_state_that_nobody_knows_is_for_a_person() -> None:
    made = unfinished(order("frozen"), DIALECT)
    assert isinstance(made, Refused)
    assert made.maybe_done


def test_reached_milestones_are_told_in_their_order() -> None:
    reached = [{"name": "dug", "status": "achieved"}, {"name": "later", "status": "expected"}, {"name": "laid"}, 7, {}]
    assert milestones({"milestone": reached}) == ("dug", "laid")


@pytest.mark.parametrize(
    "shape", [{}, {"serviceOrderItem": []}, {"serviceOrderItem": ["x"]}, {"serviceOrderItem": [{}]}]
)
def test_an_order_of_another_shape_is_about_nothing(shape: Any) -> None:
    assert subject_of(shape, DIALECT) == {}


@pytest.mark.parametrize(("given", "key"), [({"id": 7}, "7"), ({"id": "a"}, "a"), ({"id": ""}, None), (None, None),
                                            ({"id": True}, None)])  # fmt: skip
def test_an_id_is_a_text(given: Any, key: str | None) -> None:
    assert id_of(given) == key
