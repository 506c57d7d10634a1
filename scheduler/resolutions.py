"""Working off bulk resolutions: piece by piece, not faster than asked, by one process for all."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from pymongo.errors import PyMongoError

from models.clock import Clock
from models.domain.errors import Conflict, Unavailable
from models.domain.interventions import Wish
from models.fallout import COLLECTION as TASKS
from models.interventions import intervene
from models.leases import Leases
from models.resolutions import COLLECTION, advance, query
from models.store import Store

Document = dict[str, Any]

SECONDS = 0.5
LEASE = "falloutResolutions"
LEASE_SECONDS = 15.0
MOST_AT_ONCE = 100


@dataclass(slots=True)
class Resolutions:
    """Passes the wishes of bulk jobs on to the plans.

    A worker that dies has at most a piece of a job half done: the next one does that piece again, and a wish that came
    twice is taken once.
    """

    store: Store
    clock: Clock
    leases: Leases

    async def look(self) -> None:
        """Go on with what is due, if this process is the one to do it.

        Raises:
            Unavailable: the database cannot be reached; the next look repeats it.
        """
        try:
            due = {"due": {"$lte": self.clock.now()}}
            jobs = await self.store.collection(COLLECTION).find(due).sort("created", 1).limit(20).to_list()
        except PyMongoError as error:
            raise Unavailable from error
        if not jobs or await self.leases.take(LEASE) is None:
            return
        for job in jobs:
            await self._go_on(job)

    async def _go_on(self, job: Document) -> None:
        piece = max(1, min(MOST_AT_ONCE, round(job["rate"] * SECONDS)))
        try:
            tasks = await self.store.collection(TASKS).find(query(job)).sort("_id", 1).limit(piece).to_list()
        except PyMongoError as error:
            raise Unavailable from error
        wish = replace(Wish.from_document(job["wish"]), job=job["_id"])
        objections = await asyncio.gather(*(self._intervene(task, wish) for task in tasks))
        errors = [
            {"task": task["_id"], "message": message}
            for task, message in zip(tasks, objections, strict=True)
            if message is not None
        ]
        now = self.clock.now()
        await advance(
            self.store,
            job,
            cursor=tasks[-1]["_id"] if tasks else job["cursor"],
            errors=errors,
            taken=len(tasks) - len(errors),
            now=now,
            due=now + timedelta(seconds=len(tasks) / job["rate"]) if len(tasks) == piece else None,
        )

    async def _intervene(self, task: Document, wish: Wish) -> str | None:
        """Why one task cannot be helped; None where its plan knows now."""
        hold = task.get("fallout", {}).get("count", 0)
        mine = replace(wish, id=f"{wish.job}-{task['key']}-{hold}")
        try:
            await intervene(self.store, self.clock, task, mine)
        except Conflict as conflict:
            return str(conflict)
        return None
