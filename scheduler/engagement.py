"""Engaging a fulfiller for one task: choose, write the intent, call.

The intent (a task document in state `running` with the input) is written before the call: from then on the task counts
as called. Its idempotency key is task + operation + input revision, and the callback token follows from the key, so
that a technical retry is equal to the byte.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import structlog

from adapters.ports import FulfillerCall
from models.callback_token import CallKey
from models.domain.errors import AlreadyExists, Unavailable
from models.domain.expressions import ExpressionError
from models.domain.fulfiller import FulfillerDefinition
from models.domain.outcomes import Accepted, Outcome, Unreachable
from models.domain.plan import PlannedTask
from models.domain.progress import TaskRun
from models.domain.recipe_visits import element_of
from models.domain.secrets import SecretMissing
from models.domain.service_change import with_delta
from models.sealing import SecretUnreadable
from models.secrets import Secrets
from models.task_deciding import TaskDeciding
from models.together import together
from scheduler.choosing import Choosing, Later
from scheduler.claims import LeaseLost
from scheduler.context import TaskContext
from scheduler.declared import Declares, InputMisfit, check_input, nothing
from scheduler.engaging import Answer, Engagement, Held, Parts, Slots
from scheduler.gates import Ticket
from scheduler.kept import KEPT, KEPT_OF_TARGET, former_decision, going_on, of_the_target, of_what_goes_on
from scheduler.plan_record import PlanRecord
from scheduler.secrets import StepSecrets
from scheduler.services import Services
from scheduler.situations import Situations
from scheduler.task_facts import TaskFacts
from scheduler.transients import Transients

Document = dict[str, Any]
MAX_ATTEMPTS_KEPT = 50
POLL_TIMEOUT = 10.0
PATIENCE = 5.0
"""Seconds beyond a call's time after which we stop waiting for a kind that does not keep it."""

__all__ = ["Answer", "Engagement", "Engager", "Held", "Parts", "Slots"]

log = structlog.get_logger(__name__)


class Engager:
    """Engages fulfillers for the tasks of one plan.

    Attributes:
        choosing: chooses them.
        secrets: of the recipes' steps.
        declares: the JSON Schema of what a step of a recipe is given, where the recipe has one.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what engaging takes
        self,
        parts: Parts,
        record: PlanRecord,
        services: Services,
        context: TaskContext,
        transients: Transients,
        deciding: TaskDeciding,
    ) -> None:
        """Work for this plan; `deciding` asks policies about the choice of fulfillers."""
        self.declares: Declares = nothing
        self._transients = transients
        self.secrets = StepSecrets(Secrets(parts.store, parts.clock, parts.sealer), record.tenant)
        self._parts = parts
        self._record = record
        self._services = services
        self._context = context
        situations = Situations(parts.clock, record, services, context.order)
        self.choosing = Choosing(parts, record, situations, deciding, TaskFacts(record, services, context))

    async def prepare_all(self, tasks: Sequence[PlannedTask]) -> list[Engagement | Held | Later]:
        """Prepare several tasks; their services, and what those are parts of, are read at once."""
        wanted: set[str] = set()
        for task in tasks:
            key: str | None = task.service or None
            while key is not None and key not in wanted:
                wanted.add(key)
                planned = self._record.services.get(key)
                key = planned.parent if planned is not None else None
        await self._services.read(wanted)
        return await together(self.prepare(task, self._record.progress.run[task.key]) for task in tasks)

    async def prepare(self, task: PlannedTask, run: TaskRun) -> Engagement | Held | Later:
        """Choose the fulfiller and put the call together."""
        kept = await self._kept(task, run)
        free, directed = kept.get("free", not kept), await self._directed(task, run)
        given_up = frozenset([*directed.get("givenUp", ()), *kept.get("givenUp", ())])
        if kept.get("engaged") and directed.get("fulfiller", kept["fulfiller"]) != kept["fulfiller"]:
            kept = {}  # what goes on there does not go on with somebody else
        kept = {**directed, **kept} if task.target is None else {**kept, **directed}
        decision: Document | None = None
        chosen, free = kept.get("fulfiller"), free and "fulfiller" not in directed
        if chosen is None or free:
            # Once nobody could have it, the choice is open again.
            engaged = chosen if (kept.get("decision") or {}).get("chosen", chosen) is not None else None
            found = await self.choosing.choose(task, run, given_up, engaged, kept.get("decision"))
            if isinstance(found, Held | Later):
                return found
            if not found.stays:
                decision = found.to_document()
            chosen = found.taker
        definition = await self._parts.directory.definition(self._record.tenant, chosen)
        fulfiller = await self._parts.directory.instance(self._record.tenant, chosen)
        if definition is None or fulfiller is None:
            message = f"The fulfiller {chosen} that was engaged for {task.name} is not registered any more."
            return Held("fulfillerGone", "The engaged fulfiller is gone", message, decision)
        try:
            value = kept["input"] if "input" in kept else await self._context.evaluate_input(task)
            self._transients.check(value)
            await self.secrets.check(task, value)
            check_input(self.declares, task, value)
        except InputMisfit as error:
            return Held("inputInvalid", "The input is not what the step declares", f"{task.name}: {error}", decision)
        except SecretMissing as error:
            return Held("secretMissing", "A secret is missing", f"{task.name}: {error}", decision)
        except (ExpressionError, SecretUnreadable) as error:
            return Held("inputMapping", "The task's input cannot be made", f"{task.name}: {error}", decision)
        call = await self._call(task, run, value, kept, definition.timeout)
        return Engagement(task, run.revision, definition, fulfiller, call, decision, kept.get("decision"), free)

    async def _directed(self, task: PlannedTask, run: TaskRun) -> Document:
        """What a person or a rule has said of how to do the task: {fulfiller?, input?, givenUp?}."""
        if not run.directed:
            return (
                {"fulfiller": await self._parts.directory.id_of(self._record.tenant, task.fulfiller)}
                if task.fulfiller
                else {}
            )
        stored = await self._parts.store.get("task", self._record.task_id(task.key)) or {}
        directive: Document = stored.get("directive", {})
        return directive

    async def _kept(self, task: PlannedTask, run: TaskRun) -> Document:
        """What an earlier attempt with this input revision used: a technical retry must be equal."""
        source = task.target or (task.key if run.touched else None)
        if source is None:
            return {}
        stored = await self._parts.store.get("task", self._record.task_id(source))
        if stored is None:
            return {}
        if task.target is None and stored.get("inputRev") != run.revision:
            return going_on(stored)
        names = KEPT if task.target is None else KEPT_OF_TARGET
        return {name: stored[name] for name in names if name in stored}

    async def _call(
        self, task: PlannedTask, run: TaskRun, value: Any, kept: Mapping[str, Any], seconds: float
    ) -> FulfillerCall:
        body, former = kept.get("body"), kept.get("former")
        if body is None:
            body, former = await self._as_it_is_to_be(task)
        subject = task.target or task.key
        key = CallKey(self._record.id, subject, task.operation, run.revision)
        return FulfillerCall(
            task_id=self._record.task_id(subject),
            action=task.action,
            service=body,
            idempotency_key=str(key),
            operation=task.operation,
            order_id=self._record.order_id or None,
            order_item_id=task.item if self._record.is_of_order else None,
            process_flow_id=None if self._record.is_of_order else self._record.owner_id,
            step=None if self._record.is_of_order or task.step is None else element_of(task.step),
            input=value,
            callback_url=f"{self._parts.callback_base}/callback/{self._parts.tokens.issue(key)}",
            timeout=seconds,
            attempt=run.attempts + 1,
            repeated=run.touched,
            former=former,
            kind=task.kind,
            name=task.name,
            tenant=self._record.tenant,
            priority=self._record.priority,
            superseded=tuple(
                str(CallKey(self._record.id, subject, task.operation, earlier)) for earlier in range(run.revision)
            ),
            used=task.target is None or self._record.progress.is_used(task),
            **(of_the_target(self._record.id, task.target, kept) if task.target else of_what_goes_on(kept)),
        )

    async def _as_it_is_to_be(self, task: PlannedTask) -> tuple[Document, Document | None]:
        """The service as it is to be after the task, and, where it is modified, as it was before."""
        if not task.service:
            return {}, None
        body = (await self._services.read([task.service])).get(task.service, {"id": task.service})
        planned = self._record.services.get(task.service)
        if planned is None or planned.action != "modify":
            return body, None
        wanted = {**body, **with_delta(body, planned.body)}
        if task.action == "add":  # it is gone, and built anew: told of as when it was built first
            return {**wanted, "state": "designed"}, None
        return (wanted, body) if task.action == "modify" else (body, None)

    async def write_intent(self, engagement: Engagement) -> None:
        """Write down that the fulfiller is about to be called, with what.

        Raises:
            LeaseLost: another worker has the plan.
        """
        task, call, now = engagement.task, engagement.call, self._parts.clock.now()
        kind = engagement.definition.kind
        intent = {
            **self._identity(task),
            "state": "running",
            "fence": self._record.fence,
            "fulfiller": engagement.definition.id,
            "fulfillerKind": {"name": kind, "version": self._parts.program.of_kind(kind)},
            "input": call.input,
            "body": call.service,
            "inputRev": engagement.revision,
            "free": False,
            **({"former": call.former} if call.former is not None else {}),
            "started": now,
            "updated": now,
        }
        earlier = {"output": "", "asked": ""}  # what an earlier revision of the input came to
        if task.target is None and call.engaged is not None:
            intent["engaged"] = asdict(call.engaged)  # and it stays what there is to be cancelled
        else:
            earlier |= {"accepted": "", "engaged": ""}
        change: Document = {"$set": intent, "$unset": earlier, "$setOnInsert": {"created": now}}
        if engagement.decision is not None:
            intent["decision"] = engagement.decision
            if engagement.former_decision is not None:
                change["$push"] = former_decision(engagement.former_decision)
        await self._write(task.key, change)
        self._parts.health.written(engagement.definition, self._record.task_id(task.key))

    def _identity(self, task: PlannedTask) -> Document:
        """What the document of a task says of what it is, and of what it is a part of."""
        return {
            "tenant": self._record.tenant,
            "plan": self._record.id,
            **self._record.cause,
            "item": task.item,
            "service": task.service,
            "key": task.key,
            "name": task.name,
            "action": task.action,
            "operation": task.operation,
        }

    async def _write(self, key: str, change: Document) -> None:
        guard = {"_id": self._record.task_id(key), "fence": {"$lte": self._record.fence}}
        change["$set"]["fence"] = self._record.fence
        if "tenant" not in change["$set"]:
            await self._parts.store.update("task", guard, change)
            return
        try:
            await self._parts.store.upsert("task", guard, change)
        except AlreadyExists:
            raise LeaseLost from None

    async def perform(self, engagement: Engagement, ticket: Ticket, begun: Callable[[], None]) -> Answer:
        """Call the fulfiller when it has a place, and wait for its answer.

        The intent is written with the place at hand, so that a crash finds only calls that may have been made.

        Args:
            engagement: what to call with.
            ticket: the call's place in line.
            begun: told when the place is there; from then on the task counts as called.

        Raises:
            Displaced: somebody more important has the place in line; no call was made.
            LeaseLost: another worker may have the plan by now; no call was made.
            Unavailable: the database cannot be reached; no call was made.
        """
        definition, call = engagement.definition, engagement.call
        self._parts.health.waits(definition, 1)
        try:
            async with self._parts.slots.place(ticket, definition.id, definition.max_concurrent, definition.rate):
                begun()
                await self.write_intent(engagement)
                if self._record.leased_until <= self._parts.clock.now():
                    raise LeaseLost
                started = time.monotonic()
                sent = self._sent(engagement.task, call, definition)
                outcome = await _in_time(engagement.fulfiller.engage(sent), call.timeout)
        finally:
            self._parts.health.waits(definition, -1)
        elapsed = round((time.monotonic() - started) * 1000)
        outcome = self.heard(engagement.task, outcome)
        await self._count(definition, outcome, elapsed)
        free = engagement.free and isinstance(outcome, Unreachable) and not outcome.maybe_done
        return Answer(engagement.task.key, engagement.revision, outcome, definition.id, elapsed, free=free)

    async def _count(
        self, definition: FulfillerDefinition, outcome: Outcome, elapsed: int, *, poll: bool = False
    ) -> None:
        """Let the answer count in the fulfiller's health; that it cannot be written is no reason to lose the answer."""
        try:
            await self._parts.health.answered(definition, self._record.tenant, outcome, elapsed, poll=poll)
        except Unavailable as error:
            log.warning("health not written", fulfiller=definition.id, error=str(error)[:200])

    async def poll(self, task: PlannedTask, run: TaskRun, ticket: Ticket) -> Answer:
        """Ask a fulfiller how accepted work is, when its turn has come."""
        try:
            await ticket.turn()
            return await self._poll(task, run)
        finally:
            ticket.close()

    async def _poll(self, task: PlannedTask, run: TaskRun) -> Answer:
        stored = await self._parts.store.get("task", self._record.task_id(task.key)) or {}
        fulfiller = await self._parts.directory.instance(self._record.tenant, run.fulfiller or "")
        if fulfiller is None:
            gone = Unreachable("The fulfiller is not registered any more.")
            return Answer(task.key, run.revision, gone, run.fulfiller, poll=True)
        reference = Accepted(**(stored.get("accepted") or {}))
        kept = {**stored, **(await self._kept(task, run) if task.target else {})}
        call = await self._call(task, run, stored.get("input"), kept, POLL_TIMEOUT)
        definition = await self._parts.directory.definition(self._record.tenant, run.fulfiller or "")
        call = self._sent(task, call, definition)
        started = time.monotonic()
        outcome = self.heard(task, await _in_time(fulfiller.poll(reference, call), call.timeout))
        elapsed = round((time.monotonic() - started) * 1000)
        if definition is not None:
            await self._count(definition, outcome, elapsed, poll=True)
        return Answer(task.key, run.revision, outcome, run.fulfiller, elapsed, poll=True)

    def _sent(self, task: PlannedTask, call: FulfillerCall, definition: FulfillerDefinition | None) -> FulfillerCall:
        """A call with what nothing may be kept of: the last thing that is done before it is sent."""
        kind = definition.kind if definition is not None else ""
        return self.secrets.sent(task, self._transients.sent(call, kind), kind)

    def heard(self, task: PlannedTask, outcome: Outcome) -> Outcome:
        """What a fulfiller has said of a task, without what nothing may be kept of."""
        return self._transients.heard(task.item, self.secrets.heard(task, outcome))

    async def write_outcome(self, answer: Answer, state: str, facts: Document) -> None:
        """Write down what came of a call, before the plan says so."""
        now = self._parts.clock.now()
        attempt = {
            "at": now,
            "fulfiller": answer.fulfiller,
            "outcome": type(answer.outcome).__name__.lower(),
            "ms": answer.milliseconds,
            **answer.detail,
        }
        fields = {"state": state, "updated": now, "planRev": self._record.rev + 1, "free": answer.free, **facts}
        change: Document = {"$set": fields}
        if not answer.poll:
            change["$push"] = {"attempts": {"$each": [attempt], "$slice": -MAX_ATTEMPTS_KEPT}}
        await self._write(answer.key, change)

    async def write_fallout(self, task: PlannedTask, fields: Document, former: Document | None = None) -> None:
        """Write down that a task is held and why, or that it is held no more.

        Args:
            task: the task.
            fields: are set as they stand.
            former: the decision before the one among them.
        """
        now = self._parts.clock.now()
        change: Document = {
            "$set": {**self._identity(task), "updated": now, **fields},
            "$setOnInsert": {"created": now},
        }
        if former is not None:
            change["$push"] = former_decision(former)
        await self._write(task.key, change)


async def _in_time(work: Awaitable[Outcome], seconds: float) -> Outcome:
    """An outcome, whatever a kind of fulfiller does: those of others may raise, or forget the time."""
    try:
        async with asyncio.timeout(seconds + PATIENCE):
            return await work
    except TimeoutError:
        return Unreachable(f"The fulfiller did not answer within {seconds:g} seconds.", cause="timeout")
    except Exception as error:
        log.exception("fulfiller kind raised")
        return Unreachable(f"The fulfiller's kind failed with {type(error).__name__}.")
