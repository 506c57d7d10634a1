"""Policies and fallout rules at work: each new hold of a plan is judged once, before anybody is told of it.

It is one decision: policies of the point `fallout` come first, by name, then the rules by their position.
"""

from collections import deque
from typing import Any

import structlog

from models.domain.expressions import ExpressionError
from models.domain.fallout import own_reason
from models.domain.fallout_rules import Application, Hold, decide
from models.domain.interventions import Wish
from models.domain.plan import PlannedTask
from models.fallout_rules import RuleBook
from scheduler.context import TaskContext
from scheduler.engagement import Answer, Parts
from scheduler.fallout import Fallout
from scheduler.fallout_policies import FalloutPolicies
from scheduler.interventions import Interventions
from scheduler.plan_record import PlanRecord

Document = dict[str, Any]

log = structlog.get_logger(__name__)


class Rules:
    """Applies the rules to what one plan holds."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a rule may touch
        self,
        parts: Parts,
        record: PlanRecord,
        fallout: Fallout,
        context: TaskContext,
        interventions: Interventions,
        policies: FalloutPolicies,
    ) -> None:
        """Work for this plan."""
        self._store = parts.store
        self._book: RuleBook | None = parts.rules
        self._record = record
        self._progress = record.progress
        self._fallout = fallout
        self._context = context
        self._interventions = interventions
        self._policies = policies
        self._judged: dict[str, int] = {}

    async def apply(self, answers: deque[Answer]) -> bool:
        """Judge what has been held since the last turn.

        Returns:
            Whether any rule was applied, so that there is more to do.

        Raises:
            Unavailable: the database cannot be reached.
        """
        fresh = [self._progress.tasks[key] for key in self._progress.changed if self._is_fresh(key)]
        if not fresh:
            return False
        self._judged |= {task.key: self._progress.run[task.key].holds for task in fresh}
        fresh = [task for task in fresh if not self._is_doomed(task)]
        rules = await self._book.of(self._record.tenant) if self._book is not None else ()
        said_by = await self._policies.about([(task, self._hold(task)) for task in fresh])
        helped = False
        for task in fresh:
            run = self._progress.run[task.key]
            said = decide([*said_by.get(task.key, ()), *rules], self._hold(task), run.ruled or {})
            if said is not None and not self._is_doomed(task):
                await self._apply(task, said, answers)
                helped = True
        return helped

    def _is_fresh(self, key: str) -> bool:
        run = self._progress.run[key]
        return run.state == "held" and self._judged.get(key) != run.holds

    def _is_doomed(self, task: PlannedTask) -> bool:
        """Whether it is about to be given up anyway."""
        if task.key not in self._record.ordered:
            return False
        return self._record.state == "cancelling" or any(task.item in one["items"] for one in self._record.failing)

    def _hold(self, task: PlannedTask) -> Hold:
        run = self._progress.run[task.key]
        error = run.error or {}
        names = (task.specification, task.capability.name)
        return Hold(
            code=str(error.get("code", "")),
            reason=own_reason(task, str(error.get("message", ""))),
            fulfiller=run.fulfiller,
            specifications=tuple(name for name in names if name),
            action=task.action,
            operation=task.operation,
            attempts=run.attempts,
            count=run.holds,
            optional=task.optional,
        )

    async def _apply(self, task: PlannedTask, said: Application, answers: deque[Answer]) -> None:
        rule, run = said.rule, self._progress.run[task.key]
        try:
            wish = await self._wish(task, said)
        except ExpressionError as failure:
            log.warning("a rule's expression failed", rule=rule.id, plan=self._record.id, error=str(failure)[:200])
            wish = Wish(
                "hold", rule.who, f"{rule.name}: its expression failed: {failure}"[:1000], f"{rule.id}-{run.holds}"
            )
        run.ruled = {**(run.ruled or {}), rule.id: said.number}
        self._fallout.note_hold(task)
        await self._interventions.carry_out(task, wish, answers)

    async def _wish(self, task: PlannedTask, said: Application) -> Wish:
        rule, run = said.rule, self._progress.run[task.key]
        wish = Wish(
            rule.do,
            rule.who,
            rule.name,
            id=f"{rule.id}-{run.holds}",
            fulfiller=rule.fulfiller_id,
            undo=rule.undo,
            delay=said.delay,
            queue=rule.queue,
        )
        if rule.do != "edit":
            return wish
        if rule.policy is not None:
            return Wish("edit", rule.who, rule.name, id=wish.id, has_input=True, input=rule.input)
        stored = await self._store.get("task", self._record.task_id(task.key)) or {}
        known = stored.get("directive", {}).get("input", stored.get("input"))
        made = await self._context.evaluate(rule.input, task, input=known, error=run.error or {})
        if made is None:  # it would stand for the whole service, which nobody means by an expression that finds nothing
            return Wish("hold", rule.who, f"{rule.name}: its expression came to nothing", id=wish.id)
        return Wish("edit", rule.who, rule.name, id=wish.id, has_input=True, input=made)
