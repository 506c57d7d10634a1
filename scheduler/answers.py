"""Answers of fulfillers, taken into the plan: task documents first, then states, then the effects that are owed."""

from collections import deque
from collections.abc import Callable, Container, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from models.domain.caller import ENGINE
from models.domain.expressions import ExpressionError
from models.domain.lifecycles import TASK
from models.domain.order_view import item_at
from models.domain.outcomes import (
    Accepted,
    Done,
    InformationRequired,
    Outcome,
    Progress,
    Refused,
    Shortage,
    Unreachable,
    parse_report,
)
from models.domain.plan import PlannedTask
from models.domain.progress import TaskRun
from models.domain.retry import RetryAdvice
from models.domain.service_change import Report
from models.domain.service_progress import ServiceProgress
from models.domain.undo import reverse_key
from models.together import together
from scheduler.allocations import Allocations
from scheduler.context import TaskContext
from scheduler.declared import Declares, as_declared, nothing
from scheduler.engagement import Answer, Engager, Parts
from scheduler.fallout import held_fields
from scheduler.order_news import milestone, placed
from scheduler.plan_record import PlanRecord
from scheduler.recovery import outcome_document
from scheduler.reports import Reports
from scheduler.retrying import Retrying
from scheduler.service_changes import Told
from scheduler.services import Services
from scheduler.settlement import NO_ADVICE, Settlement, error, settle
from scheduler.situations import work_of
from scheduler.subject import Subject

Document = dict[str, Any]


class Settling:
    """Takes answers into one plan and gathers the effects on services that the next plan write owes.

    Attributes:
        reports: what fulfillers have said of services.
        catches: whether the recipe of a step has an event for its being refused with a code.
        declares: the JSON Schema of what a step of a recipe answers, where the recipe has one.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what an answer touches
        self,
        parts: Parts,
        record: PlanRecord,
        engager: Engager,
        context: TaskContext,
        projection: Subject,
        retrying: Retrying,
    ) -> None:
        """Work for this plan."""
        self._parts = parts
        self._retrying = retrying
        self._record = record
        self._progress = record.progress
        self._engager = engager
        self._context = context
        self._projection = projection
        self._services = ServiceProgress(record.plan, record.progress)
        self._items = {item.path: item for item in record.plan.items}
        self._open_items = {
            item.path for item in record.plan.items if record.progress.item_view(item).state != "completed"
        }
        self._effects: dict[str, Document] = {}
        self.reports = Reports(parts.store)
        self._to_look_up: set[str] = set()
        self.catches: Callable[[PlannedTask, str], bool] = lambda _, __: False
        self.declares: Declares = nothing
        self._allocations = Allocations(parts, record, self.effect, self.reports)

    def begin(self) -> None:
        """At a plan's start: services and items that need nothing done are finished at once."""
        for service in self._services.finished:
            self._service_finished(service)
        for item in self._items.values():
            if item.path not in self._open_items:
                self._release(item.path)

    def effect(self, service: str, **changes: Any) -> Document:
        """Owe an effect to a service."""
        effect = self._effects.setdefault(service, {"service": service, "tasks": []})
        effect.update(changes)
        return effect

    def restore(self, service: str) -> None:
        """Owe a service that it is again as its item found it, and let go of."""
        self.effect(service, restore=True, release=True)
        self._allocations.restored(service)

    def take_effects(self) -> list[Document]:
        """The effects that the next plan write owes, which they are numbered with."""
        self._allocations.take_note()
        effects = [{"n": self._record.rev + 1, **effect} for effect in self._effects.values()]
        self._effects = {}
        return effects

    async def apply_effects(self, services: Services, effects: Sequence[Document]) -> set[str]:
        """Carry out effects; returns the plans that may go on because a service was released."""
        owed = [effect for effect in effects if "service" in effect]
        await self._allocations.apply(owed)
        await self.reports.load(self._record.id, (key for effect in owed for key in effect["tasks"]))
        readers = await self._parts.directory.readers(self._record.tenant)
        waiting = await together(
            services.apply(
                effect,
                self._record.services[effect["service"]],
                Told(self.reports.together(effect["tasks"]), self._tellers(effect["tasks"]), readers),
            )
            for effect in owed
        )
        return {plan for plans in waiting for plan in plans}

    def _tellers(self, keys: Sequence[str]) -> dict[str, str]:
        """Which fulfiller spoke of a characteristic, by its name."""
        run = self._progress.run
        return {
            str(entry["name"]): run[key].fulfiller or ENGINE.subject
            for key in keys
            for entry in self.reports.of(key).characteristics
            if "name" in entry
        }

    def no_longer_built(self, effects: Sequence[Document]) -> list[str]:
        """What others wait for, by the wish (`Wish.key`), that these effects have brought to an end, good or bad."""
        ended = [effect["service"] for effect in effects if effect.keys() & {"state", "remove", "release"}]
        return [share for key in ended if (share := self._record.services[key].share)]

    async def settle(self, batch: Sequence[Answer]) -> None:
        """Take answers in: write what came of the calls, then move the tasks.

        Of several answers to one task each is judged by what the one before it has made of the task: a callback may
        arrive together with the acceptance that it follows, or twice.
        """
        rest = list(batch)
        while rest:
            first = {answer.key: answer for answer in reversed(rest)}
            await self._settle_together(list(first.values()))
            rest = [answer for answer in rest if first[answer.key] is not answer]

    async def _settle_together(self, batch: Sequence[Answer]) -> None:
        current = [answer for answer in batch if self._current(answer)]
        said = await self._retrying.of(current)
        settled = [(answer, await self._decide(answer, said.get(answer.key, NO_ADVICE))) for answer in current]
        await together(
            self._engager.write_outcome(answer, settlement.state, self._facts(answer, settlement))
            for answer, settlement in settled
        )
        for answer, settlement in settled:
            self._move(answer, settlement)

    def _current(self, answer: Answer) -> bool:
        """Whether the answer still matters: late and duplicate ones change nothing."""
        run = self._progress.run.get(answer.key)
        if run is None or run.revision != answer.revision:
            return False
        if answer.poll or isinstance(answer.outcome, Progress):
            return run.state in ("running", "accepted", "pending")
        # Waiting, but touched: the call was made before its engine died, and its callback came all the same.
        return run.state in ("running", "accepted", "retrying", "held", "pending") or (
            run.state == "waiting" and run.touched
        )

    async def _decide(self, answer: Answer, advice: RetryAdvice) -> Settlement:
        task, run = self._progress.tasks[answer.key], self._progress.run[answer.key]
        directory, tenant = self._parts.directory, self._record.tenant
        definition = await directory.definition(tenant, run.fulfiller) if run.fulfiller else None
        if isinstance(answer.outcome, Done):
            answer.outcome = as_declared(self.declares, task, answer.outcome)
        if isinstance(answer.outcome, Done):
            mapped = await self._map_output(task, answer.outcome, by_hand="by" in answer.detail)
            if mapped is not None:
                return mapped
        now = self._parts.clock.now()
        if (caught := self._caught(task, run, answer.outcome, now)) is not None:
            return caught
        settled = settle(task, run, answer.outcome, definition, now, advice)
        if settled.changes.get("touched") is False and self._record.stops(task):  # it was called off there, as asked
            return Settlement("cancelled", {"due": None, "deadline": None})
        if settled.state == "held" and answer.free and run.fulfiller is not None:
            given_up = await self._engager.choosing.alternatives(task, run.fulfiller)
            answer.facts["givenUp"] = given_up
            if given_up:  # at the next one everything begins anew
                return Settlement("retrying", {"due": now, "attempts": 0})
        return settled

    def _caught(self, task: PlannedTask, run: TaskRun, outcome: Outcome, now: datetime) -> Settlement | None:
        """A refused step of a recipe that has an event for that: the recipe goes on with it, and nobody has to look."""
        if task.of is None or task.target is not None or not isinstance(outcome, Refused) or outcome.maybe_done:
            return None
        code = outcome.code or "refused"
        if run.state == "waiting" or not self.catches(task, code):
            return None
        told = {**error("caught", "The recipe deals with it", f"{task.name}: {outcome.reason}", now), "caught": code}
        return Settlement("skipped", {"due": None, "deadline": None, "touched": False, "error": told})

    async def _map_output(self, task: PlannedTask, done: Done, *, by_hand: bool) -> Settlement | None:
        """Work out what the output means; a mapping that fails holds the task, whose work is done all the same."""
        self._context.remember_output(task.key, dict(done.output))
        try:
            mapped = await self._context.evaluate_output(task, dict(done.output))
        except (ExpressionError, AttributeError) as failure:
            now = self._parts.clock.now()
            found = error("outputMapping", "The output does not fit its mapping", f"{task.name}: {failure}", now)
            return Settlement("held", {"error": found, "due": None, "deadline": None})
        characteristics = (*done.service_characteristic, *mapped.characteristics)
        resources = (*done.supporting_resource, *mapped.resources)
        gone = () if by_hand else await self._allocations.taken_in(task, done)
        self.reports.keep(task.key, Report(characteristics, resources, done.supporting_service, gone))
        return None

    def _facts(self, answer: Answer, settlement: Settlement) -> Document:
        facts: Document = {"outcome": outcome_document(answer.outcome), **answer.facts}
        match answer.outcome:
            case Done(output=output):
                report = self.reports.of(answer.key)
                facts["output"] = dict(output)
                facts["report"] = {name: list(entries) for name, entries in asdict(report).items()}
            case Accepted():
                facts["accepted"] = asdict(answer.outcome)
            case Refused(reason=reason) | Unreachable(reason=reason) | Shortage(reason=reason):
                answer.detail["reason"] = reason
            case InformationRequired(message=message):
                answer.detail["reason"] = message
                facts["asked"] = True
            case Progress():
                facts["asked"] = False
                facts["progress"] = {"at": self._parts.clock.now(), "reason": answer.outcome.reason}
        if settlement.state == "held":
            task, run = self._progress.tasks[answer.key], self._progress.run[answer.key]
            count = run.holds + (run.state != "held")
            held = replace(run, **{**settlement.changes, "state": "held", "holds": count})
            facts |= held_fields(task, held, self._parts.clock.now())
        elif settlement.changes.get("error"):
            facts["error"] = settlement.changes["error"]
        return facts

    def _move(self, answer: Answer, settlement: Settlement) -> None:
        task, run = self._progress.tasks[answer.key], self._progress.run[answer.key]
        if run.state in ("waiting", "retrying"):  # answered before it was called again
            self._progress.move(answer.key, "running")
        self._record.tells += placed(task, answer.outcome, answer.fulfiller)
        if settlement.state != run.state and not TASK.allows(run.state, settlement.state):
            return
        self._progress.move(answer.key, settlement.state, **settlement.changes)
        if answer.key in self._to_look_up:
            self._to_look_up.discard(answer.key)
            if settlement.state == "accepted":
                self._progress.move(answer.key, "accepted", due=self._parts.clock.now())
        reached = settlement.milestone or (task.milestone if settlement.state == "done" else None)
        passed = answer.outcome.milestones if isinstance(answer.outcome, Done | Progress) else ()
        for name in dict.fromkeys((*passed, *((reached,) if reached else ()))):
            self.note_milestone(task, name)
        if settlement.state == "done" and run.started is not None:
            seconds = (self._parts.clock.now() - run.started).total_seconds()
            self._parts.durations.note(self._record.tenant, task, run.fulfiller or "", seconds)
        if settlement.state == "done" and "by" in answer.detail:
            self._allocations.by_hand(task)
        if settlement.state in ("done", "skipped"):
            self.satisfied(task)

    def note_milestone(self, task: PlannedTask, name: str) -> None:
        """Let the order tell that a milestone was reached; what it has told already it does not tell again."""
        item = self._items[task.item]
        key = f"{task.key}-{name}"[:100]
        made = milestone(key, name, item, self._record.order_id, self._parts.clock.now())
        if any(told.get("id") == key for told in self._projection.body.get("milestone", ())):
            return
        if self._record.is_of_order:
            made["serviceOrderItem"][0]["itemId"] = item_at(self._projection.body, item.pointer).get("id")
        self._record.tells.append({"milestone": made})

    def satisfied(self, task: PlannedTask) -> None:
        """A task is done or left out: what needs it may go on, and what it completes is finished."""
        stopped = task.target if task.operation == "cancel" and self._progress.run[task.key].state == "done" else None
        if stopped is not None:
            self._stopped(self._progress.tasks[stopped])
        if task.key not in self._record.ordered and (task.target is not None or not task.undoing):
            return
        if self.reports.of(task.key):
            self.effect(task.service)["tasks"].append(task.key)
        if task.of is not None:  # what follows from the recipe as a whole follows from the task that runs it
            return
        self._allocations.satisfied(task)
        for service in self._services.task_satisfied(task.service):
            self._service_finished(service)
        path = task.item
        while path:
            if path in self._open_items and self._progress.item_view(self._items[path]).state == "completed":
                self._release(path)
            path = path.rpartition("/")[0]

    def _stopped(self, task: PlannedTask) -> None:
        """A task was called off at its fulfiller; a step that its recipe has called off is left out."""
        left_out = task.of is not None and self._progress.run[task.of].state == "accepted"
        to = "skipped" if left_out and self._record.state == "running" else "cancelled"
        if TASK.allows(self._progress.run[task.key].state, to):
            self._progress.move(task.key, to, due=None, deadline=None, error=None)

    def _service_finished(self, service: str) -> None:
        planned = self._record.services.get(service)
        if planned is None:
            return
        if planned.action in ("add", "modify"):
            self._allocations.provisioned(service)
        match planned.action:
            case "add":
                self.effect(service, state=planned.state, built=self._built(service))
            case "modify":
                self.effect(service, state=planned.state, delta=True, built=self._built(service))
            case "delete":
                self._allocations.removed(service)
                self.effect(service, remove=True)

    def _built(self, service: str) -> list[Document]:
        """Who did which work for the service: they get its changes, too."""
        done = [
            (self._progress.tasks[key].capability, self._progress.run[key].fulfiller)
            for key in self._progress.of_service(service)
            if key in self._record.ordered and self._progress.run[key].state == "done"
        ]
        return [{"specification": work_of(what), "fulfiller": who} for what, who in done if who is not None]

    def _release(self, path: str) -> None:
        self._open_items.discard(path)
        if self._record.state == "cancelling":  # what is done now is about to be undone
            return
        for service in self._items[path].services:
            planned = self._record.services.get(service)
            if planned is not None and planned.action != "noChange":
                self.effect(service, release=True)

    def take_callback(self, entry: Document, answers: deque[Answer]) -> None:
        """Read a fulfiller's report out of the inbox."""
        if (key := self._told_of(entry)) is not None:
            run = self._progress.run[key]
            detail = {"callback": True, **({"who": entry["who"]} if "who" in entry else {})}
            outcome = self._engager.heard(self._progress.tasks[key], parse_report(entry["report"]))
            answers.append(Answer(key, entry["revision"], outcome, run.fulfiller, detail=detail))

    def look_up(self, entry: Document, under_way: Container[str]) -> None:
        """Note that a fulfiller has something to tell of a task: it is polled now, or after the call under way."""
        key = self._told_of(entry)
        if key is None or self._progress.run[key].revision != entry["revision"]:
            return
        match self._progress.run[key].state:
            case "accepted" if key not in under_way:
                self._progress.move(key, "accepted", due=self._parts.clock.now())
            case "pending" if self._progress.run[key].due is not None:
                self._progress.move(key, "pending", due=self._parts.clock.now())
            case "accepted" | "running":  # what is under way may have looked before there was something to see
                self._to_look_up.add(key)

    def _told_of(self, entry: Document) -> str | None:
        """The key of the task that an entry of the inbox tells of; None where the plan has none such."""
        key: str = entry["task"]
        task = self._progress.tasks.get(key)
        if task is not None and entry["operation"] != task.operation:
            key = reverse_key(task, entry["operation"])
        return key if key in self._progress.run else None

    def finish(self, *, calls_under_way: bool) -> None:
        """End the plan when every task has come to its end; whatever it still holds is let go."""
        open_ends = calls_under_way or self._record.failing
        if self._record.state == "running" and not open_ends and self._progress.finished:
            for path in list(self._open_items):
                self._release(path)
            self._allocations.ended(self._services.finished)
            self._record.state = "done"
