"""What a person sees of an order and its plan."""

from datetime import UTC, datetime
from typing import Any

import pytest

from som.cli.picture import picture, pointer, walk

ORDER: dict[str, Any] = {
    "id": "o",
    "state": "held",
    "errorMessage": [{"code": "x", "message": "Ask the network."}],
    "serviceOrderItem": [
        {
            "id": "1",
            "action": "add",
            "state": "held",
            "service": {"serviceSpecification": {"id": "s", "name": "Access"}},
            "errorMessage": [{"reason": "refused"}],
            "serviceOrderItem": [{"id": "2", "action": "add", "state": "completed", "service": {"name": "Line"}}],
        },
        {"id": "2", "action": "delete", "state": "acknowledged", "service": {"id": "svc"}},
    ],
}


def test_items_are_listed_with_nested_ones_after_the_one_around_them() -> None:
    assert [path for path, _ in walk(ORDER)] == ["1", "1/2", "2"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [("2", "/serviceOrderItem/1"), ("1/2", "/serviceOrderItem/0/serviceOrderItem/0"), ("3", None), ("2/1", None)],
)
def test_an_items_path_leads_to_its_pointer(path: str, expected: str | None) -> None:
    assert pointer(ORDER, path) == expected


def test_an_item_is_called_by_the_best_name_it_has() -> None:
    assert [item.what for item in picture(ORDER, None, {}).items] == ["Access", "Line", "svc"]


def test_troubles_of_order_and_items_are_told() -> None:
    assert picture(ORDER, None, {}).trouble == ["Ask the network.", "refused"]


def test_an_error_message_that_is_one_object_is_told_too() -> None:
    assert picture({"errorMessage": {"message": "no"}}, None, {}).trouble == ["no"]


def test_only_states_that_are_never_left_are_the_end() -> None:
    ended = {
        state for state in ("held", "completed", "partial", "inProgress") if picture({"state": state}, None, {}).ended
    }
    assert ended == {"completed", "partial"}


def test_a_task_is_told_with_names_and_the_time_it_took_so_far() -> None:
    plan = {
        "service": [{"id": "s1", "action": "add", "specification": {"id": "x", "name": "Router"}}],
        "task": [
            {
                "key": "k",
                "name": "install",
                "item": "1",
                "service": "s1",
                "state": "retrying",
                "fulfiller": "f",
                "attempts": 2,
                "operation": "compensate",
                "startDate": "2026-01-01T00:00:00.000Z",
                "error": {"message": "no answer"},
            }
        ],
    }
    (task,) = picture(ORDER, plan, {"f": "Field force"}, datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC)).tasks
    assert (task.service, task.fulfiller, task.seconds, task.trouble) == ("Router", "Field force", 5.0, "no answer")
    assert task.label == "install (compensate)"


def test_the_time_of_an_ended_task_does_not_go_on() -> None:
    task = {"key": "k", "name": "n", "startDate": "2026-01-01T00:00:00Z", "endDate": "2026-01-01T00:00:01.500Z"}
    (row,) = picture(ORDER, {"task": [task]}, {}).tasks
    assert row.seconds == 1.5
