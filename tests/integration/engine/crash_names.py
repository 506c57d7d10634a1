"""Points of a run at which an engine can die, by names: what was written a moment ago, or who was called.

A store tells of each write when the database has acknowledged it, and its writer has not heard of that; a fulfiller
tells of each call that has taken effect, and whose answer nobody has heard. Names are the same in every life of an
engine.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from models.domain.recipes import State
from models.store import Store

Document = dict[str, Any]
Pass = Callable[[str], Awaitable[None]]


def of_write(collection: str, key: Any, change: Mapping[str, Any]) -> str:
    """The name of a write: the collection, and what it says in a few words."""
    what = _plan(change) if collection == "plan" else _order(change) if collection == "serviceOrder" else ""
    if collection == "task":
        fields = change.get("$set", change)
        what = f"{str(key).rpartition(':')[2]} {fields.get('state') or ' '.join(sorted(fields))}"
    return f"{collection}: {what or ' '.join(sorted(change))}"


def _plan(change: Mapping[str, Any]) -> str:
    fields: Mapping[str, Any] = change.get("$set", change)
    moved = sorted(f"{name[4:]} {run['s']}" for name, run in fields.items() if name.startswith("run."))
    moved += sorted(f"added {task['key']}" for task in _pushed(change, "added"))
    if not moved:
        moved = [place for name, run in fields.items() if name.startswith("recipes.") for place in _places(run)]
    unset = change.get("$unset", {})
    return " ".join([*moved, *(["let go"] if "lease" in unset else []), *_told(fields.get("tells", ()))])


def _pushed(change: Mapping[str, Any], name: str) -> Iterable[Any]:
    pushed = change.get("$push", {}).get(name, {})
    found: Iterable[Any] = pushed.get("$each", ()) if isinstance(pushed, dict) else (pushed,)
    return found


def _places(run: Mapping[str, Any]) -> list[str]:
    state = State.from_document({"run": run["run"], "data": run["data"]})
    return sorted(f"at {token.key}" for token in state.tokens.values()) or [state.status]


def _told(tells: Iterable[Mapping[str, Any]]) -> list[str]:
    return [f"milestone {tell['milestone']['name']}" for tell in tells if "milestone" in tell]


def _order(change: Mapping[str, Any]) -> str:
    fields = change.get("$set", change)
    names = sorted(name.partition(".")[2] for name in fields if name.startswith("body."))
    return f"{fields.get('body.state', '')} {' '.join(names)}".strip()


class PointStore(Store):
    """A store that tells of each write, by its name, before its writer hears that it has been done.

    What `passed` returns is awaited: whoever kills the engine there lets it wait for ever.
    """

    def __init__(self, store: Store, passed: Pass) -> None:
        """Write where `store` does; `passed` is told of the points."""
        super().__init__(store.client, store.database.name)
        self._passed = passed

    async def insert(self, collection: str, document: Document) -> None:
        """Insert a document, and tell."""
        await super().insert(collection, document)
        await self._passed(of_write(collection, document["_id"], document))

    async def insert_missing(self, collection: str, documents: Iterable[Document]) -> None:
        """Insert those documents that do not exist yet, and tell."""
        await super().insert_missing(collection, documents)
        await self._passed(f"{collection}: missing ones")

    async def update(self, collection: str, guard: Document, change: Document) -> bool:
        """Change a document, and tell."""
        done = await super().update(collection, guard, change)
        await self._passed(of_write(collection, guard["_id"], change))
        return done

    async def upsert(self, collection: str, guard: Document, change: Document) -> bool:
        """Change or make a document, and tell."""
        done = await super().upsert(collection, guard, change)
        await self._passed(of_write(collection, guard["_id"], change))
        return done

    async def delete(self, collection: str, guard: Document) -> bool:
        """Remove a document, and tell."""
        done = await super().delete(collection, guard)
        await self._passed(f"{collection}: removed")
        return done


class Death:
    """Kills an engine at the first point that none has died at before.

    Attributes:
        died_at: the names of these points so far, in order.
    """

    def __init__(self, *, immortal: bool = False) -> None:
        """Nobody has died yet; nobody ever does where all are immortal."""
        self.died_at: list[str] = []
        self.came = asyncio.Event()
        self._immortal = immortal

    async def passed(self, name: str) -> None:
        """Let an engine come to a point; it never leaves a new one."""
        if self._immortal:
            return
        if self.came.is_set():  # it is dead already
            await asyncio.Event().wait()
        if name not in self.died_at:
            self.died_at.append(name)
            self.came.set()
            await asyncio.Event().wait()

    def again(self) -> None:
        """Another engine lives."""
        self.came.clear()
