"""Fallout as the documents of its tasks say it: written before the plan says so, and struck off before it goes on.

Whoever lists fallout reads task documents in state `held`. So each of them must tell the truth whatever a crash leaves:
all holds of a plan, and whatever ends them, are written here, in one place, before the plan is. The task flows by which
people find them follow from the plan, as its effects.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from models.domain.fallout import facts
from models.domain.interventions import Wish
from models.domain.plan import PlannedTask
from models.domain.progress import TaskRun
from models.fallout_flows import carry_out
from models.together import together
from scheduler.engagement import Engager, Held, Parts
from scheduler.plan_record import PlanRecord
from scheduler.settlement import error

Document = dict[str, Any]


class Fallout:
    """The held tasks of one plan."""

    def __init__(self, parts: Parts, record: PlanRecord, engager: Engager) -> None:
        """Take up the plan: what it holds has been written."""
        self._clock = parts.clock
        self._health = parts.health
        self._record = record
        self._progress = record.progress
        self._engager = engager
        self._store = parts.store
        self._written = set(self._progress.in_state("held"))
        self._opened = {key: self._progress.run[key].holds for key in self._written}
        self._owed: dict[str, list[Document]] = {}
        self._reasons: dict[str, Held] = {}
        self._notes: dict[str, Document] = {}
        self._passed: set[str] = set()

    def remember(self, key: str) -> None:
        """The task's document says that it is held, although the plan does not: its former holder died in between."""
        self._written.add(key)

    def hold(self, task: PlannedTask, held: Held) -> None:
        """Hold a task that could not be given to anybody."""
        found = error(held.code, held.reason, held.message, self._clock.now())
        self._progress.move(task.key, "held", error=found, due=None)
        self._reasons[task.key] = held

    def hold_items(self, refused: Mapping[str, Held]) -> None:
        """Hold the ready tasks of items whose services cannot be worked on."""
        for task in self._progress.ready():
            if (held := refused.get(task.item)) is not None:
                self.hold(task, held)

    def note(self, key: str, **fields: Any) -> None:
        """Write these fields of a task's document with what becomes of it; `__` in a name stands for a dot."""
        self._notes.setdefault(key, {}).update({name.replace("__", "."): value for name, value in fields.items()})

    def noted(self, key: str, name: str) -> Any:
        """What is to be written into a field of a task's document with the next write; None where nothing is."""
        return self._notes.get(key, {}).get(name)

    def note_hold(self, task: PlannedTask) -> None:
        """Write down that a task was held although a rule lets it go on at once."""
        held = self._reasons.get(task.key)
        decision = held.decision if held is not None else None
        fields = held_fields(task, self._progress.run[task.key], self._clock.now(), decision)
        kept = {name: value for name, value in fields.items() if name not in ("state", "error", "fallout.ended")}
        self._notes.setdefault(task.key, {}).update(kept)
        self._passed.add(task.key)

    async def write(self) -> None:
        """Write down what is held now, and what is not any more. Safe to repeat.

        Raises:
            LeaseLost: another worker has the plan.
            Unavailable: the database cannot be reached.
        """
        changed = [key for key in self._progress.changed if self._of_interest(key)]
        keys = dict.fromkeys((*changed, *self._notes))
        await together(self._write(self._progress.tasks[key]) for key in keys)

    def _of_interest(self, key: str) -> bool:
        return self._progress.run[key].state == "held" or key in self._written

    async def _write(self, task: PlannedTask) -> None:
        run = self._progress.run[task.key]
        if run.state == "held":
            held = self._reasons.pop(task.key, None)
            former = held.former_decision if held is not None else None
            fields = {**self._held(task, held), **self._notes.pop(task.key, {})}
            await self._engager.write_fallout(task, fields, former)
            self._written.add(task.key)
            if self._opened.get(task.key) != run.holds:
                self._opened[task.key] = run.holds
                self._owe("open", task.key)
            if held is not None and held.code == "noFulfiller":
                self._health.note_hold()
        else:
            ended = task.key in self._written or task.key in self._passed
            fields = {"state": run.state, **({"fallout.ended": self._clock.now()} if ended else {})}
            await self._engager.write_fallout(task, {**fields, **self._notes.pop(task.key, {})})
            self._written.discard(task.key)
            self._passed.discard(task.key)
            if self._opened.pop(task.key, None) is not None:
                self._owe("end", task.key)

    def _owe(self, what: str, key: str, **facts: Any) -> None:
        self._owed.setdefault(what, []).append({"task": key, "hold": self._progress.run[key].holds, **facts})

    def helped(self, key: str, wish: Wish) -> None:
        """Somebody has done something about a held task: its task flow is completed with that."""
        if key in self._opened:
            self._owe("done", key, do=wish.do, who=wish.who, why=wish.why)

    def offer_again(self) -> None:
        """See that every held task has an open task flow: what a person wanted with one has come to nothing."""
        for key in self._progress.in_state("held"):
            self._owe("again", key)

    def take_effects(self) -> list[Document]:
        """What the next plan write owes to task flows (`models.fallout_flows.carry_out`)."""
        if not self._owed:
            return []
        owed, self._owed = self._owed, {}
        return [{"n": self._record.rev + 1, "flows": owed}]

    async def carry_out(self, effects: Sequence[Document], order: Mapping[str, Any]) -> None:
        """Do what a plan write owes to task flows; `order` is the body of what the plan is for. Safe to repeat."""
        for effect in effects:
            if "flows" in effect:
                owed = {**effect["flows"], "n": effect["n"], "plan": self._record.id, "tenant": self._record.tenant}
                if not self._record.is_of_order:
                    owed["process"] = self._record.owner_id
                await carry_out(self._store, self._clock, owed, order)

    def _held(self, task: PlannedTask, held: Held | None) -> Document:
        decision = held.decision if held is not None else None
        fields = held_fields(task, self._progress.run[task.key], self._clock.now(), decision)
        if held is not None:
            kept = {"decision": held.decision, "capability": held.capability}
            fields.update({name: value for name, value in kept.items() if value is not None})
        return fields


def held_fields(task: PlannedTask, run: TaskRun, now: datetime, decision: Document | None = None) -> Document:
    """What the document of a held task says, so that it says all of it in one write.

    What somebody has asked for meanwhile (`fallout.pending`) stays; it belongs to one hold by its number.
    """
    known = facts(task, run, decision)
    return {
        "state": "held",
        "error": run.error,
        **{f"fallout.{name}": value for name, value in {**known, "since": now, "ended": None}.items()},
        f"holds.{run.holds}": {"at": now, "error": run.error, **_of_a_hold(known)},
    }


def _of_a_hold(known: Mapping[str, Any]) -> Document:
    """What is kept of a hold when the task has gone on, for a look back over all that was fallout."""
    return {name: known[name] for name in ("cause", "code", "reason", "fulfiller", "attempts", "count")}
