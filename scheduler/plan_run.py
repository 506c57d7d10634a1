"""Running a plan while its lease is held: one turn after the other, until nothing is left to do for now.

A turn takes in what has come (answers of fulfillers, callbacks, a cancellation, a person's wish to resume, timers),
writes what that means (task documents, then the plan, then the effects on services and order), and starts what has
become ready. Each write is safe to repeat, so that a crash between any two of them loses and doubles nothing.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from models import inbox
from models.cancellations import ask_to_cancel
from models.change_closings import ChangeClosings
from models.clock import parse
from models.domain.retry import recheck_pause
from models.enabling import EnablingServices, wake
from models.task_deciding import TaskDeciding
from scheduler.answers import Settling
from scheduler.calls import Calls
from scheduler.cancellation import Cancellation, CancellationParts
from scheduler.change_closing import carry_out, closings_owed
from scheduler.claims import LeaseLost
from scheduler.context import TaskContext
from scheduler.engagement import Answer, Engager, Parts
from scheduler.failing import Failing
from scheduler.fallout import Fallout
from scheduler.fallout_policies import FalloutPolicies
from scheduler.forecast import Forecast
from scheduler.going_on import GoingOn
from scheduler.interventions import Interventions
from scheduler.items import Items
from scheduler.order_news import endangered, told
from scheduler.plan_record import PlanRecord
from scheduler.recipes import Recipes
from scheduler.recovery import recovered
from scheduler.retrying import Retrying
from scheduler.rules import Rules
from scheduler.services import Services
from scheduler.starter import Starter
from scheduler.subject import Message, Subject
from scheduler.subjects import subject_of
from scheduler.task_facts import TaskFacts, asked_about
from scheduler.timers import take_timers
from scheduler.transients import Transients

Document = dict[str, Any]

LINGER_SECONDS = 0.1

log = structlog.get_logger(__name__)


class PlanRun:
    """One plan, held by this worker.

    Attributes:
        on_rest: called whenever it begins to wait for something.
    """

    def __init__(self, parts: Parts, record: PlanRecord, owner: Document, cancelling: CancellationParts) -> None:
        """Run this plan of this order, or of this process flow."""
        self._parts = parts
        self._record = record
        self._progress = record.progress
        self._services = Services(parts.store, parts.clock, record.id, record.tenant)
        self._projection: Subject = subject_of(parts, record, owner, lambda: self._recipes.results())  # noqa: PLW0108 - they come later
        self._forecast = Forecast(parts.durations, parts.clock, record, self._projection.body)
        self._context = TaskContext(parts.store, record, self._services, lambda: self._projection.body)
        transients = Transients(parts.sealer, owner)
        self._deciding = TaskDeciding(
            parts.store, parts.clock, parts.deciding, asked_about(record), lambda: self._projection.body, self._at_rest
        )
        self._engager = Engager(parts, record, self._services, self._context, transients, self._deciding)
        self._fallout = Fallout(parts, record, self._engager)
        facts = TaskFacts(record, self._services, self._context)
        retrying = Retrying(parts, record, self._deciding, facts)
        self._settling = Settling(parts, record, self._engager, self._context, self._projection, retrying)
        self._going_on = GoingOn(record, self._settling.effect)
        self._items = Items(record, self._services, parts.clock)
        self._cancellation = Cancellation(cancelling, record, self._settling, self._services)
        self._failing = Failing(cancelling, record, self._settling, self._fallout)
        self._interventions = Interventions(
            parts, record, self._engager, self._settling, self._going_on, self._fallout, self._failing
        )
        self._rules = Rules(
            parts,
            record,
            self._fallout,
            self._context,
            self._interventions,
            FalloutPolicies(parts, record, self._deciding, facts),
        )
        self._signal = asyncio.Event()
        self._calls = Calls(self._engager, self._signal.set)
        self._starter = Starter(parts, record, self._engager, self._calls, self._fallout, self._items, self._signal.set)
        self._recipes = Recipes(
            parts, record, self._context, self._settling, self._fallout, self._items, self._calls.answers
        )
        self._settling.catches = self._recipes.caught
        self._settling.declares = partial(self._recipes.declared, "output_schema")
        self._engager.declares = partial(self._recipes.declared, "input_schema")
        self.on_rest: Callable[[], None] = lambda: None
        self._poked = False
        self._handing_over = False
        self._projection_waits = False
        self._looked = parts.clock.now()

    def poke(self) -> None:
        """Something may have come to the inbox."""
        self._poked = True
        self._signal.set()

    def hand_over(self) -> None:
        """Stop starting things; end the run when the calls under way have been answered."""
        self._handing_over = True
        self._signal.set()

    @property
    def can_be_repeated(self) -> bool:
        """Whether its calls may be broken off, for whoever takes the plan up can make them again."""
        return self._calls.can_be_repeated

    def leased(self, until: datetime) -> None:
        """The lease goes on until then."""
        self._record.leased_until = until

    def lose(self) -> None:
        """Somebody else has the plan: end the run."""
        self._calls.fail(LeaseLost())

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
            self._calls.end()
            self._starter.end()

    async def _recover(self) -> None:
        """Carry out the effects still owed, and find out about calls whose answer never was written to the plan."""
        if any("create" in effect for effect in self._record.owes):
            new = [service for service in self._record.plan.services if service.action == "add"]
            items = {item.path: item for item in self._record.plan.items}
            await self._services.create(new, self._record.order_id, items)
            self._settling.begin()
        if not self._record.fresh:
            self._calls.answers.extend(await recovered(self._parts, self._record, self._fallout))
        await self._recipes.take_up()
        if self._progress.recipes:
            await self._engager.secrets.take_up(self._progress.tasks.values())
        await self._carry_out(self._record.owes)

    async def _turn(self) -> bool:
        self._signal.clear()
        self._calls.check()
        await self._take_inbox()
        await self._take_answers()
        self._starter.take_displaced()
        await take_timers(self._parts, self._record)
        self._withdraw()
        await self._call_off()
        await self._take_services()
        if self._progress.recipes and not self._record.paused:
            await self._lead_recipes()
        helped = await self._rules.apply(self._calls.answers)
        await self._write()
        if helped or (not self._handing_over and await self._starter.start()):
            return False
        if self._calls or self._calls.answers or (not self._handing_over and self._starter.may_stay()):
            await self._wait(None)
            return False
        if self._record.state == "done":
            return await self._end()
        if not self._handing_over and self._progress.in_state("accepted") and await self._wait(LINGER_SECONDS):
            return False
        return await self._let_go()

    async def _wait(self, seconds: float | None) -> bool:
        """Wait for something to come, at most until the next timer runs out."""
        due = self._next_due()
        if due is not None and not self._handing_over:
            left = max(0.0, (due - self._parts.clock.now()).total_seconds())
            seconds = left if seconds is None else min(seconds, left)
        lag = self._projection.wait_seconds(asyncio.get_running_loop().time())
        if self._projection_waits and lag > 0:
            seconds = lag if seconds is None else min(seconds, lag)
        if self._calls.answers:
            return True
        with self._at_rest(), suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._signal.wait()
                return True
        return False

    @contextmanager
    def _at_rest(self) -> Iterator[None]:
        """The plan waits while the context is open: whatever is kept for it is for others."""
        with self._parts.capacity.at_rest():
            self.on_rest()
            yield

    def _next_due(self) -> datetime | None:
        """When to look at the plan again if nobody asks for it: a timer, or what it waits for in vain."""
        besides = self._calls.keys | self._starter.crowded_out
        if self._record.state == "cancelling" or self._record.paused:  # what was ordered is not tried again
            besides |= self._record.ordered & set(self._progress.in_state("retrying"))
        due = self._progress.next_due(besides)
        if (recheck := self._recheck()) is not None:
            due = min(due, recheck) if due else recheck
        for moment in (self._forecast.due, None if self._record.paused else self._recipes.due):
            if moment is not None:
                due = min(due, moment) if due else moment
        return due

    def _recheck(self) -> datetime | None:
        """When to look again at what the plan waits for, should nobody tell it: ever more seldom."""
        problem = (self._record.cancel or {}).get("problem")
        since = [wait.get("since", self._looked) for wait in self._record.waits]
        since += [parse(problem["at"])] if problem else []
        if not since:
            return None
        waited = (self._looked - max(since)).total_seconds()
        return self._looked + timedelta(seconds=recheck_pause(waited))

    def _withdraw(self) -> None:
        """Take back the calls that wait for a place, where they shall not be made any more."""
        cancelling = self._record.state == "cancelling"
        if not (cancelling or self._handing_over):
            return
        for key in self._calls.withdraw(lambda key: self._handing_over or key in self._record.ordered):
            if cancelling and key in self._record.ordered:
                self._progress.move(key, "retrying" if self._progress.run[key].touched else "cancelled", due=None)

    async def _take_services(self) -> None:
        """Take the services of items that may begin, before the order says that they have."""
        if self._handing_over:
            return
        now = self._parts.clock.now()
        if (recheck := self._recheck()) is not None and now >= recheck:
            self._looked = now
            self._items.look_again()
        await self._items.take(task.item for task in self._starter.due_tasks())
        if self._items.refused:
            self._fallout.hold_items(self._items.refused)
            self._items.refused = {}

    async def _lead_recipes(self) -> None:
        """Lead the recipes on, and take in what those have come to that end: others may begin by that."""
        await self._recipes.advance()
        while self._calls.answers:
            await self._take_answers()
            await self._take_services()
            await self._recipes.advance()
        await self._call_off()  # a run may have been undone by now
        await self._take_services()

    async def _call_off(self) -> None:
        """Take what is being cancelled or given up as far as it can go now."""
        await self._cancellation.advance(calls_under_way=bool(self._calls))
        await self._failing.advance()

    async def _take_inbox(self) -> None:
        if self._poked:
            self._poked = False
            await self._record.read_inbox()
        for entry in self._record.take_inbox():
            await self._hear(entry)

    async def _hear(self, entry: Document) -> None:
        match entry["kind"]:
            case "callback":
                self._settling.take_callback(entry, self._calls.answers)
            case "lookup":
                self._settling.look_up(entry, self._calls.keys)
            case "pause" | "resume":
                self._hear_of_pausing(entry)
            case "intervene":
                await self._interventions.take(entry, self._calls.answers)
            case "information":
                await self._projection.reread(self._progress)
                self._going_on.inform(entry["item"], entry["service"])
            case "cancel" | "cancelOrder":
                await self._hear_of_cancelling(entry)
            case "message" | "signal" | "move":
                await self._recipes.hear(entry)
            case "candidate":
                self._going_on.reconsider(entry["task"])
            case "look":
                self._items.look_again()
            case kind:
                log.warning("inbox entry of unknown kind ignored", plan=self._record.id, kind=kind)

    def _hear_of_pausing(self, entry: Document) -> None:
        self._record.paused = entry["kind"] == "pause" and self._record.state == "running"
        if entry["kind"] == "resume":
            self._interventions.resumed(entry, self._going_on.resume(entry.get("item")))

    async def _hear_of_cancelling(self, entry: Document) -> None:
        if entry["kind"] == "cancelOrder" and self._record.is_of_order:
            await ask_to_cancel(self._parts.store, self._parts.clock, self._projection.body, entry)
            return
        await self._cancellation.request(str(entry.get("cancel") or entry["id"]))
        if self._record.state == "running":  # denied: whoever wanted it for what is held has to think again
            self._fallout.offer_again()
        else:
            self._record.paused = False

    async def _take_answers(self) -> None:
        batch: list[Answer] = []
        while self._calls.answers:
            batch.append(self._calls.answers.popleft())
        if batch:
            await self._settling.settle(batch)
            for key in self._going_on.take_told():
                self._fallout.remember(key)

    async def _write(self) -> None:
        """Write the plan where it has changed, carry out its effects, and show it in what it is for."""
        self._settling.finish(calls_under_way=bool(self._calls))
        effects = [*self._settling.take_effects(), *self._recipes.mail.take_effects()]
        if effects or self._record.changed:
            await self._fallout.write()
            effects += [*self._fallout.take_effects(), *closings_owed(self._record)]
            await self._record.write(effects)
            await self._carry_out(effects)
        paced = self._projection.wait_seconds(asyncio.get_running_loop().time()) > 0
        self._projection_waits = paced and self._record.state != "done"
        if not self._projection_waits:
            await self._show()

    async def _carry_out(self, effects: Sequence[Document]) -> None:
        await self._fallout.carry_out(effects, self._projection.body)
        store, clock = self._parts.store, self._parts.clock
        await carry_out(ChangeClosings(store, clock), self._record.id, effects)
        for waiting in await self._settling.apply_effects(self._services, effects):
            if not await inbox.poke(store, clock, waiting):
                await wake(store, waiting, clock.now(), clock)
        if shared := self._settling.no_longer_built(effects):
            await EnablingServices(store, clock).release(self._record.tenant, self._record.order_id, shared)
        await self._recipes.mail.carry_out(effects)

    async def _show(self) -> None:
        now = asyncio.get_running_loop().time()
        course, message = self._cancellation.course, await self._message()
        if not await self._projection.write(self._progress, self._record.rev, now, course, message):
            await inbox.pass_on(self._parts.store, self._parts.clock, self._record.owner_id, self._record.owner)
            await self._projection.reread(self._progress)
            self.poke()
            return
        await self._cancellation.tell()
        self._record.tells = []

    async def _message(self) -> Message:
        news = told(self._record.tells)
        sight = await self._forecast.look(self._projection.body)
        if sight.alert is not None:
            news.append(endangered(sight.alert))
        deeds = [tell["deed"] for tell in self._record.tells if tell.get("rev", 0) > self._projection.revision]
        return Message(tuple(news), sight.expected, tuple(deeds))

    async def _end(self) -> bool:
        """Let go of a plan that has come to its end."""
        if await self._record.release(None):
            return True
        self.poke()
        return False

    async def _let_go(self) -> bool:
        """Let go of the plan until its next timer, or until there is room for what was crowded out."""
        due, gates = self._next_due(), self._starter.crowded_at()
        if self._handing_over:
            due, gates = self._parts.clock.now(), {}
        if self._projection_waits:
            await self._show()
        if await self._record.release(due, gates):
            for gate in gates:
                self._parts.slots.gates.waits_outside(gate)
            return True
        self.poke()
        return False
