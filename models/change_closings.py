"""Change requests of other systems that are to be closed, because the orders whose tasks have opened them have ended.

What is owed stands in the document of the task (`closing`) and is carried out again and again until it is so:
{changeRequest, status, note, attempts, problem?}, with `due` while it is owed and `closed` when it is done.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from models.clock import Clock
from models.domain.change_closings import End, closings
from models.reading import reading
from models.store import Store

Document = dict[str, Any]

COLLECTION = "task"
MOST_PATIENCE = timedelta(hours=1)
GIVEN_UP = timedelta(days=7)
_READ = ("key", "order", "input", "output", "accepted", "engaged")


class ChangeClosings:
    """What is owed to change requests.

    All methods raise `Unavailable` where the database cannot be reached; every change may be repeated.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        """Keep it in this store."""
        self._store = store
        self._clock = clock

    async def owe(self, plan: str, ends: Mapping[str, End]) -> None:
        """Have the change requests closed that tasks of a plan have opened, and no task has closed.

        Args:
            plan: its id.
            ends: by the key of a task of the kind `change`, how its order item has ended.
        """
        ids = [f"{plan}:{key}" for key in ends]
        with reading():
            tasks = await self._store.collection(COLLECTION).find({"_id": {"$in": ids}}, _READ).to_list()
        now = self._clock.now()
        for key, closing in closings(tasks, ends).items():
            owed = {**closing, "attempts": 0, "since": now, "due": now}
            guard = {"_id": f"{plan}:{key}", "closing": {"$exists": False}}
            await self._store.update(COLLECTION, guard, {"$set": {"closing": owed}})

    async def due(self, limit: int) -> list[Document]:
        """Tasks whose change requests are to be closed now, the longest due first."""
        with reading():
            found = self._store.collection(COLLECTION).find({"closing.due": {"$lte": self._clock.now()}})
            return await found.sort("closing.due", 1).to_list(limit)

    async def closed(self, task: Document) -> None:
        """It is closed."""
        change = {"$set": {"closing.closed": self._clock.now()}, "$unset": {"closing.due": "", "closing.problem": ""}}
        await self._store.update(COLLECTION, {"_id": task["_id"]}, change)

    async def later(self, task: Document, problem: str, patience: float | None = None) -> None:
        """It could not be closed; it is tried again, ever more seldom, for a week.

        Args:
            task: as it was read.
            problem: why, for people.
            patience: seconds that the other system wants us to wait.
        """
        closing, now = task["closing"], self._clock.now()
        attempts = closing["attempts"] + 1
        wait = min(timedelta(seconds=2.0 ** min(attempts, 12)), MOST_PATIENCE)
        if patience is not None:
            wait = max(wait, timedelta(seconds=patience))
        change: Document = {"$set": {"closing.attempts": attempts, "closing.problem": problem[:500]}}
        if now - closing["since"] > GIVEN_UP:
            change["$unset"] = {"closing.due": ""}
        else:
            change["$set"]["closing.due"] = now + wait
        await self._store.update(COLLECTION, {"_id": task["_id"]}, change)
