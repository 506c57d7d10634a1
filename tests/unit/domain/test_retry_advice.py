"""What policies have said of trying again, beside the schedule."""

import pytest

from models.domain.retry import RetryAdvice, RetrySchedule, advice_of

TWICE = RetrySchedule((10.0, 10.0))


@pytest.mark.parametrize(
    ("advice", "attempt", "about"),
    [
        (RetryAdvice(), 1, 10),
        (RetryAdvice(), 3, None),
        (RetryAdvice(stop="no"), 1, None),
        (RetryAdvice(after=100.0), 1, 100),
        (RetryAdvice(after=100.0), 3, None),
        (RetryAdvice(at_most=1), 1, None),
        (RetryAdvice(at_most=5), 4, 10),
        (RetryAdvice(at_most=5), 5, None),
        (RetryAdvice(after=100.0, at_most=5), 4, 100),
    ],
)
def test_advice_changes_when_and_how_often_it_is_tried(advice: RetryAdvice, attempt: int, about: float | None) -> None:
    delay = advice.next_delay(TWICE, attempt, key="k")
    assert delay is None if about is None else delay == pytest.approx(about, rel=0.1)


def test_what_is_not_tried_again_by_itself_is_where_a_policy_says_when_or_how_often() -> None:
    assert RetryAdvice().wished_delay(TWICE, 1) is None
    assert RetryAdvice(stop="no", after=1.0).wished_delay(TWICE, 1) is None
    assert RetryAdvice(after=100.0).wished_delay(TWICE, 1) == pytest.approx(100, rel=0.1)
    assert RetryAdvice(after=100.0).wished_delay(TWICE, 3) is None
    assert RetryAdvice(at_most=2).wished_delay(TWICE, 2) is None


def test_what_the_other_side_asks_for_is_not_undercut() -> None:
    delay = RetryAdvice(after=1.0).next_delay(TWICE, 1, retry_after=60.0, key="k")
    assert delay is not None
    assert delay >= 60


def test_of_several_policies_the_more_careful_counts() -> None:
    said = advice_of(
        [("a:1.0.0", {"allow": True, "after": 5.0, "atMost": 9}), ("b:1.0.0", {"after": 7.0, "atMost": 3})]
    )
    assert said == RetryAdvice(None, 7.0, 3)
    assert advice_of([("a:1.0.0", {"allow": False, "reason": "Enough."})]).stop == "Enough. (policy a:1.0.0)"
