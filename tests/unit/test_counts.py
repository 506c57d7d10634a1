import asyncio

import pytest

from models.counts import Counts


class Counting:
    """A count that takes its time and knows how often it ran."""

    def __init__(self, seconds: float = 0.0, error: Exception | None = None) -> None:
        self.runs = 0
        self._seconds, self._error = seconds, error

    async def __call__(self) -> int:
        self.runs += 1
        await asyncio.sleep(self._seconds)
        if self._error is not None:
            raise self._error
        return self.runs


async def test_all_who_ask_at_once_get_one_count() -> None:
    counts, count = Counts(), Counting(0.02)
    assert await asyncio.gather(*(counts.get("key", count) for _ in range(5))) == [1] * 5
    assert count.runs == 1


async def test_a_dear_count_is_kept_for_a_while_and_then_made_anew() -> None:
    counts, count = Counts(), Counting(0.005)
    assert await counts.get("key", count) == 1
    assert await counts.get("key", count) == 1
    assert await counts.get("other", count) == 2
    await asyncio.sleep(1.0)
    assert await counts.get("key", count) == 3


async def test_a_cheap_count_is_always_fresh() -> None:
    counts, count = Counts(), Counting()
    assert [await counts.get("key", count) for _ in range(3)] == [1, 2, 3]


async def test_one_who_goes_away_does_not_take_the_count_from_the_others() -> None:
    counts, count = Counts(), Counting(0.02)
    first = asyncio.ensure_future(counts.get("key", count))
    second = asyncio.ensure_future(counts.get("key", count))
    await asyncio.sleep(0.005)
    first.cancel()
    assert await second == 1


async def test_an_error_reaches_all_who_wait_and_is_not_kept() -> None:
    counts, count = Counts(), Counting(0.005, ValueError("no"))
    results = await asyncio.gather(counts.get("key", count), counts.get("key", count), return_exceptions=True)
    assert [type(result) for result in results] == [ValueError, ValueError]
    with pytest.raises(ValueError, match="no"):
        await counts.get("key", count)
    assert count.runs == 2


async def test_no_more_than_a_thousand_totals_are_kept() -> None:
    counts, count = Counts(), Counting(0.02)
    await asyncio.gather(*(counts.get(number, count) for number in range(1_100)))
    assert len(counts._kept) == 1_000
