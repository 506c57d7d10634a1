"""What has to be done for pools regularly; by several processes at once it does no harm."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from models import resources
from models.clock import Clock
from models.domain.errors import NotFound
from models.pools.asks import Free, Serve
from models.pools.sessions import COLLECTION as SESSION
from models.pools.sessions import FORGOTTEN_AFTER
from models.pools.turn import DEMAND, POOL
from models.pools.turns import Turns
from models.reading import reading
from models.store import Store

Document = dict[str, Any]

_BATCH = 500
_LATE = timedelta(seconds=90)
_KEPT = timedelta(days=7)
_PATHS = ("body.resourceSpecification.id", "body.resourceSpecification.name")


async def end_what_is_due(store: Store, clock: Clock, turns: Turns) -> int:
    """Let reservations expire, and set free what has rested in quarantine; returns how many members.

    Raises:
        Unavailable: the database cannot be reached; what is left is done next time.
    """
    ended = 0
    while True:
        with reading():
            due = {"until": {"$lte": clock.now()}, "use": {"$in": ["reserved", "quarantined"]}}
            found = await store.collection(resources.COLLECTION).find(due, {"pool": 1, "use": 1}).to_list(_BATCH)
        now = 0
        for why, use in (("the reservation has expired", "reserved"), (None, "quarantined")):
            chosen = [one for one in found if one["use"] == use]
            now += await _free(turns, chosen, Free([], why, expired=True))
        ended += now
        if len(found) < _BATCH or not now:
            return ended


async def release_late_ones(store: Store, clock: Clock, turns: Turns) -> int:
    """Give back what was reserved under a key just after the key had been released; returns how many members.

    The turn that reserved it had begun before the release and could not see it.
    """
    recent = {"state": "released", "updated": {"$gte": clock.now() - _LATE}}
    freed = 0
    with reading():
        cursor = store.collection(DEMAND).find(recent, {"_id": 1}, batch_size=_BATCH)
        while keys := [one["_id"] for one in await cursor.to_list(_BATCH)]:
            late = {"claim": {"$in": keys}, "use": {"$in": ["reserved", "used"]}}
            found = await store.collection(resources.COLLECTION).find(late, {"pool": 1}).to_list()
            freed += await _free(turns, found, Free([], "its key had been released before"))
    return freed


async def serve_lines(store: Store, turns: Turns) -> int:
    """Look whether somebody who waits can be served by now; returns how many were.

    Whatever makes room serves the line itself. This finds the rest: who waits for a distance to others, or for pools
    of a specification that were made while it lined up.
    """
    line = store.collection(DEMAND)
    with reading():
        by_specification = {"state": "waiting", "demand.pool": None}
        for name in await line.distinct("demand.specification", by_specification):
            query = {"$or": [{path: name} for path in _PATHS], "named": {"$exists": True}}
            pools = [one["_id"] async for one in store.collection(POOL).find(query, {"_id": 1})]
            waiting = {**by_specification, "demand.specification": name, "pools": {"$not": {"$all": pools}}}
            if pools:
                await line.update_many(waiting, {"$addToSet": {"pools": {"$each": pools}}})
        waited_for = await line.distinct("pools", {"state": "waiting"})
    served = 0
    for pool in waited_for:
        try:
            served += await turns.ask(pool, Serve())
        except NotFound:
            continue
    return served


async def forget_old_keys(store: Store, clock: Clock) -> int:
    """Forget keys that were released or noted long ago, as no call of theirs is on its way any more; returns how many.

    Sessions of processes that have ended are forgotten, too.
    """
    with reading():
        old = {"state": {"$in": ["released", "kept"]}, "updated": {"$lt": clock.now() - _KEPT}}
        unused = {"at": {"$lt": clock.now() - FORGOTTEN_AFTER}}
        await store.collection(SESSION).delete_many(unused)
        return (await store.collection(DEMAND).delete_many(old)).deleted_count


async def _free(turns: Turns, members: Sequence[Mapping[str, Any]], how: Free) -> int:
    pools: dict[str, list[str]] = {}
    for one in members:
        pools.setdefault(one["pool"], []).append(one["_id"])
    freed = 0
    for pool, ids in pools.items():
        freed += await turns.ask(pool, Free(ids, how.why, expired=how.expired))
    return freed


def jobs(store: Store, clock: Clock, turns: Turns) -> list[tuple[Callable[[], Coroutine[Any, Any, int]], float]]:
    """The jobs, with the seconds between."""
    return [
        (partial(end_what_is_due, store, clock, turns), 1.0),
        (partial(release_late_ones, store, clock, turns), 30.0),
        (partial(serve_lines, store, turns), 15.0),
        (partial(forget_old_keys, store, clock), 3600.0),
    ]
