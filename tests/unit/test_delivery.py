"""The delivery state machine."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.delivery import (
    JITTER,
    LONGEST_RETRY_AFTER,
    RETRY_SCHEDULE,
    Answered,
    Dead,
    Delivered,
    Ended,
    Forbidden,
    RetryIn,
    Silent,
    is_alive,
    judge,
    parse_retry_after,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_delivered(status: int) -> None:
    assert judge(Answered(status), 1, "key") == Delivered()


@pytest.mark.parametrize("answer", [*map(Answered, (408, 425, 429, 500, 502, 503, 504, 599)), Silent("No answer.")])
def test_a_subscriber_in_trouble_is_tried_again(answer: Answered | Silent) -> None:
    verdict = judge(answer, 1, "key")
    assert isinstance(verdict, RetryIn)
    assert 1 - JITTER <= verdict.seconds <= 1 + JITTER


@pytest.mark.parametrize("status", [300, 301, 302, 304, 307, 308, 400, 401, 403, 404, 409, 422])
def test_what_is_refused_or_redirected_is_a_dead_letter_at_once(status: int) -> None:
    assert isinstance(judge(Answered(status), 1, "key"), Dead)


def test_a_forbidden_address_is_a_dead_letter_at_once() -> None:
    assert judge(Forbidden("Not there."), 1, "key") == Dead("Not there.")


def test_410_ends_the_subscription() -> None:
    assert isinstance(judge(Answered(410), 1, "key"), Ended)


def test_after_the_last_wait_it_is_a_dead_letter() -> None:
    last = len(RETRY_SCHEDULE)
    assert isinstance(judge(Answered(500), last, "key"), RetryIn)
    verdict = judge(Answered(500), last + 1, "key")
    assert isinstance(verdict, Dead)
    assert "13 times" in verdict.reason


def test_retries_go_on_for_days() -> None:
    assert sum(RETRY_SCHEDULE) > 2.5 * 24 * 3600


@given(st.text(max_size=50), st.integers(1, len(RETRY_SCHEDULE)))
def test_the_jitter_is_small_and_always_the_same(key: str, attempts: int) -> None:
    verdict = judge(Silent("No answer."), attempts, key)
    assert isinstance(verdict, RetryIn)
    scheduled = RETRY_SCHEDULE[attempts - 1]
    assert scheduled * (1 - JITTER) <= verdict.seconds <= scheduled * (1 + JITTER) * 1.000001
    assert judge(Silent("No answer."), attempts, key) == verdict


def test_different_deliveries_are_retried_at_different_moments() -> None:
    verdicts = {judge(Silent("No answer."), 1, key) for key in map(str, range(50))}
    assert len(verdicts) > 40


def test_retry_after_makes_a_wait_longer_and_never_shorter() -> None:
    longer = judge(Answered(503, 100.0), 1, "key")
    shorter = judge(Answered(503, 0.1), 1, "key")
    assert isinstance(longer, RetryIn)
    assert isinstance(shorter, RetryIn)
    assert longer.seconds == 100
    assert shorter.seconds >= 1 - JITTER


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("0", 0.0),
        (" 120 ", 120.0),
        ("9" * 400, LONGEST_RETRY_AFTER),
        ("Thu, 01 Jan 2026 00:02:00 GMT", 120.0),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 0.0),
        ("Fri, 01 Jan 2100 00:00:00 GMT", LONGEST_RETRY_AFTER),
    ],
)
def test_retry_after_is_a_number_or_a_date(text: str | None, seconds: float | None) -> None:
    assert parse_retry_after(text, NOW) == seconds


def test_a_subscriber_that_refuses_one_event_is_alive_and_one_that_is_overloaded_is_not() -> None:
    assert is_alive(Answered(204))
    assert is_alive(Answered(422))
    assert is_alive(Answered(302))
    for answer in (Answered(429), Answered(500), Silent("No answer."), Forbidden("Not there.")):
        assert not is_alive(answer)
