"""Recipes that run inside a plan: their steps become tasks of it, and what comes of those leads the recipe on.

The task that runs a recipe is `accepted` while the recipe runs. Where a run stands is written with the plan, in the
same guarded write as the states of its steps. So what a run has not taken in yet is seen by comparing the two: a crash
between any two writes loses nothing and repeats nothing.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from models.clock import parse, to_text
from models.domain.bound_recipes import GIVEN
from models.domain.flow_runs import results_of
from models.domain.outcomes import Done as TaskDone
from models.domain.plan import PlannedTask
from models.domain.precedence import ENDED
from models.domain.recipe_moves import move as moved
from models.domain.recipe_moves import reasons_against
from models.domain.recipe_runs import MAX_DATA_BYTES, RecipeRun
from models.domain.recipe_steps import planned_step, step_key
from models.domain.recipes import advance, catches, start
from models.domain.recipes.effects import (
    Cancel,
    Choose,
    Effect,
    Finished,
    Passed,
    Reached,
    Start,
    Stuck,
)
from models.domain.recipes.happenings import Cancelled, Done, Failed, Happening, Message, Retried, Signal, Time
from models.domain.undo import STOPPABLE, may_be_done, reverse_key, stop_tasks
from models.recipe_port import Playable
from models.schemas import violations
from scheduler.answers import Settling
from scheduler.context import TaskContext
from scheduler.declared import Schema, misfit_of_start, schema_of
from scheduler.engagement import Answer, Held, Parts
from scheduler.fallout import Fallout
from scheduler.items import Items
from scheduler.plan_record import PlanRecord
from scheduler.recipe_looks import at_work, deed_of_move, outputs_of, size_of, title_of, variables_given
from scheduler.recipe_mail import Letter, RecipeMail

Document = dict[str, Any]

CAUGHT = "caught"
"""Code in the error of a step that was refused, where an event of the recipe catches that."""


class Recipes:
    """Runs the recipes of one plan.

    Attributes:
        mail: messages and signals to them and from them.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what running recipes takes
        self,
        parts: Parts,
        record: PlanRecord,
        context: TaskContext,
        settling: Settling,
        fallout: Fallout,
        items: Items,
        answers: deque[Answer],
    ) -> None:
        """Work for this plan; what becomes of the tasks that run recipes is added to `answers`."""
        self._parts = parts
        self._record = record
        self._progress = record.progress
        self._context = context
        self._settling = settling
        self._fallout = fallout
        self._items = items
        self._answers = answers
        self._runs: dict[str, RecipeRun] = {}
        self._moved: set[str] = set()
        self._playables: dict[str, Playable] = {}
        self.mail = RecipeMail(parts, record)
        self._told: set[str] = set()

    @property
    def due(self) -> datetime | None:
        """When the next timer of a recipe runs out."""
        moments = [run.state.due for key, run in self._runs.items() if self._is_open(self._record.leader(key))]
        return min((parse(moment) for moment in moments if moment), default=None)

    async def advance(self) -> None:
        """Begin the recipes that have their turn, and lead on those that run.

        Raises:
            Unavailable: the database cannot be reached.
        """
        for key in list(self._progress.recipes):
            task, run = self._progress.tasks[key], self._progress.run[key]
            if run.state in ("waiting", "retrying"):
                if self._has_its_turn(task):
                    await self._begin(task)
            elif run.state in ("accepted", "held"):
                await self._lead_on(task, self.mail.letters)
            if self._record.leader(task.target or key) == key and self._is_begun(task.target or key):
                self._call_off(task, await self._run(task))
        for key in self._moved:  # once, whatever has happened to it
            self._record.keep_recipe(key, self._runs[key].to_document())
        self._moved.clear()

    def _is_begun(self, key: str) -> bool:
        return key in self._runs or key in self._record.recipes

    def _is_open(self, key: str) -> bool:
        return self._progress.run[key].state == "accepted"

    def _has_its_turn(self, task: PlannedTask) -> bool:
        run, now = self._progress.run[task.key], self._parts.clock.now()
        if self._record.state == "cancelling" and task.key in self._record.ordered:
            return False
        if not self._items.has(task.item):
            return False
        if run.state == "retrying":
            return run.due is None or run.due <= now
        return self._progress.is_ready(task.key)

    # Beginning

    async def _begin(self, task: PlannedTask) -> None:
        """Begin a run, or begin to undo one; what was held goes on."""
        playable = await self._playable(task)
        if playable is None:
            name, version = task.recipe or ("", "")
            reason = f"{task.name}: the recipe {name} {version} is not there, or cannot be run any more."
            self._fallout.hold(task, Held("recipeGone", "The recipe cannot be read", reason))
            return
        directed = self._progress.run[task.key].directed
        edited = await variables_given(self._fallout, self._parts.store, self._record, task.key) if directed else {}
        run = await self._run(task) if self._is_begun(task.target or task.key) else None
        goes_on = run is not None and run.state.status != "failed"
        undoes = task.target is not None and run is not None and not run.undoing
        data = {} if undoes or goes_on else {**await self._context.surroundings(task), **edited}
        if not (undoes or goes_on) and (wrong := misfit_of_start(playable, data)):
            reason = f"{task.name}: what the recipe {':'.join(task.recipe or ())} begins with: {wrong}"
            self._fallout.hold(task, Held("inputInvalid", "The input is not what the recipe declares", reason))
            return
        now = self._parts.clock.now()
        started = self._progress.run[task.key].started or now
        self._progress.move(task.key, "running", due=None)
        self._progress.move(task.key, "accepted", error=None, deadline=None, started=started)
        if undoes and run is not None:
            await self._undo(task, playable, run)
        elif goes_on and run is not None:
            await self._take(task, playable, run, Retried(now, None, edited))
        else:
            self._start(task, playable, run, data)
        await self._lead_on(task, ())

    def _start(self, task: PlannedTask, playable: Playable, former: RecipeRun | None, data: Document) -> None:
        now, decide = self._parts.clock.now(), playable.decide
        state, effects = start(playable.recipe, data, now, decide=decide, fits=violations)
        run = former.begun_anew(state) if former else RecipeRun(task.recipe or ("", ""), 1, state, playable.called)
        self._runs[task.key] = run
        self._carry_out(task, playable, run, effects)

    async def _undo(self, task: PlannedTask, playable: Playable, run: RecipeRun) -> None:
        """Have all undone that a run has done, and that it says how to undo."""
        run.undoing = True
        now, steps = self._parts.clock.now(), at_work(self._home(task), run)
        done = {key: step for key, step in steps.items() if may_be_done(self._progress, key)}
        outputs = await self._outputs(list(done))
        told = Cancelled(now, undo=True, done={step: outputs.get(key, {}) for key, step in done.items()})
        await self._take(task, playable, run, told)

    async def _step_back(self, task: PlannedTask, playable: Playable, run: RecipeRun) -> bool:
        """Go on with the run that failed before one that is undone; False where there is none."""
        if task.target is None or run.state.status != "cancelled" or not run.step_back():
            return False
        await self._undo(task, playable, run)
        return True

    def _home(self, task: PlannedTask) -> PlannedTask:
        """The task that runs the recipe, where this one undoes its run."""
        return self._progress.tasks[task.target] if task.target is not None else task

    async def _playable(self, task: PlannedTask) -> Playable | None:
        if task.recipe is None or self._parts.recipes is None:
            return None
        key = task.target or task.key
        known = self._playables.get(key)
        if known is None:
            begun = self._record.recipes.get(key)
            (name, version), called = (begun["recipe"], dict(begun["called"])) if begun else (task.recipe, None)
            known = await self._parts.recipes.playable(self._record.tenant, name, version, called)
            if known is not None:
                self._playables[key] = known
        return known

    async def _run(self, task: PlannedTask) -> RecipeRun:
        key = task.target or task.key
        known = self._runs.get(key)
        if known is None:
            known = self._runs[key] = RecipeRun.from_document(self._record.recipes[key])
        return known

    async def hear(self, entry: Document) -> None:
        """Take in what somebody says to recipes of the plan."""
        if entry["kind"] == "move":
            await self._move(entry)
        else:
            self.mail.hear(entry)

    async def _move(self, wish: Document) -> None:
        """Let a run go on with another version of its recipe, where that is sound; the owner's history tells of it.

        Raises:
            Unavailable: the database cannot be reached.
        """
        key = wish["task"]
        task = self._progress.tasks.get(key)
        if task is None or self._parts.recipes is None or not self._is_begun(key):
            return
        run, playable = await self._run(task), await self._playable(task)
        before = run.recipe
        other = await self._parts.recipes.playable(self._record.tenant, before[0], str(wish["to"]))
        if playable is None or other is None or before[1] == wish["to"]:
            return
        against = reasons_against(run, self._progress.run[key].state, playable.recipe, other.recipe)
        if not against:
            now = self._parts.clock.now()
            effects = moved(run, (playable.recipe, other.recipe), wish, other.called, now)
            self._playables[key] = other
            self._carry_out(task, other, run, effects)
            self._record.keep_recipe(key, run.to_document())
        self._record.tells.append({"deed": deed_of_move(task, before, wish, against), "rev": self._record.rev + 1})

    # Leading on

    async def _lead_on(self, task: PlannedTask, letters: Sequence[Letter]) -> None:
        """Take in what has happened since: answers of steps, timers, messages."""
        playable, run = await self._playable(task), await self._run(task)
        if playable is None:
            return
        for letter in letters:
            if letter.is_for(task.target or task.key) and await self._take(task, playable, run, letter.happening):
                letter.taken = True
        going_on = True
        # What cannot be taken in is looked at again in another turn, not in this.
        while going_on and (run.state.running or await self._step_back(task, playable, run)):
            happened = await self._happened(task, run)
            going_on = any([await self._take(task, playable, run, happening) for happening in happened])
        if not run.state.running:
            self._end(task, run)

    async def _happened(self, task: PlannedTask, run: RecipeRun) -> list[Happening]:
        """What the run has not taken in yet."""
        now = self._parts.clock.now()
        steps = at_work(self._home(task), run)
        ended = [key for key in steps if key in self._progress.run and self._progress.run[key].state in _OVER]
        found: list[Happening] = []
        if ended:
            done = [key for key in ended if self._progress.run[key].state == "done"]
            outputs = await self._outputs(done)
            found += [self._ended(key, steps[key], outputs, now) for key in ended]
        if run.state.due is not None and parse(run.state.due) <= now:
            found.append(Time(now))
        return found

    def _ended(self, key: str, step: str, outputs: Mapping[str, Any], now: datetime) -> Happening:
        error = self._progress.run[key].error or {}
        if error.get("code") == CAUGHT:
            return Failed(now, step, str(error.get("caught", "")), str(error.get("message", "")))
        return Done(now, step, outputs.get(key, {}))

    async def _outputs(self, keys: Sequence[str]) -> dict[str, Document]:
        return await outputs_of(self._context, self._settling, self._record.id, keys)

    async def _take(self, task: PlannedTask, playable: Playable, run: RecipeRun, happening: Happening) -> bool:
        """Let it happen; returns whether the run is another one by it."""
        before = run.state
        state, effects = advance(playable.recipe, before, happening, decide=playable.decide, fits=violations)
        if state is before:
            return False
        if task.target is not None and state.status == "failed":
            why = f"{task.name}: undoing ended with the error {state.code or ''}."
            self._fallout.hold(task, Held("recipeFailed", "The recipe ended with an error", why))
            return False
        if isinstance(happening, Done | Message | Signal) and size_of(state) > MAX_DATA_BYTES:
            if isinstance(happening, Done):  # a message that is too large is nobody's
                self._stuck(task, f"the data of the run would be larger than {MAX_DATA_BYTES // 1024} KB")
            return False
        run.state = state
        self._carry_out(task, playable, run, effects)
        return True

    # Effects

    def _carry_out(self, task: PlannedTask, playable: Playable, run: RecipeRun, effects: Sequence[Effect]) -> None:
        now, home = to_text(self._parts.clock.now()), self._home(task)
        stuck: list[str] = []
        for effect in effects:
            match effect:
                case Start():
                    self._add_step(home, playable, run, effect)
                case Cancel(key=key):
                    run.called_off.append(step_key(home, run.number, key))
                case Passed():
                    run.note(now, effect.what, effect.id, effect.key)
                case Reached(milestone=milestone):
                    self._settling.note_milestone(home, milestone)
                case Stuck(node=node, reason=reason):
                    stuck.append(f"at {title_of(playable, node)}: {reason}")
                case Choose(node=node):
                    stuck.append(f"at {title_of(playable, node)}: the gateway does not say which way it goes.")
                case Finished(reason=reason):
                    run.reason = reason
                case _:
                    self.mail.note(home, effect)
        run.led_by(self._parts.program.version)
        self._moved.add(home.key)
        if stuck:
            self._stuck(task, "; ".join(stuck))

    def _add_step(self, task: PlannedTask, playable: Playable, run: RecipeRun, begun: Start) -> None:
        step = planned_step(task, run.number, begun, playable.recipe, playable.forms)
        if step.key not in self._progress.tasks:
            self._record.add_tasks([step])

    def _stuck(self, task: PlannedTask, why: str) -> None:
        if self._is_open(task.key):
            self._fallout.hold(task, Held("recipeStuck", "The recipe cannot go on", f"{task.name}: {why}"))

    def _end(self, task: PlannedTask, run: RecipeRun) -> None:
        """What the end of a run means for the task that ran it."""
        if not self._is_open(task.key) or task.key in self._told:
            return
        if run.state.status == "failed":
            why = f"{task.name}: the recipe ended with the error {run.state.code or ''}. {run.reason}"
            self._fallout.hold(task, Held("recipeFailed", "The recipe ended with an error", why))
            return
        if any(self._progress.run[key].state not in ENDED for key in self._steps(task)):
            return  # what was called off has not stopped yet
        self._told.add(task.key)
        done = TaskDone(self._results(task, run) if task.target is None else {})
        self._answers.append(Answer(task.key, self._progress.run[task.key].revision, done, None))

    def _results(self, task: PlannedTask, run: RecipeRun) -> Document:
        if self._record.is_of_order:
            return {name: value for name, value in run.state.variables.items() if name not in GIVEN}
        playable = self._playables.get(task.key)
        return results_of(run.state.variables, playable.recipe.process) if playable else dict(run.state.variables)

    def results(self) -> Document:
        """What the runs of a process flow have left."""
        tasks = (self._progress.tasks[key] for key in self._progress.recipes if key in self._runs)
        return {name: value for task in tasks for name, value in self._results(task, self._runs[task.key]).items()}

    def _steps(self, task: PlannedTask) -> list[str]:
        home = task.target or task.key
        return [key for key in self._progress.of_service(task.service) if self._progress.tasks[key].of == home]

    # Calling off

    def _call_off(self, task: PlannedTask, run: RecipeRun) -> None:
        """Stop the steps that the recipe does not want any more, and all when the recipe has ended by hand."""
        if self._record.state == "cancelling" and task.key in self._record.ordered:
            return
        if self._progress.run[task.key].state in ("done", "skipped"):
            run.called_off += [key for key in self._steps(task) if key not in run.called_off]
        for key in run.called_off:
            step, state = self._progress.tasks[key], self._progress.run[key].state
            if state in ENDED or state not in STOPPABLE:
                continue
            if not self._progress.run[key].touched:
                self._progress.move(key, "skipped", due=None, deadline=None, error=None)
            elif reverse_key(step, "cancel") not in self._progress.tasks:
                self._record.add_tasks(stop_tasks(self._progress, [step]))

    def caught(self, task: PlannedTask, code: str) -> bool:
        """Whether the recipe of a step has an event for it being refused with this code."""
        if task.of is None or task.step is None:
            return False
        run, playable = self._runs.get(task.of), self._playables.get(task.of)
        if run is None or playable is None or not run.state.running:
            return False
        return catches(playable.recipe, run.state, task.step, code)

    def declared(self, which: str, step: PlannedTask) -> Schema | None:
        """The JSON Schema that the recipe of a step has for it (`scheduler.declared.schema_of`)."""
        return schema_of(which, step, self._runs.get(step.of or ""), self._playables.get(step.of or ""))

    async def take_up(self) -> None:
        """Have the runs at hand that a former holder of the plan has led so far."""
        for key in self._progress.recipes:
            if (self._progress.tasks[key].target or key) in self._record.recipes:
                await self._run(self._progress.tasks[key])
                await self._playable(self._progress.tasks[key])


_OVER = frozenset({"done", "skipped"})
