"""Takes from pools in a process of its own, so that a test can kill it: `pools_process.py URL DATABASE SEED COUNT`.

It does what is to be done for each of its keys, in a random order and many at once, and says so when all is done.
Started again it does the same once more, which changes nothing.
"""

import asyncio
import random
import sys

from models.clock import Clock
from models.domain.pools.demand import Demand, Holder
from models.pools.pools import ResourcePoolStore
from models.store import Store, connect

AT_ONCE = 40
DEMANDS = (Demand(pool="numbers"), Demand(pool="net", prefix_length=29), Demand(pool="hosts", amounts={"cpu": 1}))


async def life(pools: ResourcePoolStore, number: int, places: asyncio.Semaphore) -> None:
    """Every third key is put to use, every fifth given up, the others stay reserved (or in line)."""
    key = f"key-{number}"
    async with places:
        await pools.reserve(key, Holder(service=f"s-{number}"), DEMANDS[number % len(DEMANDS)])
        if number % 5 == 0:
            await pools.release(key, "given up")
        elif number % 3 == 1:
            await pools.commit(key)


async def main(url: str, database: str, seed: str, count: str) -> None:
    numbers = list(range(int(count)))
    random.Random(seed).shuffle(numbers)
    async with connect(url) as client:
        pools, places = ResourcePoolStore(Store(client, database), Clock()), asyncio.Semaphore(AT_ONCE)
        print("begun", flush=True)
        await asyncio.gather(*(life(pools, number, places) for number in numbers))
    print("done", flush=True)


asyncio.run(main(*sys.argv[1:]))
