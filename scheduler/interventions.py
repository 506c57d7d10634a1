"""What people and rules do about held tasks, taken out of the inbox: each is written down, told, and carried out."""

from collections import deque
from typing import Any

import structlog

from models.domain.interventions import Wish, audited, deed
from models.domain.outcomes import Done, parse_done
from models.domain.plan import PlannedTask
from scheduler.answers import Settling
from scheduler.engagement import Answer, Engager, Parts
from scheduler.failing import Failing
from scheduler.fallout import Fallout
from scheduler.going_on import GoingOn
from scheduler.plan_record import PlanRecord

Document = dict[str, Any]

log = structlog.get_logger(__name__)


class Interventions:
    """Intervenes in one plan."""

    def __init__(  # noqa: PLR0913, PLR0917 - what an intervention may touch
        self,
        parts: Parts,
        record: PlanRecord,
        engager: Engager,
        settling: Settling,
        going_on: GoingOn,
        fallout: Fallout,
        failing: Failing,
    ) -> None:
        """Work for this plan."""
        self._parts = parts
        self._record = record
        self._progress = record.progress
        self._engager = engager
        self._settling = settling
        self._going_on = going_on
        self._fallout = fallout
        self._failing = failing
        self._put_back: set[str] = set()

    def resumed(self, entry: Document, keys: list[str]) -> None:
        """Note on held tasks that a client of TMF641 has resumed them; the order tells of it by itself."""
        wish = Wish("retry", entry.get("who") or "", id=entry["id"])
        for key in keys:
            self._fallout.helped(key, wish)
            self._note(key, wish, {}, {"state": "waiting"})

    async def take(self, entry: Document, answers: deque[Answer]) -> None:
        """Carry out an intervention, unless the task is not held any more, or has been held again since."""
        key, wish = entry["task"], Wish.from_document(entry)
        run = self._progress.run.get(key)
        if run is not None and run.holds < entry["hold"] and entry["id"] not in self._put_back:
            # A former holder of the plan has written the hold to the task and died: it is about to be held once more.
            self._put_back.add(entry["id"])
            self._record.put_back(entry)
            return
        if run is None or run.state != "held" or run.holds != entry["hold"]:
            log.info("intervention came too late", plan=self._record.id, task=key, do=wish.do)
            return
        if self._record.state == "cancelling" and key in self._record.ordered:
            return
        await self.carry_out(self._progress.tasks[key], wish, answers)

    async def carry_out(self, task: PlannedTask, wish: Wish, answers: deque[Answer]) -> None:
        """Do it."""
        key = task.key
        before: Document = {}
        after: Document = {}
        match wish.do:
            case "retry" if wish.delay:
                after = self._later(key, wish.delay)
            case "retry":
                self._going_on.take_up(key)
            case "hold":
                self._fallout.note(key, **({"care__queue": wish.queue} if wish.queue else {}))
                after = {"queue": wish.queue}
            case "edit":
                before, after = await self._edit(task, wish)
            case "reassign":
                before, after = await self._reassign(task, wish)
            case "skip":
                self._progress.move(key, "skipped", due=None, deadline=None, error=None)
                self._settling.satisfied(task)
            case "complete":
                after = self._complete(task, wish, answers)
            case "fail":
                items = self._failing.begin(task, wish)
                after = {"items": items, "undo": wish.undo}
        if wish.do != "hold":
            self._fallout.helped(key, wish)
        self._note(key, wish, before, after)
        self._record.tells.append({"deed": deed(task, wish, before, after), "rev": self._record.rev + 1})

    def _note(self, key: str, wish: Wish, before: Document, after: Document) -> None:
        """On the task's document, by the intervention's id, so that writing it twice is writing it once."""
        told = audited(wish, before, after, self._parts.clock.now())
        fields: Document = {f"interventions__{wish.id}": told}
        if wish.job is not None:
            fields["job"] = wish.job
        self._fallout.note(key, **fields)

    def _later(self, key: str, seconds: float) -> Document:
        """Try again when some time has passed."""
        due = self._parts.clock.after(seconds)
        self._going_on.take_up(key, due=due)
        return {"due": due}

    async def _edit(self, task: PlannedTask, wish: Wish) -> tuple[Document, Document]:
        stored = await self._parts.store.get("task", self._record.task_id(task.key)) or {}
        directive = dict(stored.get("directive", {}))
        before: Document = {}
        after: Document = {}
        if wish.has_input:
            before["input"], after["input"] = stored.get("input"), wish.input
            directive["input"] = wish.input
        if wish.characteristics:
            after["serviceCharacteristic"] = list(wish.characteristics)
            self._settling.effect(task.service, values={"serviceCharacteristic": list(wish.characteristics)})
        self._direct(task.key, directive)
        return before, after

    async def _reassign(self, task: PlannedTask, wish: Wish) -> tuple[Document, Document]:
        stored = await self._parts.store.get("task", self._record.task_id(task.key)) or {}
        run = self._progress.run[task.key]
        directive = dict(stored.get("directive", {}))
        before = {"fulfiller": run.fulfiller}
        decision = await self._engager.choosing.options(task)
        if wish.fulfiller is None:  # anybody but those that were tried
            given_up = {*directive.get("givenUp", ()), *((run.fulfiller,) if run.fulfiller else ())}
            directive = {**directive, "givenUp": sorted(given_up)}
            directive.pop("fulfiller", None)
            self._direct(task.key, directive)
            return before, {"givenUp": sorted(given_up)}
        because = f"{wish.who} has chosen it" + (f": {wish.why}" if wish.why else ".")
        self._fallout.note(task.key, decision={**decision, "chosen": wish.fulfiller, "reason": because, "row": None})
        self._direct(task.key, {**directive, "fulfiller": wish.fulfiller})
        return before, {"fulfiller": wish.fulfiller}

    def _direct(self, key: str, directive: Document) -> None:
        """Have the task done as directed, with a key of its own."""
        self._fallout.note(key, directive=directive)
        self._going_on.take_up(key, anew=True)
        self._progress.run[key].directed = True

    def _complete(self, task: PlannedTask, wish: Wish, answers: deque[Answer]) -> Document:
        """A person's report is a fulfiller's report: it goes the same way."""
        outcome = parse_done(wish.report or {})
        if not isinstance(outcome, Done):  # was checked when it came
            log.warning("report of a person cannot be used", plan=self._record.id, reason=outcome.reason)
            return {}
        run = self._progress.run[task.key]
        run.started = None  # how long it was held is no measure of how long it takes
        detail = {"by": wish.who, "reason": f"Completed by hand by {wish.who}" + (f": {wish.why}" if wish.why else ".")}
        answers.append(Answer(task.key, run.revision, outcome, None, detail=detail))
        return {"report": dict(wish.report or {})}
