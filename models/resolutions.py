"""Bulk resolutions: one wish for all fallout that a filter lets through, as a job that survives its worker."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from models.clock import Clock
from models.domain.interventions import Wish
from models.fallout import COLLECTION as TASKS
from models.fallout import held
from models.ids import new_id
from models.reading import reading
from models.store import Store

Document = dict[str, Any]

COLLECTION = "falloutResolution"
_SHOWN = ("order", "process", "plan", "notUndone")
DEFAULT_RATE = 50.0
ERRORS_KEPT = 100
UNDER_WAY = ("acknowledged", "inProgress")
DONE, STOPPED = "done", "cancelled"


async def create(  # noqa: PLR0913, PLR0917 - what a job is made of
    store: Store, clock: Clock, tenant: str, wanted: Mapping[str, Any], wish: Wish, rate: float
) -> Document:
    """Store a job; the scheduler works it off.

    Args:
        store: where.
        clock: tells when: what is held after this moment is none of the job's business, so that it ends.
        tenant: whose fallout.
        wanted: filters as `models.fallout.condition` knows them.
        wish: what is wanted for each.
        rate: so many tasks a second at most.

    Raises:
        Unavailable: the database cannot be reached.
    """
    now = clock.now()
    with reading():
        found = await store.collection(TASKS).count_documents(held(tenant, wanted))
    job: Document = {
        "_id": new_id(),
        "tenant": tenant,
        "created": now,
        "updated": now,
        "rev": 1,
        "state": "acknowledged",
        "wanted": dict(wanted),
        "wish": wish.to_document(),
        "rate": rate,
        "found": found,
        "taken": 0,
        "refused": 0,
        "errors": [],
        "cursor": "",
        "due": now,
    }
    await store.insert(COLLECTION, job)
    return job


def query(job: Mapping[str, Any]) -> Document:
    """The fallout that a job still has to look at, in the order of the tasks' ids."""
    wanted = held(job["tenant"], job["wanted"])
    since: Document = wanted.pop("fallout.since", {})
    identity: Document = wanted.pop("_id", {})
    return {**wanted, "fallout.since": {**since, "$lte": job["created"]}, "_id": {**identity, "$gt": job["cursor"]}}


async def stop(store: Store, clock: Clock, job: Mapping[str, Any], who: str, why: str | None) -> None:
    """Let a job pass nothing more on, unless it has ended; what it has passed on stays done.

    Raises:
        Unavailable: the database cannot be reached.
    """
    now = clock.now()
    said = {"at": now, "who": who} | ({} if why is None else {"why": why})
    guard = {"_id": job["_id"], "tenant": job["tenant"], "state": {"$in": list(UNDER_WAY)}}
    change: Document = {"$set": {"state": STOPPED, "stopped": said, "updated": now}, "$unset": {"due": ""}}
    await store.update(COLLECTION, guard, {**change, "$inc": {"rev": 1}})


async def what_stays(store: Store, job: str) -> tuple[int, list[Document]]:
    """What a job that gave items up could not have undone: how many tasks in all, and the first.

    Returns:
        The count, and {order, task, name, item, reason} of each of the first hundred.
    """
    where = {"job": job, "notUndone": {"$exists": True}}
    pipeline: list[Document] = [
        {"$match": where},
        {"$sort": {"_id": 1}},
        {"$unwind": "$notUndone"},
        {"$facet": {
            "count": [{"$count": "n"}],
            "first": [{"$limit": ERRORS_KEPT}, {"$project": dict.fromkeys(_SHOWN, 1)}],
        }},
    ]  # fmt: skip
    with reading():
        [found] = await (await store.collection(TASKS).aggregate(pipeline)).to_list()
    first = [
        {
            **one["notUndone"],
            **{name: one[name] for name in ("order", "process") if name in one},
            "task": f"{one['plan']}:{one['notUndone']['task']}",
        }
        for one in found["first"]
    ]
    return (found["count"][0]["n"] if found["count"] else 0), first


async def outcomes(store: Store, jobs: list[str]) -> dict[str, dict[str, int]]:
    """What became of the tasks of jobs: for each job how many are in which state."""
    pipeline: list[Document] = [
        {"$match": {"job": {"$in": jobs}}},
        {"$group": {"_id": {"job": "$job", "state": "$state"}, "count": {"$sum": 1}}},
    ]
    found: dict[str, dict[str, int]] = {}
    with reading():
        async for row in await store.collection(TASKS).aggregate(pipeline):
            found.setdefault(row["_id"]["job"], {})[row["_id"]["state"]] = row["count"]
    return found


async def advance(  # noqa: PLR0913 - what a piece comes to
    store: Store,
    job: Mapping[str, Any],
    *,
    cursor: str,
    errors: list[Document],
    taken: int,
    now: datetime,
    due: datetime | None,
) -> bool:
    """Write down how far a job has come.

    Args:
        store: where.
        job: as it was read.
        cursor: id of the last task that was looked at.
        errors: of those that could not be helped: {task, message}.
        taken: how many wishes were passed on.
        now: the present moment.
        due: when to go on; None when it has come to its end.

    Returns:
        False where somebody else has done it meanwhile.
    """
    counted: Document = {
        "$inc": {"rev": 1, "taken": taken, "refused": len(errors)},
        "$push": {"errors": {"$each": errors, "$slice": ERRORS_KEPT}},
    }
    change: Document = {"$set": {"updated": now, "cursor": cursor, "state": "inProgress" if due else DONE}, **counted}
    if due is None:
        change["$unset"] = {"due": ""}
    else:
        change["$set"]["due"] = due
    if await store.update(COLLECTION, {"_id": job["_id"], "rev": job["rev"]}, change):
        return True
    # It was stopped while this piece was on its way: what was passed on counts.
    stopped = {"_id": job["_id"], "state": STOPPED, "cursor": job["cursor"]}
    return await store.update(COLLECTION, stopped, {"$set": {"updated": now, "cursor": cursor}, **counted})
