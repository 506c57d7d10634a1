"""Which change requests are closed as their order ends."""

from typing import Any

import pytest

from models.domain.change_closings import closings

APPROVED = {"id": "C-1", "status": "approved"}


def task(key: str, **stored: Any) -> dict[str, Any]:
    return {"key": key, "order": "o-1", **stored}


@pytest.mark.parametrize(
    ("stored", "end", "status"),
    [
        ({"output": APPROVED}, "completed", "completed"),
        ({"output": APPROVED}, "failed", "failed"),
        ({"accepted": {"reference": "C-1"}}, "completed", "cancelled"),
        ({"accepted": {"reference": "C-1"}}, "failed", "cancelled"),
        ({"engaged": {"reference": "C-1"}, "input": {"why": "x"}}, "failed", "cancelled"),
    ],
)
def test_one_that_nobody_has_closed_is_closed_with_what_came_of_it(stored: Any, end: Any, status: str) -> None:
    found = closings([task("a", **stored)], {"a": end})
    assert {key: (one["changeRequest"], one["status"]) for key, one in found.items()} == {"a": ("C-1", status)}
    assert "o-1" in found["a"]["note"]


@pytest.mark.parametrize("close", ["C-1", {"id": "C-1", "status": "completed"}])
def test_one_that_a_task_has_closed_is_left_alone_and_one_that_it_could_not_close_is_not(close: Any) -> None:
    opening, ends = task("a", output=APPROVED), dict[str, Any]({"a": "failed", "b": "failed"})
    closing = task("b", input={"close": close})
    assert closings([opening, {**closing, "output": {"id": "C-1"}}], ends) == {}
    assert list(closings([opening, closing], ends)) == ["a"]


@pytest.mark.parametrize("stored", [{}, {"output": {"id": 7}}, {"accepted": {"reference": None}}])
def test_where_none_is_known_none_is_closed(stored: Any) -> None:
    assert closings([task("a", **stored)], {"a": "completed"}) == {}
