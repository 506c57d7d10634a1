"""Thresholds and forecasts of pools."""

from datetime import UTC, datetime, timedelta

import pytest

from models.domain.pools.usage import SAMPLE_EVERY, SAMPLES, Counts, Crossing, Threshold, crossings, exhaustion, sampled

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_threshold_is_crossed_once_in_each_direction() -> None:
    thresholds = [Threshold("high", 0.8), Threshold("exhausted", 1.0)]
    assert crossings(thresholds, [], 0.8) == [Crossing("high", 0.8, reached=True)]
    assert crossings(thresholds, ["high"], 0.9) == []
    assert crossings(thresholds, ["high"], 1.0) == [Crossing("exhausted", 1.0, reached=True)]
    assert crossings(thresholds, ["high", "exhausted"], 0.5) == [
        Crossing("high", 0.8, reached=False),
        Crossing("exhausted", 1.0, reached=False),
    ]


def test_a_pool_that_stays_about_a_threshold_tells_of_it_once() -> None:
    thresholds = [Threshold("high", 0.8, hysteresis=0.1)]
    assert crossings(thresholds, ["high"], 0.71) == []
    assert crossings(thresholds, ["high"], 0.69) == [Crossing("high", 0.8, reached=False)]
    assert crossings(thresholds, [], 0.79) == []
    assert crossings([Threshold("any", 0.02)], ["any"], 0.015) == []
    assert crossings([Threshold("any", 0.02)], ["any"], 0.0) == [Crossing("any", 0.02, reached=False)]


def test_a_pool_that_fills_evenly_is_empty_when_the_line_says_so() -> None:
    samples = [(NOW - hours * HOUR, 0.5 - hours * 0.05) for hours in range(6, 0, -1)]
    expected = exhaustion(samples, NOW, 0.5)
    assert expected is not None
    assert abs(expected - (NOW + 10 * HOUR)) < timedelta(seconds=1)


@pytest.mark.parametrize(
    ("samples", "share"),
    [
        ([], 0.5),
        ([(NOW - HOUR, 0.4)], 0.5),
        ([(NOW - 2 * HOUR, 0.5), (NOW - HOUR, 0.5)], 0.5),
        ([(NOW - 2 * HOUR, 0.9), (NOW - HOUR, 0.7)], 0.5),
        ([(NOW - 2 * HOUR, 0.1), (NOW - HOUR, 0.1000001)], 0.1000002),
    ],
    ids=["nothing is known", "one sample", "it stands still", "it empties", "not within ten years"],
)
def test_no_end_is_told_where_none_is_in_sight(samples: list[tuple[datetime, float]], share: float) -> None:
    assert exhaustion(samples, NOW, share) is None


def test_an_empty_pool_is_empty_now() -> None:
    assert exhaustion([], NOW, 1.0) == NOW


def test_one_large_order_does_not_count_for_the_whole_day() -> None:
    steady = [(NOW - minutes * timedelta(minutes=15), 0.1) for minutes in range(40, 0, -1)]
    expected = exhaustion(steady, NOW, 0.4)
    assert expected is not None
    assert expected > NOW + timedelta(hours=2), "by the last quarter of an hour alone it would be 30 minutes"


def test_samples_are_taken_now_and_then_and_the_oldest_go() -> None:
    samples = sampled([], NOW, 0.1)
    assert samples == [(NOW, 0.1)]
    assert sampled(samples, NOW + SAMPLE_EVERY - timedelta(seconds=1), 0.9) is None
    for number in range(1, SAMPLES + 5):
        samples = sampled(samples or [], NOW + number * SAMPLE_EVERY, 0.2)
    assert samples is not None
    assert (len(samples), samples[0][0]) == (SAMPLES, NOW + 5 * SAMPLE_EVERY)


def test_a_pool_without_members_is_full() -> None:
    assert (Counts().share, Counts(total=4, used=1).share) == (1.0, 0.25)
