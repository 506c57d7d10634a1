"""Maintenance windows: when one is open, until when, and what is wrong with one."""

from datetime import datetime
from typing import Any

import pytest

from models.domain.maintenance import maintenance, windows_of, wrong_windows

NIGHT = {"name": "night", "day": ["saturday"], "startTime": "22:00", "endTime": "04:00", "timeZone": "Europe/Berlin"}


def until(moment: str, *entries: dict[str, Any]) -> str | None:
    found = maintenance(windows_of(entries), datetime.fromisoformat(moment))
    return None if found is None else found.until.isoformat()


def test_a_weekly_window_reaches_over_midnight_in_its_own_time_zone() -> None:
    assert until("2026-11-28T20:59:59Z", NIGHT) is None
    assert until("2026-11-28T21:00:00Z", NIGHT) == "2026-11-29T03:00:00+00:00"
    assert until("2026-11-29T02:59:59Z", NIGHT) == "2026-11-29T03:00:00+00:00"
    assert until("2026-11-29T03:00:00Z", NIGHT) is None
    assert until("2026-11-27T22:00:00Z", NIGHT) is None


def test_summer_time_moves_a_weekly_window_with_the_clocks_of_its_place() -> None:
    assert until("2026-07-04T20:00:00Z", NIGHT) == "2026-07-05T02:00:00+00:00"
    # In this night the clocks go back, so that the window is an hour longer than its times say.
    assert until("2026-10-24T20:00:00Z", NIGHT) == "2026-10-25T03:00:00+00:00"


def test_a_single_period_is_open_from_its_beginning_and_not_at_its_end() -> None:
    period = {"startDateTime": "2026-11-25T10:00:00Z", "endDateTime": "2026-11-25T13:00:00+01:00"}
    assert until("2026-11-25T10:00:00Z", period) == "2026-11-25T12:00:00+00:00"
    assert until("2026-11-25T12:00:00Z", period) is None


def test_windows_that_follow_upon_each_other_are_one_wait() -> None:
    first = {"startDateTime": "2026-11-25T10:00:00Z", "endDateTime": "2026-11-25T12:00:00Z"}
    second = {"startDateTime": "2026-11-25T11:00:00Z", "endDateTime": "2026-11-25T14:00:00Z"}
    assert until("2026-11-25T10:30:00Z", first, second) == "2026-11-25T14:00:00+00:00"


def test_windows_that_never_end_are_told_of_all_the_same() -> None:
    always = {"startTime": "00:00", "endTime": "00:00"}
    assert until("2026-11-25T10:30:00Z", always) is not None


@pytest.mark.parametrize(
    ("entry", "at"),
    [
        ({}, "/startTime"),
        ({"startTime": "22:00"}, "/endTime"),
        ({"startTime": "22:00", "endTime": "23:00", "timeZone": "Mars/Olympus"}, "/timeZone"),
        ({"startTime": "22:00", "endTime": "23:00", "timeZone": "../../etc/passwd"}, "/timeZone"),
        ({"startDateTime": "2026-11-25T10:00:00Z"}, "/endDateTime"),
        ({"startDateTime": "2026-11-25T10:00:00Z", "endDateTime": "2026-11-25T10:00:00Z"}, "/endDateTime"),
        ({"startDateTime": "2026-11-25T10:00:00Z", "startTime": "22:00"}, ""),
    ],
)
def test_a_window_that_cannot_be_is_named(entry: dict[str, Any], at: str) -> None:
    assert f"/maintenanceWindow/0{at}" in [violation.pointer for violation in wrong_windows([entry])]


def test_a_good_window_has_no_violation() -> None:
    assert list(wrong_windows([NIGHT])) == []
