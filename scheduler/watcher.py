"""The watcher: one change stream over the database that wakes whoever has something to do.

It carries ids only. It is opened first and then everybody sweeps, at every (re)opening, so that nothing falls between;
what a lost wake-up leaves is found by the sweeps.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog
from pymongo.errors import PyMongoError

from models.store import Store

Document = dict[str, Any]

RESOURCES = (
    "serviceOrder",
    "cancelServiceOrder",
    "service",
    "serviceSpecification",
    "resourceSpecification",
    "processFlow",
    "taskFlow",
    "fulfiller",
    "falloutRule",
    "release",
    "changeSource",
    "change",
    "recipe",
    "policy",
    "policyDecision",
)
BEGINNING = ("serviceOrder", "cancelServiceOrder", "processFlow")
"""What the scheduler has to look at as soon as it is there."""
REFERENCE = (
    "serviceSpecification",
    "resourceSpecification",
    "fulfiller",
    "fulfillerState",
    "falloutRule",
    "subscription",
    "recipe",
    "policy",
)
PAUSE_SECONDS = 0.5
LONGEST_LOOK_SECONDS = 1.0

log = structlog.get_logger(__name__)

_TRAFFIC: Document = {
    "ns.coll": {"$in": [*dict.fromkeys([*RESOURCES, *REFERENCE, "plan"])]},
    "$or": [
        {"operationType": "insert", "ns.coll": {"$in": RESOURCES}},
        {"updateDescription.updatedFields.owed": {"$exists": True}},
        {"updateDescription.updatedFields.poke": {"$exists": True}},
        {"ns.coll": {"$in": REFERENCE}},
    ],
}
_FEW: Document = {"ns.coll": {"$in": REFERENCE}}
_PROJECTION: Document = {
    "operationType": 1,
    "ns.coll": 1,
    "documentKey": 1,
    "updateDescription.updatedFields.owed": 1,
    "updateDescription.updatedFields.poke": 1,
}


class Watcher:
    """Tells listeners of changes.

    Attributes:
        on_poke: called with collection and id: the scheduler is asked to look.
        on_owed: called with collection and id: a resource owes events.
        on_reference: called with the collection: reference data has changed.
        on_open: called at every (re)opening: anything may have happened before.
    """

    def __init__(self, store: Store) -> None:
        """Watch this database, with nobody listening yet."""
        self._store = store
        self.on_poke: list[Callable[[str, str], None]] = []
        self.on_owed: list[Callable[[str, str], None]] = []
        self.on_reference: list[Callable[[str], None]] = []
        self.on_open: list[Callable[[], None]] = []
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Let `run` return within a second.

        Cancelling it is no sure way: the driver forgets a cancellation that arrives together with an answer.
        """
        self._stopped.set()

    async def run(self) -> None:
        """Watch until told to stop; whatever breaks the stream, it is opened again and everybody sweeps."""
        while not self._stopped.is_set():
            try:
                await self._watch()
            except PyMongoError as error:
                log.warning("change stream lost, opening it again", error=f"{type(error).__name__}: {error}"[:300])
            with suppress(TimeoutError):
                async with asyncio.timeout(PAUSE_SECONDS):
                    await self._stopped.wait()

    async def _watch(self) -> None:
        # A process that only serves the API has no use for traffic, and hearing of each write costs it a round trip.
        wanted = _TRAFFIC if self.on_poke or self.on_owed else _FEW
        pipeline: list[Document] = [{"$match": wanted}, {"$project": _PROJECTION}]
        wait = round(LONGEST_LOOK_SECONDS * 1000)
        async with await self._store.database.watch(pipeline, max_await_time_ms=wait, batch_size=1000) as stream:
            for tell in self.on_open:
                tell()
            while stream.alive and not self._stopped.is_set():
                change = await stream.try_next()
                if change is not None:
                    self._tell(change)

    def _tell(self, change: Document) -> None:
        collection = change["ns"]["coll"]
        key = change.get("documentKey", {}).get("_id")
        inserted = change["operationType"] == "insert"
        updated = change.get("updateDescription", {}).get("updatedFields", {})
        if collection in REFERENCE:
            for tell_collection in self.on_reference:
                tell_collection(collection)
        if key is None:
            return
        if "owed" in updated or (inserted and collection in RESOURCES):
            for tell in self.on_owed:
                tell(collection, key)
        if "poke" in updated or (inserted and collection in BEGINNING):
            for tell in self.on_poke:
                tell(collection, key)
