"""When a failed call is tried again."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.retry import MAX_RETRY_AFTER, RetrySchedule, fault_pause, recheck_pause


def test_each_wait_stays_within_a_tenth_of_its_delay() -> None:
    schedule = RetrySchedule((1, 5, 30))
    for attempt, delay in enumerate((1, 5, 30), start=1):
        waited = schedule.next_delay(attempt, key="t")
        assert waited is not None
        assert 0.9 * delay <= waited <= 1.1 * delay


def test_after_the_last_delay_the_schedule_is_exhausted() -> None:
    assert RetrySchedule((1, 5)).next_delay(3) is None
    assert RetrySchedule(()).next_delay(1) is None


def test_every_process_reckons_the_same_wait_and_tasks_differ() -> None:
    schedule = RetrySchedule((10,))
    assert schedule.next_delay(1, key="a") == schedule.next_delay(1, key="a")
    assert len({schedule.next_delay(1, key=str(number)) for number in range(50)}) == 50


@given(st.floats(min_value=0, max_value=1e9), st.text(max_size=5))
def test_a_wish_for_patience_is_never_undercut_below_a_day_and_never_exceeds_it_by_much(wish: float, key: str) -> None:
    waited = RetrySchedule((1,)).next_delay(1, wish, key)
    assert waited is not None
    assert waited >= min(wish, MAX_RETRY_AFTER)
    assert waited <= max(1.1, 1.1 * min(wish, MAX_RETRY_AFTER))


@pytest.mark.parametrize("wish", [math.nan, math.inf, -5.0, 0.0])
def test_a_senseless_wish_is_passed_over(wish: float) -> None:
    assert RetrySchedule((1,)).next_delay(1, wish, "k") == RetrySchedule((1,)).next_delay(1, None, "k")


def test_work_that_raises_is_put_off_ever_longer_and_at_most_an_hour() -> None:
    pauses = [fault_pause(count, "p1") for count in range(1, 40)]
    assert 9 <= pauses[0] <= 11
    assert all(later > earlier for earlier, later in itertools.pairwise(pauses[:8]))
    assert max(pauses) <= 1.1 * 3600
    assert min(pauses[10:]) >= 0.9 * 3600


@pytest.mark.parametrize(("waited", "pause"), [(0, 30), (20, 30), (45, 45), (10_000, 3600), (-5, 30)])
def test_what_is_waited_for_in_vain_is_looked_at_ever_more_seldom(waited: float, pause: float) -> None:
    assert recheck_pause(waited) == pause
