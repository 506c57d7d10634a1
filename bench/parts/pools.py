"""What an allocation out of a resource pool costs, whatever its size, beside a single insert of its document.

Ten demands arrive together, again and again: at pools of ten members, which are empty then; at one of a million
numbers whose free space is ten thousand runs; at one of which a million are taken already; and at prefixes. The floor
inserts the documents that the allocations have made, ten at once, each by a command of its own.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bench.database import Effort
from bench.figures import Aim, Figure
from bench.scale import Scale
from bench.stage import Stage
from models.clock import Clock
from models.domain.caller import DEFAULT_TENANT
from models.domain.pools.demand import Demand, Holder, Reserved
from models.ids import new_id
from models.pools.administration import PoolAdministration
from models.pools.pools import ResourcePoolStore
from models.store import Store

Document = dict[str, Any]

PART = "pools"
TOGETHER = 10
MANY = 200
SMALL = "10 members"
FLOOR = "single inserts"
_PARTS = 10
_MEMBERS = 1_000_000
_WITHHELD = 1_000
_LEFT = 100_000
_AT_A_TIME = 500
_TAKER = Holder(service="bench, from the beginning")


@dataclass(frozen=True, slots=True)
class Subject:
    """Pools that are asked in turns.

    Attributes:
        name: what they are.
        demand: what each call wants.
        together: how many calls arrive together.
        several: whether each group of calls goes to a pool of its own.
    """

    name: str
    demand: Demand
    together: int = TOGETHER
    several: bool = False


def subjects(scale: Scale) -> tuple[Subject, ...]:
    """What is measured at this scale."""
    return (
        Subject(SMALL, Demand(pool="small"), several=True),
        Subject("1,000,000 members", Demand(pool="million")),
        Subject(f"beside {scale.taken:,} taken", Demand(pool="taken")),
        Subject("/29 out of 10.0.0.0/8", Demand(pool="eight", prefix_length=29)),
        Subject("/56 out of 2001:db8::/32", Demand(pool="six", prefix_length=56)),
        Subject(f"1,000,000 members, {MANY} at once", Demand(pool="million"), together=MANY),
    )


@dataclass(frozen=True, slots=True)
class Spent:
    """What one allocation took: seconds, of them CPU of this program, and CPU of the database."""

    seconds: float
    program: float
    database: float


class Meter:
    """Measures what goes on between two looks."""

    def __init__(self, stage: Stage) -> None:
        """Ask this stage's database."""
        self._stage = stage
        self._began = (0.0, 0.0)
        self._before: Effort | None = None

    async def begin(self) -> None:
        """From now on."""
        self._before = await self._stage.database.effort()
        self._began = (time.perf_counter(), time.process_time())

    async def end(self, count: int) -> Spent:
        """Until now, for each of so many."""
        seconds, program = time.perf_counter() - self._began[0], time.process_time() - self._began[1]
        after = await self._stage.database.effort()
        assert self._before is not None
        return Spent(seconds / count, program / count, after.since(self._before).cpu / count)


async def measure(stage: Stage) -> list[Figure]:
    """Allocations and inserts by turns; what was allocated is given back between the rounds."""
    store = await stage.database.store("pools")
    clock = Clock()
    pools = ResourcePoolStore(store, clock)
    groups, asked = max(2, stage.scale.orders // 20), subjects(stage.scale)
    await _fill(PoolAdministration(store, clock, pools.turns), groups, stage.scale.taken)
    await _take(stage, pools)
    spent: defaultdict[str, list[Spent]] = defaultdict(list)
    for subject in asked:
        await _allocate(Meter(stage), pools, subject, groups if subject.several else 2)  # to warm up
        await pools.release(Holder(service="bench"))
    for number in range(stage.scale.rounds):
        for subject in asked:
            stage.say(f"allocations, {subject.name}, round {number + 1}")
            calls = max(1, groups * TOGETHER // subject.together)
            spent[subject.name].append(await _allocate(Meter(stage), pools, subject, calls))
            spent[f"{FLOOR} {subject.name}"].append(await _insert(Meter(stage), store, subject, calls))
            await pools.release(Holder(service="bench"))
    return [figure for subject in asked for figure in _figures(subject, spent)]


async def _fill(administration: PoolAdministration, groups: int, taken: int) -> None:
    def numbers(first: int, last: int, **more: Any) -> Document:
        return {"capacityAmount": {"capacityAmountFrom": str(first), "capacityAmountTo": str(last)}, **more}

    size = _MEMBERS // _PARTS
    million = [
        numbers(
            first, first + size - 1, withheld=[str(first + place * size // _WITHHELD) for place in range(_WITHHELD)]
        )
        for first in range(1_000_000, 1_000_000 + _MEMBERS, size)
    ]
    pools: dict[str, tuple[str, Sequence[Mapping[str, Any]]]] = {
        **{f"small-{number}": ("discrete", [numbers(1, TOGETHER)]) for number in range(groups)},
        "million": ("discrete", million),
        "taken": ("discrete", [numbers(1_000_000, 1_000_000 + taken + _LEFT - 1)]),
        "eight": ("address", [{"prefix": "10.0.0.0/8"}]),
        "six": ("address", [{"prefix": "2001:db8::/32"}]),
    }
    for name, (kind, capacity) in pools.items():
        body = {"id": name, "name": name, "kind": kind, "threshold": []}  # a pool of ten crosses them all the time
        await administration.create(DEFAULT_TENANT, body, [dict(part) for part in capacity], "bench")


async def _take(stage: Stage, pools: ResourcePoolStore) -> None:
    """Take what is to be taken before anything is measured, by allocations as all others."""
    for number in range(0, stage.scale.taken, _AT_A_TIME):
        if number % 100_000 == 0:
            stage.say(f"taking members, {number:,} of {stage.scale.taken:,}")
        answer = await pools.reserve(new_id(), _TAKER, Demand(pool="taken", count=_AT_A_TIME))
        if not isinstance(answer, Reserved):
            raise RuntimeError(f"taking: {answer}")  # noqa: TRY004 - the answer is of a type that it may be


async def _allocate(meter: Meter, pools: ResourcePoolStore, subject: Subject, groups: int) -> Spent:
    holder = Holder(service="bench")
    await meter.begin()
    for number in range(groups):
        demand = subject.demand
        if subject.several:
            demand = replace(demand, pool=f"small-{number}")
        calls = (pools.reserve(new_id(), holder, demand) for _ in range(subject.together))
        for answer in await asyncio.gather(*calls):
            if not isinstance(answer, Reserved):  # a fast failure is no figure
                raise RuntimeError(f"{subject.name}: {answer}")  # noqa: TRY004 - the answer is of a type that it may be
    return await meter.end(groups * subject.together)


async def _insert(meter: Meter, store: Store, subject: Subject, groups: int) -> Spent:
    """The floor: the documents that were just made, once more, in a collection with the same indexes."""
    made = await store.collection("resource").find({"holder.service": "bench"}).to_list()
    copies = [{**one, "_id": new_id(), "pool": "floor", "position": new_id(), "claim": new_id()} for one in made]
    await meter.begin()
    for start in range(0, groups * subject.together, subject.together):
        chunk = copies[start : start + subject.together]
        await asyncio.gather(*(store.collection("resource").insert_one(one) for one in chunk))
    spent = await meter.end(groups * subject.together)
    await store.collection("resource").delete_many({"pool": "floor"})
    return spent


def _figures(subject: Subject, spent: Mapping[str, Sequence[Spent]]) -> list[Figure]:
    own, floor = spent[subject.name], spent[f"{FLOOR} {subject.name}"]
    rates = {FLOOR: [1 / one.seconds for one in floor]}
    costs = {FLOOR: [1000 * (one.program + one.database) for one in floor]}
    aim = None
    if subject.name != SMALL:
        costs[SMALL] = [1000 * (one.program + one.database) for one in spent[SMALL]]
        aim = Aim(1.5, least=False, floor=SMALL)
    shares = sum(one.program for one in own) / sum(one.program + one.database for one in own)
    note = f"of it {shares:.0%} this program's, the rest the database's"
    cost = [1000 * (one.program + one.database) for one in own]
    return [
        Figure(PART, f"{subject.name}: allocations", "1/s", [1 / one.seconds for one in own], rates),
        Figure(PART, f"{subject.name}: CPU each", "ms", cost, costs, aim, note),
    ]
