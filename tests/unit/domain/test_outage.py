"""What downtime of ours excuses."""

from datetime import UTC, datetime, timedelta

import pytest

from models.domain.outage import Outage, judged_at

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("lasted", "grace"),
    [
        (timedelta(seconds=61), timedelta(seconds=61)),
        (10 * MINUTE, 10 * MINUTE),
        (5 * HOUR, HOUR),
        (MINUTE / 2, MINUTE),
    ],
)
def test_the_grace_is_as_long_as_the_outage_within_bounds(lasted: timedelta, grace: timedelta) -> None:
    outage = Outage(NOON - lasted, NOON)
    assert judged_at(NOON - MINUTE, NOON - 6 * HOUR, outage, NOON) == NOON + grace


def test_a_deadline_after_the_grace_stands() -> None:
    outage = Outage(NOON - 10 * MINUTE, NOON)
    assert judged_at(NOON + HOUR, NOON - HOUR, outage, NOON) == NOON + HOUR


def test_work_accepted_after_the_outage_is_not_excused_by_it() -> None:
    outage = Outage(NOON - 10 * MINUTE, NOON)
    assert judged_at(NOON + MINUTE, NOON, outage, NOON + MINUTE) == NOON + MINUTE


def test_nobody_is_late_while_an_outage_lasts() -> None:
    outage = Outage(NOON - 2 * MINUTE)
    assert judged_at(NOON - MINUTE, NOON - HOUR, outage, NOON) > NOON


def test_without_an_outage_the_deadline_stands() -> None:
    assert judged_at(NOON, None, None, NOON) == NOON
