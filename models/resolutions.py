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
DEFAULT_RATE = 50.0
ERRORS_KEPT = 100


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
    change: Document = {
        "$set": {"updated": now, "cursor": cursor, "state": "inProgress" if due else "done"},
        "$inc": {"rev": 1, "taken": taken, "refused": len(errors)},
        "$push": {"errors": {"$each": errors, "$slice": ERRORS_KEPT}},
    }
    if due is None:
        change["$unset"] = {"due": ""}
    else:
        change["$set"]["due"] = due
    return await store.update(COLLECTION, {"_id": job["_id"], "rev": job["rev"]}, change)
