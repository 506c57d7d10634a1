"""The scheduler: claims what is due and runs it, many plans at a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from pymongo.errors import PyMongoError

from models.domain.errors import SomError, Unavailable
from scheduler.cancellation import CancellationParts
from scheduler.claims import CLAIMED, Claims, LeaseLost, queued_calls
from scheduler.ending import end
from scheduler.engagement import Parts
from scheduler.faults import Faults
from scheduler.flow_intake import FlowIntake
from scheduler.handing_on import hand_on
from scheduler.intake import Intake
from scheduler.plan_record import PlanRecord
from scheduler.plan_run import PlanRun
from scheduler.sources import Sources

Document = dict[str, Any]
Key = tuple[str, str]

_PLANNED = ("serviceOrder", "processFlow")
"""What plans are made for."""
SWEEP_SECONDS = 1.0
QUEUES_SECONDS = 5.0
PATIENCE_SECONDS = 5.0
"""That the stop waits for calls which can be made again."""
GRACE_SECONDS = 16.0
"""That it waits for those which cannot."""
DATABASE_SECONDS = 2.0

log = structlog.get_logger(__name__)


class Engine:
    """Moves orders forward. It is told to look (`poke`), and looks by itself once a second."""

    def __init__(self, parts: Parts, claims: Claims, intake: Intake, cancelling: CancellationParts) -> None:
        """Put together; `run` sets it to work."""
        self._parts = parts
        self._claims = claims
        self._intake = intake
        self._flows = FlowIntake(parts.store, parts.clock, claims)
        self._cancelling = cancelling
        self._capacity, self._gates = parts.capacity, parts.slots.gates
        self._sources = Sources(claims, self._capacity, self._gates)
        self._faults = Faults(parts.store, parts.clock, claims.worker)
        self._runs: dict[str, PlanRun] = {}
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._wanted = asyncio.Event()
        self._capacity.on_room = self._wanted.set
        self._gates.on_room = lambda _: self._look_at_queues()
        self._lost: set[Key] = set()
        self._stopping = False
        self._has_taken_back = False
        self.periodic: list[tuple[Callable[[], Coroutine[Any, Any, Any]], float]] = []

    @property
    def in_hand(self) -> int:
        """Orders, plans and cancellations in hand."""
        return len(self._tasks)

    def poke(self, collection: str, key: str) -> None:
        """Somebody asks for attention: `Dispatcher.wake` of the local dispatcher."""
        if collection == "plan" and key in self._runs:
            self._runs[key].poke()
        else:
            self._sources.look_at(collection)
            self._wanted.set()

    def sweep(self) -> None:
        """Look for whatever is due."""
        self._sources.look_everywhere()
        self._wanted.set()

    def stop(self) -> None:
        """Claim no more; `run` finishes or hands back what is in hand, and returns."""
        self._stopping = True
        self._wanted.set()

    async def run(self) -> None:
        """Work until told to stop."""
        clock = AsyncIOScheduler(timezone="UTC")
        self._schedule(clock, self._swept, SWEEP_SECONDS)
        self._schedule(clock, self._sources.find_queues, QUEUES_SECONDS)
        self._schedule(clock, self._extend, self._claims.lease_seconds / 3)
        for job, seconds in self.periodic:
            self._schedule(clock, job, seconds)
        clock.start()
        self.sweep()
        try:
            while not self._stopping:
                await self._wanted.wait()
                self._wanted.clear()
                await self._guarded(self._claim_all)
        finally:
            clock.shutdown(wait=False)
            await self._hand_over()

    async def _take_back(self) -> None:
        """Once, before the first claim; while the database is away it is tried again, as claiming is."""
        freed = await self._claims.take_back()
        await self._parts.slots.take_back()
        await self._sources.find_queues()
        self._has_taken_back = True
        if freed:
            log.info("took back the work of an earlier life of this node", documents=freed)

    def _schedule(self, clock: AsyncIOScheduler, job: Callable[[], Coroutine[Any, Any, Any]], seconds: float) -> None:
        async def guarded() -> None:
            try:
                await self._guarded(job)
            except asyncio.CancelledError:  # the clock ends its jobs when it is shut down, and would log that as errors
                if not self._stopping:
                    raise

        clock.add_job(guarded, "interval", seconds=seconds, max_instances=1, coalesce=True, misfire_grace_time=None)

    async def _guarded(self, job: Callable[[], Awaitable[Any]]) -> None:
        try:
            await job()
        except (PyMongoError, Unavailable) as error:
            log.warning("database unavailable, trying again", error=str(error)[:200])
            await asyncio.sleep(0.2)
            self._wanted.set()
        except Exception:
            log.exception("scheduler job failed")

    def _look_at_queues(self) -> None:
        self._sources.look_at_queues()
        self._wanted.set()

    async def _swept(self) -> None:
        self.sweep()
        if self._lost:
            lost, self._lost = self._lost.difference(self._tasks), set()  # what is in hand was claimed anew
            try:
                for collection in CLAIMED:
                    await self._claims.give_back(collection, [key for name, key in lost if name == collection])
            except PyMongoError:
                self._lost |= lost
                raise

    async def _extend(self) -> None:
        for collection in CLAIMED:
            ids = [key for name, key in self._tasks if name == collection]
            if collection in _PLANNED:
                ids = [key for key in ids if key not in self._runs]  # with a plan it is the plan that is claimed
            if not ids:
                continue
            until, kept = await self._claims.extend(collection, ids)
            for key in ids if collection == "plan" else ():
                if (run := self._runs.get(key)) is not None:
                    run.leased(until) if key in kept else run.lose()

    async def _claim_all(self) -> None:
        if not self._has_taken_back:
            await self._take_back()
        while not self._stopping and await self._sources.claim(self._take):
            pass

    def _take(self, collection: str, document: Document, gate: str | None) -> None:
        key = (collection, document["_id"])
        if (former := self._tasks.get(key)) is not None:  # its lease had run out, so that it can write nothing more
            former.cancel()
        task = asyncio.create_task(self._attempt(key, document, gate), name=f"{collection} {document['_id']}")
        self._tasks[key] = task
        self._capacity.take()
        task.add_done_callback(lambda done: self._done(key, done))

    def _done(self, key: Key, task: asyncio.Task[None]) -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]
        self._capacity.let_go()

    async def _attempt(self, key: Key, document: Document, gate: str | None) -> None:
        """Work on a claimed document; a fault leaves it for a later try, and never stops the others."""
        try:
            await self._work(key[0], document, gate)
        except LeaseLost:
            log.info("somebody else has it", collection=key[0], id=key[1])
        except (Unavailable, PyMongoError) as error:
            log.warning("database unavailable in the middle of work", id=key[1], error=str(error)[:200])
            self._lost.add(key)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is noted
            await self._note_fault(key[0], document, error)

    async def _work(self, collection: str, document: Document, gate: str | None) -> None:
        match collection:
            case "serviceOrder":
                await self._begin(document)
            case "processFlow":
                await self._begin_flow(document)
            case "plan":
                await self._resume_plan(document, gate)
            case _:
                await hand_on(self._parts.store, self._parts.clock, document)

    async def _note_fault(self, collection: str, document: Document, error: Exception) -> None:
        await self._guarded(lambda: self._faults.note(collection, document, error))

    async def _begin(self, order: Document) -> None:
        record = await self._intake.take(order)
        if record is not None:
            await self._run(record, order)

    async def _begin_flow(self, flow: Document) -> None:
        await self._run(await self._flows.take(flow), flow)

    async def _resume_plan(self, document: Document, gate: str | None) -> None:
        with self._gates.arrival(gate, queued_calls(document)) as arrived:
            record = await PlanRecord.load(self._parts.store, self._parts.clock, document)
            owner = await self._parts.store.get(record.owner, record.owner_id)
            if owner is None:
                log.error("plan of nothing", plan=record.id, owner=record.owner)
                await record.release(None)
                return
            await self._run(record, owner, arrived)

    async def _run(self, record: PlanRecord, owner: Document, arrived: Callable[[], None] | None = None) -> None:
        run = PlanRun(self._parts, record, owner, self._cancelling)
        if arrived is not None:
            run.on_rest = arrived
        key = ("plan", record.id)
        started_here = key not in self._tasks  # the plan of a new order is held by the order's own task
        if started_here:
            current = asyncio.current_task()
            if current is not None:
                self._tasks[key] = current
        self._runs[record.id] = run
        began = time.monotonic()
        try:
            if self._stopping:
                run.hand_over()
            await run.run()
        except (Unavailable, PyMongoError):
            self._lost.add(key)
            raise
        except LeaseLost:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is noted
            await self._note_fault("plan", record.document, error)
        finally:
            if self._runs.get(record.id) is run:
                del self._runs[record.id]
            if started_here and self._tasks.get(key) is asyncio.current_task():
                del self._tasks[key]
        log.debug("plan let go", plan=record.id, state=record.state, seconds=round(time.monotonic() - began, 3))

    async def _hand_over(self) -> None:
        """Stop: let calls under way be answered, give the rest to whoever comes next.

        A call that can be made again with its key is not worth a long wait. One that cannot is: broken off, it would
        have to be looked at by a person.
        """
        self._stopping = True
        for run in self._runs.values():
            run.hand_over()
        await self._shortly(self._guarded(self._extend))  # to the end of the grace, as far as a lease goes
        tasks = list(dict.fromkeys(self._tasks.values()))
        if tasks:
            await asyncio.wait(tasks, timeout=PATIENCE_SECONDS)
        once_only = [
            task for (_, key), task in self._tasks.items() if key in self._runs and not self._runs[key].can_be_repeated
        ]
        if once_only:
            await asyncio.wait(once_only, timeout=GRACE_SECONDS - PATIENCE_SECONDS)
        left = self._lost.union(self._tasks)
        await end(tasks)
        await self._shortly(self._give_back(left))

    async def _give_back(self, left: set[Key]) -> None:
        try:
            for collection in CLAIMED:
                ids = [key for name, key in left if name == collection]
                if ids:
                    await self._claims.give_back(collection, ids)
        except (PyMongoError, SomError) as error:
            log.warning("could not hand back work; its leases will run out", error=str(error)[:200])

    @staticmethod
    async def _shortly(work: Awaitable[None]) -> None:
        """Something with the database, which may be away; then leases run out by themselves."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DATABASE_SECONDS):
                await work
