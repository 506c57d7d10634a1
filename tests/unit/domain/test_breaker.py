"""When a circuit breaker opens, for how long, and whom it lets through."""

from datetime import UTC, datetime, timedelta

from models.domain.breaker import Breaker, BreakerRules, after_failure

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
RULES = BreakerRules(failures=3, open_seconds=10, longest_seconds=35)


def seconds_open(breaker: Breaker | None, at: datetime) -> float | None:
    return None if breaker is None else (breaker.until - at).total_seconds()


def test_a_breaker_opens_with_the_last_of_so_many_failures_in_a_row() -> None:
    assert [seconds_open(after_failure(RULES, None, n, "no answer", NOW), NOW) for n in (1, 2, 3)] == [None, None, 10]


def test_a_call_that_began_before_it_opened_changes_nothing() -> None:
    opened = after_failure(RULES, None, 3, "no answer", NOW)
    assert after_failure(RULES, opened, 4, "no answer", NOW + timedelta(seconds=1)) is None


def test_each_failed_trial_doubles_the_wait_up_to_the_longest() -> None:
    breaker, at, waits = after_failure(RULES, None, 3, "no answer", NOW), NOW, []
    for _ in range(4):
        assert breaker is not None
        waits.append(seconds_open(breaker, at))
        at = breaker.until
        breaker = after_failure(RULES, breaker, 1, "no answer", at)
    assert waits == [10, 20, 35, 35]
    assert breaker is not None
    assert (breaker.times, breaker.opened) == (5, NOW)


def test_a_breaker_without_a_number_never_opens() -> None:
    assert after_failure(BreakerRules(failures=0), None, 1_000, "no answer", NOW) is None


def test_a_half_open_breaker_is_tried_by_one_until_his_time_is_over() -> None:
    breaker = Breaker(NOW, 1, "no answer", NOW, trial_until=NOW + timedelta(seconds=30))
    assert breaker.state(NOW - timedelta(seconds=1)) == "open"
    assert breaker.state(NOW) == "halfOpen"
    assert [breaker.trying(NOW + timedelta(seconds=n)) for n in (-1, 0, 29, 30)] == [False, True, True, False]


def test_a_breaker_is_read_as_it_was_stored() -> None:
    breaker = Breaker(NOW, 2, "no answer", NOW)
    assert Breaker.from_document(breaker.to_document()) == breaker
