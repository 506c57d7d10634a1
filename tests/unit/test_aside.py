"""Big work is done beside the event loop, and little work at once."""

import asyncio
import threading

import pytest

from models.aside import BIG_BYTES, aside, aside_if_big


async def test_big_work_leaves_the_event_loop_free_to_do_what_the_work_waits_for() -> None:
    told = threading.Event()
    working = asyncio.create_task(aside_if_big(BIG_BYTES, told.wait, 10.0))
    await asyncio.sleep(0)
    told.set()
    assert await working


async def test_little_work_is_done_where_it_is() -> None:
    assert await aside_if_big(BIG_BYTES - 1, threading.get_ident) == threading.get_ident()


async def test_big_work_is_done_in_one_thread_one_after_the_other() -> None:
    threads = await asyncio.gather(*(aside(threading.get_ident) for _ in range(20)))
    assert len(set(threads)) == 1
    assert threads[0] != threading.get_ident()


async def test_what_goes_wrong_aside_is_raised_here() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        await aside_if_big(BIG_BYTES, int, "x")
