"""The driver's locks survive the cancellation of whoever waits for them."""

import asyncio
import random

import pymongo.lock
import pytest

from models.driver import make_cancellable, wait_here

SERVER_COMES_WITHIN = 0.002


async def _select_server(lock: pymongo.lock.Lock, condition: pymongo.lock.Condition) -> None:
    """What the driver does as long as there is no primary."""
    async with lock:
        while True:
            await pymongo.lock._async_cond_wait(condition, SERVER_COMES_WITHIN)


async def test_the_lock_is_free_after_any_number_of_cancelled_operations() -> None:
    make_cancellable()
    lock = pymongo.lock._async_create_lock()
    condition = pymongo.lock._async_create_condition(lock)
    chance = random.Random(20261122)
    for _ in range(20):
        operations = [asyncio.create_task(_select_server(lock, condition)) for _ in range(50)]
        for operation in operations:
            await asyncio.sleep(chance.uniform(0, SERVER_COMES_WITHIN / 5))
            operation.cancel()
        endings = await asyncio.gather(*operations, return_exceptions=True)
        assert {type(ending) for ending in endings} == {asyncio.CancelledError}
        async with asyncio.timeout(1), lock:
            pass


async def test_a_wait_ends_at_its_time_and_says_so() -> None:
    with pytest.raises(TimeoutError):
        await wait_here(asyncio.sleep(60), 0.01)
    assert await wait_here(asyncio.sleep(0, "there"), 1) == "there"
