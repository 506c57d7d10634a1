"""Rate limits: no stretch of a period sees more calls than allowed, whoever makes them and when."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from models.domain.rate_limit import RateLimit, Spent, lease

START = datetime(2026, 11, 25, 12, tzinfo=UTC)


@given(
    calls=st.integers(1, 20),
    steps=st.lists(st.tuples(st.integers(0, 400), st.integers(1, 8), st.integers(0, 99)), min_size=1, max_size=60),
)
def test_no_stretch_of_a_period_sees_more_calls_than_allowed(calls: int, steps: list[tuple[int, int, int]]) -> None:
    """Each step: milliseconds that pass, calls wanted, and when within their time the leased ones are made (in %)."""
    limit, now, spent = RateLimit(calls, 1.0), START, tuple[Spent, ...]()
    made: list[datetime] = []
    for passed, wanted, share in steps:
        now += timedelta(milliseconds=passed)
        leased = lease(limit, spent, wanted, now)
        spent = leased.spent
        assert leased.calls <= wanted
        made += [now + limit.valid * share / 100] * leased.calls
    for moment in made:
        assert sum(1 for one in made if moment <= one < moment + timedelta(seconds=1)) <= calls


def test_what_is_free_can_be_had_at_once_and_the_rest_when_it_is_told() -> None:
    limit = RateLimit(5, 10.0)
    first = lease(limit, (), 3, START)
    second = lease(limit, first.spent, 3, START)
    third = lease(limit, second.spent, 1, START)
    assert (first.calls, second.calls, third.calls) == (3, 2, 0)
    assert third.free_at == START + timedelta(seconds=11)
    assert lease(limit, second.spent, 5, third.free_at).calls == 5


def test_busy_processes_lease_some_calls_ahead() -> None:
    assert RateLimit(1_000, 1.0).ahead(waiting=3) == 50
    assert RateLimit(10, 1.0).ahead(waiting=3) == 3
    assert RateLimit(10, 1.0).ahead(waiting=0) == 1
