import asyncio

import pytest

from models.counts import Counts


class Watch:
    """A clock that goes on only when it is told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Counting:
    """A count that takes so many seconds of a watch, and knows how often it ran."""

    def __init__(self, watch: Watch, seconds: float = 0.0, error: Exception | None = None) -> None:
        self.runs = 0
        self._watch, self._seconds, self._error = watch, seconds, error

    async def __call__(self) -> int:
        self.runs += 1
        await asyncio.sleep(0)  # others have their turn
        self._watch.seconds += self._seconds
        if self._error is not None:
            raise self._error
        return self.runs


def counted(seconds: float = 0.0, error: Exception | None = None) -> tuple[Watch, Counts, Counting]:
    watch = Watch()
    return watch, Counts(watch), Counting(watch, seconds, error)


async def test_all_who_ask_at_once_get_one_count() -> None:
    _, counts, count = counted(0.02)
    assert await asyncio.gather(*(counts.get("key", count) for _ in range(5))) == [1] * 5
    assert count.runs == 1


async def test_a_dear_count_is_kept_for_a_hundred_times_its_cost_and_then_made_anew() -> None:
    watch, counts, count = counted(0.005)
    assert await counts.get("key", count) == 1
    assert await counts.get("other", count) == 2
    watch.seconds += 0.49
    assert await counts.get("key", count) == 1
    watch.seconds += 0.01
    assert await counts.get("key", count) == 3


async def test_no_total_is_kept_for_more_than_five_seconds() -> None:
    watch, counts, count = counted(1.0)
    assert await counts.get("key", count) == 1
    watch.seconds += 5.0
    assert await counts.get("key", count) == 2


async def test_a_cheap_count_is_always_fresh() -> None:
    _, counts, count = counted(0.003)
    assert [await counts.get("key", count) for _ in range(3)] == [1, 2, 3]


async def test_one_who_goes_away_does_not_take_the_count_from_the_others() -> None:
    _, counts, count = counted(0.02)
    first = asyncio.ensure_future(counts.get("key", count))
    second = asyncio.ensure_future(counts.get("key", count))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == 1


async def test_an_error_reaches_all_who_wait_and_is_not_kept() -> None:
    _, counts, count = counted(0.005, ValueError("no"))
    results = await asyncio.gather(counts.get("key", count), counts.get("key", count), return_exceptions=True)
    assert [type(result) for result in results] == [ValueError, ValueError]
    with pytest.raises(ValueError, match="no"):
        await counts.get("key", count)
    assert count.runs == 2


async def test_no_more_than_a_thousand_totals_are_kept() -> None:
    _, counts, count = counted(0.02)
    await asyncio.gather(*(counts.get(number, count) for number in range(1_100)))
    assert len(counts._kept) == 1_000
