"""Figures of calls: they add up, and percentiles come out about right."""

import pytest

from models.domain.call_statistics import CallStatistics, latency_class, together


def stored(statistics: CallStatistics) -> dict[str, object]:
    """As MongoDB has it after the increments."""
    classes = {str(found): count for found, count in statistics.classes.items()}
    return {"outcomes": statistics.outcomes, "classes": classes, "milliseconds": statistics.milliseconds}


def test_what_several_processes_have_counted_adds_up() -> None:
    here, there = CallStatistics(), CallStatistics()
    here.add("done", 10)
    here.add("unreachable", 1_000)
    there.add("done", 10)
    there.add("refused", 20)
    total = together([stored(here), stored(there)])
    assert (total.calls, total.outcomes["done"], total.milliseconds) == (4, 2, 1_040)
    assert total.success_rate == 0.5
    assert here.increments() == {
        "outcomes.done": 1,
        "outcomes.unreachable": 1,
        f"classes.{latency_class(10)}": 1,
        f"classes.{latency_class(1_000)}": 1,
        "milliseconds": 1_010,
    }


@pytest.mark.parametrize(("share", "wanted"), [(0.5, 50), (0.95, 95), (0.01, 1)])
def test_a_percentile_is_right_to_about_a_fifth(share: float, wanted: float) -> None:
    statistics = CallStatistics()
    for milliseconds in range(1, 101):
        statistics.add("done", milliseconds)
    found = statistics.percentile(share)
    assert found is not None
    assert wanted / 1.25 <= found <= wanted * 1.25


def test_without_calls_there_are_no_figures() -> None:
    assert (CallStatistics().success_rate, CallStatistics().percentile(0.5)) == (None, None)
