"""One subscriber: its lanes, each in order, many at a time."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from pymongo.errors import PyMongoError

from models import delivery_queue
from models.clock import Clock
from models.domain.delivery import (
    DEAD,
    DELIVERED,
    PENDING,
    Answer,
    Answered,
    Dead,
    Delivered,
    Ended,
    Forbidden,
    RetryIn,
    Silent,
    Verdict,
    Webhook,
    is_alive,
    judge,
    outcome_of,
)
from models.domain.errors import SomError
from models.domain.subscriptions import Subscription
from models.leases import Lease, Leases
from models.store import Store
from scheduler.delivery.gate import Gate
from scheduler.delivery.renderings import Renderings
from scheduler.delivery.settings import DeliverySettings
from scheduler.delivery.sinks import SinkCalls
from scheduler.ending import end

Document = dict[str, Any]
Rows = deque[Document]

LANES_PER_CALL = 4
"""Lanes at work for each call allowed: while some call, others write down what came of theirs."""

READ_PAUSE = 0.005
"""Seconds between two reads for one subscriber at least: what comes in between is read together."""

BREATH = 1.0
"""Seconds to wait after a fault of our own, with the lane held, so that it does not become a storm of calls."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Tools:
    """What every subscriber works with.

    Attributes:
        store: the store.
        clock: the time.
        webhook: makes the calls.
        renderings: the bodies.
        leases: the leases of this process.
        settings: what an operator can set.
        counted: told of each attempt that was written down, in a word of `models.domain.delivery.OUTCOMES`.
        sinks: writes to the inventories of others.
    """

    store: Store
    clock: Clock
    webhook: Webhook
    renderings: Renderings
    leases: Leases
    settings: DeliverySettings
    counted: Callable[[str], None]
    sinks: SinkCalls | None = None


class Subscriber:
    """Delivers to one subscription while it has a lease on it, until nothing is due."""

    def __init__(self, subscription: Subscription, lease: Lease, tools: Tools) -> None:
        """Take over a subscription whose lease was taken."""
        self.subscription = subscription
        self.ended = False
        self._lease = lease
        self._tools = tools
        self._gate = Gate(tools.settings)
        self._ready: dict[str, Rows] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._news = asyncio.Event()
        self._committed: set[str] = set()
        self._look = True
        self._wakes = 0
        self._read_at = 0.0
        self._stopping = False

    @property
    def has_news(self) -> bool:
        """Whether it was woken and has not looked yet."""
        return self._look

    def wake(self) -> None:
        """There is something new for this subscriber."""
        self._wakes += 1
        self._look = True
        self._news.set()

    def stop(self) -> None:
        """Begin nothing more; calls under way may finish."""
        self._stopping = True
        self._news.set()

    async def run(self) -> None:
        """Deliver until nothing is due for a while, the lease is lost, or the subscription ends.

        Raises:
            PyMongoError: the database cannot be reached.
        """
        try:
            while self._may_go_on():
                self._news.clear()
                if self._look and len(self._ready) < self._tools.settings.concurrency:
                    await self._read_lanes()
                self._start_lanes()
                if self._running:
                    await self._wait_for_news()
                elif not self._look and not await self._rest():
                    return
            await self._finish()
        finally:
            self._stopping = True
            await end(self._running.values())

    def _may_go_on(self) -> bool:
        """Whether a call may begin: no longer when the lease might run out before the call's time-out."""
        return not (self._stopping or self.ended) and self._tools.leases.holds(self._lease, self._tools.webhook.timeout)

    async def _wait_for_news(self) -> None:
        if not (self._look and len(self._ready) < self._tools.settings.concurrency):
            await self._news.wait()

    async def _finish(self) -> None:
        """Let calls that are under way end; whoever only waits for a turn need not."""
        self._stopping = True
        await end([task for lane, task in self._running.items() if lane not in self._committed])
        if self._running:
            await asyncio.wait(list(self._running.values()), timeout=self._tools.settings.grace_seconds)

    async def _read_lanes(self) -> None:
        """Take up lanes in which something is due. Whether a lane waits is seen at its head, wherever that is."""
        await asyncio.sleep(max(0.0, self._read_at + READ_PAUSE - time.monotonic()))
        self._look = False
        self._read_at = time.monotonic()
        tools, key = self._tools, self.subscription.id
        held = [*self._ready, *self._running]
        now = tools.clock.now()
        lanes = await delivery_queue.due_lanes(tools.store, key, now, held, tools.settings.lanes_read)
        if not lanes:
            return
        found = await delivery_queue.lane_rows(tools.store, key, lanes, tools.settings.rows_read)
        if sum(map(len, found.values())) == tools.settings.rows_read:
            self._wakes += 1  # the last lane may hold more than was read, and others were left out
            self._look = True
        self._look = self._look or len(lanes) == tools.settings.lanes_read
        for lane, rows in found.items():
            if rows[0]["due"] > now:
                await delivery_queue.postpone(tools.store, key, lane, rows[0]["due"])
            else:
                self._ready[lane] = deque(rows)
        heads = [rows[0]["event"] for rows in self._ready.values() if not self._is_made_when_sent(rows[0])]
        with suppress(ValueError, LookupError, TypeError, AttributeError):  # each is met again at its own delivery
            await tools.renderings.prepare(heads, self.subscription)

    def _start_lanes(self) -> None:
        most = LANES_PER_CALL * self._tools.settings.concurrency
        while self._ready and len(self._running) < most:
            lane = next(iter(self._ready))
            rows = self._ready.pop(lane)
            task = asyncio.create_task(self._serve(lane, rows), name=f"notifier: lane {lane}")
            self._running[lane] = task

    async def _rest(self) -> bool:
        """Wait for something to do.

        Returns:
            Whether there is any.
        """
        due = await delivery_queue.next_due(self._tools.store, self.subscription.id)
        linger = self._tools.settings.linger_seconds
        seconds = linger if due is None else (due - self._tools.clock.now()).total_seconds()
        try:
            async with asyncio.timeout(min(max(seconds, 0.001), linger)):
                await self._news.wait()
        except TimeoutError:
            self._look = due is not None and seconds <= linger
        return self._look or self._stopping

    async def _serve(self, lane: str, rows: Rows) -> None:
        """Deliver what is in a lane, one after the other, until it is empty or has to wait."""
        wakes = self._wakes
        try:
            while rows and self._may_go_on() and await self._deliver(lane, rows[0]):
                rows.popleft()
        except (PyMongoError, SomError) as error:
            log.warning("delivery.fault", subscription=self.subscription.id, lane=lane, error=str(error))
            await asyncio.sleep(BREATH)
        except Exception:
            log.exception("delivery.fault", subscription=self.subscription.id, lane=lane)
            await asyncio.sleep(BREATH)
        finally:
            del self._running[lane]
            self._committed.discard(lane)
            self._look = self._look or self._wakes != wakes  # what came meanwhile was not looked at in this lane
            self._news.set()

    async def _deliver(self, lane: str, row: Document) -> bool:
        """Make one attempt and write down what came of it.

        Returns:
            Whether the lane goes on.
        """
        try:
            body = await self._rendered(row)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            log.exception("delivery.unrenderable", event=row["event"])
            return await self._record(row, Dead(f"The event cannot be rendered ({type(error).__name__})."), None, 0)
        if body is None and "copied" in row:  # gone before it was copied: there is nothing to tell
            return await self._record(row, Delivered(), None, 0)
        if body is None:
            return await self._record(row, Dead("The event is not kept any more."), None, 0)
        async with self._gate.passage():
            if not self._may_go_on():
                return False
            self._committed.add(lane)
            started = time.monotonic()
            answer = await self._call(row, body)
            self._gate.learn(alive=is_alive(answer))
        verdict = judge(answer, row["attempts"] + 1, row["_id"], self._tools.settings.retry_schedule)
        goes_on = await self._record(row, verdict, answer, time.monotonic() - started)
        self._committed.discard(lane)
        return goes_on

    def _is_made_when_sent(self, row: Document) -> bool:
        """Whether what is sent is made of what the instance is then, and not of a stored event."""
        sink = self.subscription.sink
        return "copied" in row or (sink is not None and sink.is_inventory)

    async def _rendered(self, row: Document) -> bytes | None:
        """The notification; None where there is nothing to tell. What goes to an inventory is made as it is sent."""
        sink, tools = self.subscription.sink, self._tools
        if sink is not None and sink.is_inventory:
            return b""
        if "copied" in row:
            return await tools.renderings.of_copy(row, self.subscription, tools.clock.text())
        return await tools.renderings.of(row["event"], self.subscription)

    async def _call(self, row: Document, body: bytes) -> Answer:
        """One call, to whatever the subscription leads to."""
        sink, tools = self.subscription.sink, self._tools
        if sink is not None and sink.is_inventory:
            if tools.sinks is None:
                return Silent("This server does not write to inventories.")
            return await tools.sinks.send(self.subscription, sink, row)
        secrets = self.subscription.secrets(tools.clock.now())
        return await tools.webhook.post(self.subscription.address(row["type"]), row["event"], body, secrets)

    async def _record(self, row: Document, verdict: Verdict, answer: Answer | None, seconds: float) -> bool:
        now = self._tools.clock.now()
        state, due, reason = self._outcome(verdict)
        last = {"at": now, "status": _status(answer), "error": reason, "ms": round(seconds * 1000)}
        written = await delivery_queue.record(self._tools.store, row, state, last, due)
        if written:
            self._tools.counted(outcome_of(verdict))
        if isinstance(verdict, Ended):
            self.ended = True
            await delivery_queue.end_subscription(self._tools.store, self.subscription.id, verdict.reason, now)
        return written and state != PENDING and not self.ended

    def _outcome(self, verdict: Verdict) -> tuple[str, datetime | None, str | None]:
        match verdict:
            case Delivered():
                return DELIVERED, None, None
            case RetryIn(seconds, reason):
                return PENDING, self._tools.clock.after(seconds), reason
            case Dead(reason) | Ended(reason):
                return DEAD, None, reason


def _status(answer: Answer | None) -> int | None:
    match answer:
        case Answered(status):
            return status
        case Silent() | Forbidden() | None:
            return None
