"""A store that dies: the engine's n-th write is its last."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Any, TypeVar

import pytest

from adapters.ports import Allotment, Demand, Exhausted, Holder, Member, Reserved, ResourcePools, Served
from models.group_commit import Write
from models.store import Store
from tests.integration.engine.harness import Harness

Result = TypeVar("Result")

SECONDS = 60.0
"""Patience: how long a story takes on a machine that has other things to do says nothing about the engine."""


class MortalStore(Store):
    """Takes `lives` writes; the last of them is acknowledged by the database, and its writer never hears of it.

    Writes that were under way at that moment may have taken effect too, as with a real crash.
    """

    def __init__(self, store: Store, lives: int) -> None:
        super().__init__(store.client, store.database.name)
        self.left = lives
        self.died = asyncio.Event()

    async def _submit(self, collection: str, write: Write) -> bool:
        return await self.count(super()._submit(collection, write))

    async def count(self, write: Awaitable[Result]) -> Result:
        """Let a write take one of the lives."""
        if self.left <= 0:
            if isinstance(write, Coroutine):
                write.close()
            await self._silence()
        answer = await write
        self.left -= 1
        if self.left <= 0:
            await self._silence()
        return answer

    async def _silence(self) -> Any:
        self.died.set()
        await asyncio.Event().wait()


class MortalPools(ResourcePools):
    """Pools whose changes count as writes of a mortal store: its owner does not hear of the last one either."""

    def __init__(self, pools: ResourcePools, store: MortalStore) -> None:
        self._pools = pools
        self._store = store

    async def reserve(self, key: str, holder: Holder, demand: Demand) -> Allotment:
        return await self._counted(self._pools.reserve(key, holder, demand))

    async def look(self, key: str) -> Reserved | Exhausted | None:
        return await self._pools.look(key)

    async def commit(self, of: Holder | str) -> tuple[Member, ...]:
        return await self._counted(self._pools.commit(of))

    async def release(self, of: Holder | str, why: str | None = None, *, at_once: bool = False) -> int:
        return await self._counted(self._pools.release(of, why, at_once=at_once))

    async def held(self, of: Holder) -> tuple[str, ...]:
        return await self._pools.held(of)

    async def part_with(self, ids: Sequence[str], *, leaving: bool) -> None:
        await self._counted(self._pools.part_with(ids, leaving=leaving))

    async def give_up(self, ids: Sequence[str], why: str | None = None) -> int:
        return await self._counted(self._pools.give_up(ids, why))

    async def served(self, limit: int = 100) -> tuple[Served, ...]:
        return await self._pools.served(limit)

    async def told(self, keys: Iterable[str]) -> None:
        await self._counted(self._pools.told(keys))

    async def _counted(self, change: Awaitable[Result]) -> Result:
        return await self._store.count(change)


async def die_at_every_write(
    harness: Harness, story: Callable[[int], Awaitable[str]], check: Callable[[int, str], Awaitable[None]]
) -> None:
    """Tell a story to an engine of one write, of two …, and its successor, until one does not die of it."""
    for lives in range(1, 100):
        store = MortalStore(harness.store, lives)
        tasks = harness.start("n1", lease_seconds=60, store=store, pools=MortalPools(harness.pools, store))
        told = asyncio.create_task(_told(harness, story, lives), name="Task-story")
        death = asyncio.create_task(store.died.wait(), name="Task-death")
        await asyncio.wait([told, death], return_when=asyncio.FIRST_COMPLETED, timeout=SECONDS)
        death.cancel()
        await harness.kill(tasks)
        tasks = harness.start("n1", lease_seconds=60)
        try:
            async with asyncio.timeout(SECONDS):
                order = await told
        except TimeoutError:
            plan = await harness.store.collection("plan").find_one({"state": {"$ne": "done"}})
            pytest.fail(f"stuck after the death at write {lives}: {plan}")
        finally:
            await harness.kill(tasks)
        await check(lives, order)
        if store.left > 0:
            return
    pytest.fail("the engine never stopped writing")


async def _told(harness: Harness, story: Callable[[int], Awaitable[str]], lives: int) -> str:
    order = await story(lives)

    async def at_rest() -> bool:
        plan = await harness.get("plan", order)
        return plan["state"] == "done" and "due" not in plan

    await harness.until_true(at_rest)
    return order
