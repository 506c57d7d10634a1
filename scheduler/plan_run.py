"""Running a plan while its lease is held: one turn after the other, until nothing is left to do for now.

A turn takes in what has come (answers of fulfillers, callbacks, a cancellation, a person's wish to resume, timers),
writes what that means (task documents, then the plan, then the effects on services and order), and starts what has
become ready. Each write is safe to repeat, so that a crash between any two of them loses and doubles nothing.
"""

import asyncio
from collections import deque
from contextlib import suppress
from datetime import timedelta
from typing import Any

import structlog
from pymongo.errors import PyMongoError

from models import inbox
from models.domain.errors import Unavailable
from models.domain.outcomes import Unreachable
from models.domain.plan import PlannedTask
from scheduler import answers
from scheduler.answers import Settling
from scheduler.cancellation import Cancellation, CancellationParts
from scheduler.context import TaskContext
from scheduler.engagement import Answer, Engagement, Engager, Held, Parts
from scheduler.items import Items
from scheduler.order_projection import OrderProjection
from scheduler.plan_record import PlanRecord
from scheduler.services import Services

Document = dict[str, Any]

LINGER_SECONDS = 0.1
RECHECK_SECONDS = 30.0
BATCH = 200

log = structlog.get_logger(__name__)


class PlanRun:
    """One plan, held by this worker."""

    def __init__(self, parts: Parts, record: PlanRecord, order: Document, cancelling: CancellationParts) -> None:
        """Run this plan of this order."""
        self._parts = parts
        self._record = record
        self._progress = record.progress
        self._services = Services(parts.store, parts.clock, record.id, record.tenant)
        self._projection = OrderProjection(parts.store, parts.clock, order)
        self._context = TaskContext(parts.store, record, self._services, self._projection.body)
        self._engager = Engager(parts, record, self._services, self._context)
        self._settling = Settling(parts, record, self._engager, self._context, self._projection)
        self._items = Items(record, self._services)
        self._cancellation = Cancellation(cancelling, record, self._settling)
        self._answers: deque[Answer] = deque()
        self._calls: dict[asyncio.Task[None], str] = {}
        self._signal = asyncio.Event()
        self._poked = False
        self._handing_over = False
        self._projection_waits = False
        self._trouble: Exception | None = None

    def poke(self) -> None:
        """Something may have come to the inbox."""
        self._poked = True
        self._signal.set()

    def hand_over(self) -> None:
        """Stop starting things; end the run when the calls under way have been answered."""
        self._handing_over = True
        self._signal.set()

    async def run(self) -> None:
        """Go on until nothing is left to do for now, then let go of the plan.

        Raises:
            LeaseLost: the plan belongs to somebody else.
            Unavailable: the database cannot be reached; the lease runs out by itself.
        """
        try:
            await self._recover()
            while not await self._turn():
                pass
        finally:
            for call in self._calls:
                call.cancel()

    async def _recover(self) -> None:
        """Carry out the effects still owed, and find out about calls whose answer never was written to the plan."""
        if any("create" in effect for effect in self._record.owes):
            new = [service for service in self._record.plan.services if service.action == "add"]
            items = {item.path: item for item in self._record.plan.items}
            await self._services.create(new, self._record.order_id, items)
            self._settling.begin()
        if not self._record.fresh:
            self._answers.extend(await answers.recovered(self._parts, self._record))
        await self._settling.apply_effects(self._services, self._record.owes)

    async def _turn(self) -> bool:
        self._signal.clear()
        if self._trouble is not None:
            raise self._trouble
        await self._take_inbox()
        await self._take_answers()
        self._settling.take_timers()
        await self._cancellation.advance(calls_under_way=bool(self._calls))
        await self._write()
        if not self._handing_over and await self._start():
            return False
        if self._calls or self._answers:
            await self._wait(None)
            return False
        if self._record.state == "done":
            return await self._end()
        if not self._handing_over and self._progress.in_state("accepted") and await self._wait(LINGER_SECONDS):
            return False
        return await self._let_go()

    async def _wait(self, seconds: float | None) -> bool:
        """Wait for something to come, at most until the next timer runs out."""
        due = self._progress.next_due()
        if due is not None:
            left = max(0.0, (due - self._parts.clock.now()).total_seconds())
            seconds = left if seconds is None else min(seconds, left)
        lag = self._projection.wait_seconds(asyncio.get_running_loop().time())
        if self._projection_waits and lag > 0:
            seconds = lag if seconds is None else min(seconds, lag)
        if self._answers:
            return True
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._signal.wait()
                return True
        return False

    async def _take_inbox(self) -> None:
        if self._poked:
            self._poked = False
            await self._record.read_inbox()
        for entry in self._record.take_inbox():
            match entry["kind"]:
                case "callback":
                    self._settling.take_callback(entry, self._answers)
                case "resume":
                    self._settling.resume(entry.get("item"))
                case "cancel":
                    await self._cancellation.request(entry["cancel"])
                case kind:
                    log.warning("inbox entry of unknown kind ignored", plan=self._record.id, kind=kind)

    async def _take_answers(self) -> None:
        batch: list[Answer] = []
        while self._answers:
            batch.append(self._answers.popleft())
        if batch:
            await self._settling.settle(batch)

    async def _write(self) -> None:
        """Write the plan where it has changed, carry out its effects, and show it in the order."""
        self._settling.finish(calls_under_way=bool(self._calls))
        effects = self._settling.take_effects()
        if effects or self._record.changed:
            await self._record.write(effects)
            for plan_id in await self._settling.apply_effects(self._services, effects):
                await inbox.poke(self._parts.store, self._parts.clock, plan_id)
        paced = self._projection.wait_seconds(asyncio.get_running_loop().time()) > 0
        self._projection_waits = paced and self._record.state != "done"
        if not self._projection_waits:
            await self._show()

    async def _show(self) -> None:
        now = asyncio.get_running_loop().time()
        await self._projection.write(self._progress, self._record.rev, now, self._cancellation.target)
        await self._cancellation.tell()

    async def _start(self) -> bool:
        """Give what is ready to fulfillers. Returns whether the plan changed by it, so that it must be written."""
        tasks = [task for task in self._due_tasks() if await self._items.take(task.item)]
        if self._items.refused:
            self._settling.hold_items(self._items.refused)
            self._items.refused = {}
            return True
        held = False
        for start in range(0, len(tasks), BATCH):
            batch = tasks[start : start + BATCH]
            prepared = await asyncio.gather(
                *(self._engager.prepare(task, self._progress.run[task.key]) for task in batch)
            )
            for task, made in zip(batch, prepared, strict=True):
                if isinstance(made, Held):
                    await self._settling.hold(task, made)
                    held = True
            engagements = [made for made in prepared if isinstance(made, Engagement)]
            await asyncio.gather(*(self._engager.write_intent(engagement) for engagement in engagements))
            for engagement in engagements:
                self._begin(engagement)
        self._poll()
        return held

    def _due_tasks(self) -> list[PlannedTask]:
        now = self._parts.clock.now()
        retries = [
            self._progress.tasks[key]
            for key in self._progress.in_state("retrying")
            if (due := self._progress.run[key].due) is None or due <= now
        ]
        tasks = [*self._progress.ready(), *retries]
        if self._record.state == "cancelling":
            return [task for task in tasks if task.key not in self._record.ordered]
        return tasks

    def _begin(self, engagement: Engagement) -> None:
        key = engagement.task.key
        run = self._progress.run[key]
        self._progress.move(
            key, "running", touched=True, fulfiller=engagement.definition.id, attempts=run.attempts + 1, due=None
        )
        self._call(key, self._engager.perform(engagement, self._record.priority))

    def _poll(self) -> None:
        now, polled = self._parts.clock.now(), set(self._calls.values())
        for key in self._progress.in_state("accepted"):
            run = self._progress.run[key]
            if run.due is not None and run.due <= now and key not in polled:
                self._call(key, self._engager.poll(self._progress.tasks[key], run))

    def _call(self, key: str, work: Any) -> None:
        async def answer() -> None:
            run = self._progress.run[key]
            try:
                self._answers.append(await work)
            except (Unavailable, PyMongoError) as error:  # our own database, of which the fulfiller knows nothing
                self._trouble = error
            except Exception as error:
                log.exception("fulfiller kind raised", plan=self._record.id, task=key)
                broken = Unreachable(f"The fulfiller's kind failed with {type(error).__name__}.")
                self._answers.append(Answer(key, run.revision, broken, run.fulfiller))

        call = asyncio.create_task(answer(), name=f"task {key} of plan {self._record.id}")
        self._calls[call] = key
        call.add_done_callback(self._call_ended)

    def _call_ended(self, call: asyncio.Task[None]) -> None:
        """Look at the plan again, and not before the call counts as ended: nothing else would wake it after that."""
        self._calls.pop(call, None)
        self._signal.set()

    async def _end(self) -> bool:
        """Let go of a plan that has come to its end."""
        if await self._record.release(None):
            return True
        self.poke()
        return False

    async def _let_go(self) -> bool:
        """Let go of the plan until its next timer."""
        now = self._parts.clock.now()
        due = self._progress.next_due()
        if self._record.waits:
            recheck = now + timedelta(seconds=RECHECK_SECONDS)
            due = min(due, recheck) if due else recheck
        if self._handing_over:
            due = now
        if self._projection_waits:
            await self._show()
        if await self._record.release(due):
            return True
        self.poke()
        return False
