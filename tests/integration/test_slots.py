"""A fulfiller's limit holds over all processes, and nobody starves or leaks."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest

from models.clock import Clock
from models.slots import COLLECTION, Slot, Slots
from models.store import Store, connect


class MovedClock(Clock):
    """A clock that a test can put forward."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


@pytest.fixture
async def store(mongodb_url: str, database_name: str) -> AsyncIterator[Store]:
    client = connect(mongodb_url)
    yield Store(client, database_name)
    await client.close()


async def taken(slots: Slots, times: int, limit: int) -> list[Slot]:
    answers = await asyncio.gather(*(slots.acquire("f", limit) for _ in range(times)))
    return [slot for slot in answers if slot is not None]


async def test_no_more_slots_are_given_than_the_limit_over_two_processes(store: Store) -> None:
    one, two = Slots(store, Clock(), "one"), Slots(store, Clock(), "two")
    both = await asyncio.gather(taken(one, 8, 5), taken(two, 8, 5))
    slots = [slot.id for share in both for slot in share]
    assert len(slots) == len(set(slots))
    await asyncio.sleep(0.1)
    slots += [slot.id for slot in await taken(one, 8, 5)]
    assert sorted(slots) == [f"f:{number}" for number in range(5)]


async def test_a_slot_given_back_is_free_for_the_other_process(store: Store) -> None:
    one, two = Slots(store, Clock(), "one"), Slots(store, Clock(), "two")
    (slot,) = await taken(one, 1, 1)
    assert await taken(two, 1, 1) == []
    await one.release(slot)
    await asyncio.sleep(0.3)
    assert len(await taken(two, 1, 1)) == 1


async def test_a_slot_just_released_is_used_again_without_the_database(store: Store) -> None:
    slots = Slots(store, Clock(), "one")
    (slot,) = await taken(slots, 1, 1)
    with counted(store) as writes:
        for _ in range(20):
            await slots.release(slot)
            assert await slots.acquire("f", 1) is slot
    assert writes == []


@contextmanager
def counted(store: Store) -> Iterator[list[str]]:
    """Lists what is written while it is open."""
    writes: list[str] = []
    kept = store._submit

    async def submit(collection: str, write: object) -> bool:
        writes.append(collection)
        return await kept(collection, write)  # type: ignore[arg-type]

    store._submit = submit  # type: ignore[method-assign]
    yield writes
    store._submit = kept  # type: ignore[method-assign]


async def test_the_slots_of_a_dead_process_come_back_when_their_lease_ends(store: Store) -> None:
    clock = MovedClock()
    dead, living = Slots(store, Clock(), "dead", ttl=10), Slots(store, clock, "living", ttl=10)
    assert len(await taken(dead, 2, 2)) == 2
    assert await taken(living, 2, 2) == []
    clock.ahead = timedelta(seconds=11)
    assert len(await taken(living, 2, 2)) == 2


async def test_an_extended_lease_is_not_taken_over_and_a_lost_slot_is_told(store: Store) -> None:
    early, late = MovedClock(), MovedClock()
    one, two = Slots(store, early, "one", ttl=10), Slots(store, late, "two", ttl=10)
    (slot,) = await taken(one, 1, 1)
    early.ahead = timedelta(seconds=8)
    assert await one.extend() == []
    late.ahead = timedelta(seconds=12)
    assert await taken(two, 1, 1) == []
    late.ahead = timedelta(seconds=30)
    assert len(await taken(two, 1, 1)) == 1
    assert await one.extend() == [slot]
    await one.release(slot)
    await asyncio.sleep(0.3)
    late.ahead += timedelta(seconds=1)
    assert await taken(one, 1, 1) == [], "what was lost must not be given back in the name of another"


async def test_a_lowered_limit_is_kept_as_slots_come_back(store: Store) -> None:
    slots = Slots(store, Clock(), "one")
    three = await taken(slots, 3, 3)
    for slot in three:
        await slots.release(slot)
    assert len(await taken(slots, 3, 1)) == 1


async def test_idle_slots_and_those_of_an_ending_process_are_given_back(store: Store) -> None:
    slots = Slots(store, Clock(), "one")
    first, _ = await taken(slots, 2, 2)
    await slots.release(first)
    assert await store.collection(COLLECTION).count_documents({}) == 2
    await asyncio.sleep(0.4)
    assert await store.collection(COLLECTION).count_documents({}) == 1
    await slots.aclose()
    assert await store.collection(COLLECTION).count_documents({}) == 0


async def test_a_process_that_gets_nothing_is_let_in_by_one_that_never_rests(store: Store) -> None:
    greedy, hungry = Slots(store, Clock(), "greedy"), Slots(store, Clock(), "hungry")

    async def work_on() -> None:
        while True:
            slot = await greedy.acquire("f", 1)
            await asyncio.sleep(0.01)
            if slot is not None:
                await greedy.release(slot)

    busy = asyncio.create_task(work_on())
    try:
        async with asyncio.timeout(10):
            while (slot := await hungry.acquire("f", 1)) is None:
                await asyncio.sleep(0.02)
        await hungry.release(slot)
    finally:
        busy.cancel()
        await asyncio.wait([busy])
    assert busy.cancelled()


async def test_under_load_from_two_processes_the_limit_is_never_exceeded(store: Store) -> None:
    at_once, most, done = 0, 0, 0

    async def worker(slots: Slots) -> None:
        nonlocal at_once, most, done
        for _ in range(5):
            while (slot := await slots.acquire("f", 3)) is None:
                await asyncio.sleep(0.01)
            at_once += 1
            most = max(most, at_once)
            await asyncio.sleep(0.002)
            at_once -= 1
            done += 1
            await slots.release(slot)

    pair = [Slots(store, Clock(), name) for name in ("one", "two")]
    ticking = asyncio.create_task(_tick(pair))
    async with asyncio.timeout(30):
        await asyncio.gather(*(worker(slots) for slots in pair for _ in range(10)))
    ticking.cancel()
    assert (done, most) == (100, 3)


async def _tick(pair: list[Slots]) -> None:
    while True:
        await asyncio.sleep(0.2)
        for slots in pair:
            await slots.extend()


async def test_what_a_killed_process_held_is_free_at_once_for_the_next_life_of_its_node(store: Store) -> None:
    killed, other = Slots(store, Clock(), "host:1/aaaa"), Slots(store, Clock(), "host:11/bbbb")
    await taken(killed, 2, 3)
    await taken(other, 1, 3)
    next_life = Slots(store, Clock(), "host:1/cccc")
    assert await taken(next_life, 1, 3) == []
    assert await next_life.take_back() == 2
    await asyncio.sleep(0.1)  # it had just found all taken
    assert len(await taken(next_life, 3, 3)) == 2, "the other node keeps its slot"
