"""How full all pools are, in one read, for whoever watches."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.domain.pools.usage import Counts, Usage
from models.pools.turn import POOL
from models.pools.waiting import DEMAND
from models.reading import reading
from models.store import Store

MOST = 1_000
"""Pools that are told of, in the order of their ids: figures of more would burden who watches."""


@dataclass(frozen=True, slots=True)
class PoolFigures:
    """The figures of one pool.

    Attributes:
        id: of the pool.
        counts: by measure; capacity in base units.
        share: how much is taken of the measure that is fullest, 0 to 1.
        waiting: how many demands wait for it.
    """

    id: str
    counts: Mapping[str, Counts]
    share: float
    waiting: int


async def figures(store: Store) -> list[PoolFigures]:
    """The figures of the pools; what it costs does not depend on how many members they have.

    Raises:
        Unavailable: the database cannot be reached.
    """
    with reading():
        waiting: list[Mapping[str, Any]] = [
            {"$match": {"state": "waiting"}},
            {"$unwind": "$pools"},
            {"$sortByCount": "$pools"},
        ]
        cursor = await store.collection(DEMAND).aggregate(waiting)
        lines = {one["_id"]: one["count"] async for one in cursor}
        living = store.collection(POOL).find({"named": {"$exists": True}}, {"usage": 1}).sort("_id", 1).limit(MOST)
        stored = await living.to_list()
    found = []
    for one in stored:
        usage = Usage.of(one["usage"])
        share = usage.share if usage.counts else 0.0
        found.append(PoolFigures(one["_id"], usage.counts, share, lines.get(one["_id"], 0)))
    return found
