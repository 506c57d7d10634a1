"""Several things at a time, and a single one without ado."""

import asyncio
from typing import Any

import pytest

from models.together import together


async def _after(turns: int, value: int) -> int:
    for _ in range(turns):
        await asyncio.sleep(0)
    return value


async def _broken() -> int:
    raise ValueError("broken")


async def _who() -> asyncio.Task[Any] | None:
    return asyncio.current_task()


async def test_answers_stand_in_the_order_of_the_works() -> None:
    assert await together(_after(3 - number, number) for number in range(3)) == [0, 1, 2]


async def test_of_nothing_comes_nothing() -> None:
    assert await together([]) == []


async def test_one_alone_is_done_in_the_task_of_whoever_asks() -> None:
    assert await together([_who()]) == [asyncio.current_task()]


@pytest.mark.parametrize("others", [0, 2])
async def test_what_fails_is_raised(others: int) -> None:
    with pytest.raises(ValueError, match="broken"):
        await together([_broken(), *(_after(1, number) for number in range(others))])
