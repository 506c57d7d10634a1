"""Rate limits over several processes, on a real database."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from models.budgets import Budgets
from models.clock import Clock
from models.domain.rate_limit import RateLimit
from models.store import Store, connect


@pytest.fixture
async def store(mongodb_url: str, database_name: str) -> AsyncIterator[Store]:
    async with connect(mongodb_url) as client:
        yield Store(client, database_name)


async def test_two_processes_together_never_make_more_calls_than_allowed(store: Store) -> None:
    limit, clock = RateLimit(6, 0.5), Clock()
    processes = [Budgets(store, clock), Budgets(store, clock)]
    made: list[float] = []

    async def call(number: int) -> None:
        await processes[number % 2].spend("f", limit)
        made.append(time.monotonic())

    await asyncio.gather(*(call(number) for number in range(20)))
    assert len(made) == 20
    # What a busy machine puts between the leave to call and the note of it is within the tenth of a period allowed.
    for moment in made:
        assert sum(1 for one in made if moment <= one < moment + 0.45) <= 6


async def test_who_finds_no_call_left_is_told_apart_until_one_is_free(store: Store) -> None:
    budgets, limit = Budgets(store, Clock()), RateLimit(1, 30.0)
    await budgets.spend("f", limit)
    assert not budgets.is_empty("f")
    waiting = asyncio.create_task(budgets.spend("f", limit))
    async with asyncio.timeout(10):
        while not budgets.is_empty("f"):
            await asyncio.sleep(0.01)
    waiting.cancel()
    assert not budgets.is_empty("another")
