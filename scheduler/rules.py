"""Fallout rules at work: each new hold of a plan is judged once, before anybody is told of it."""

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
from scheduler.interventions import Interventions
from scheduler.plan_record import PlanRecord

Document = dict[str, Any]

log = structlog.get_logger(__name__)


class Rules:
    """Applies the rules to what one plan holds."""

    def __init__(
        self, parts: Parts, record: PlanRecord, fallout: Fallout, context: TaskContext, interventions: Interventions
    ) -> None:
        """Work for this plan."""
        self._store = parts.store
        self._book: RuleBook | None = parts.rules
        self._record = record
        self._progress = record.progress
        self._fallout = fallout
        self._context = context
        self._interventions = interventions
        self._judged: dict[str, int] = {}

    async def apply(self, answers: deque[Answer]) -> bool:
        """Judge what has been held since the last turn.

        Returns:
            Whether any rule was applied, so that there is more to do.

        Raises:
            Unavailable: the database cannot be reached.
        """
        fresh = [key for key in self._progress.changed if self._is_fresh(key)]
        if not fresh or self._book is None:
            return False
        helped = False
        rules = await self._book.of(self._record.tenant)
        for key in fresh:
            run = self._progress.run[key]
            self._judged[key] = run.holds
            task = self._progress.tasks[key]
            said = decide(rules, self._hold(task), run.ruled or {})
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
        stored = await self._store.get("task", self._record.task_id(task.key)) or {}
        known = stored.get("directive", {}).get("input", stored.get("input"))
        made = await self._context.evaluate(rule.input, task, input=known, error=run.error or {})
        if made is None:  # it would stand for the whole service, which nobody means by an expression that finds nothing
            return Wish("hold", rule.who, f"{rule.name}: its expression came to nothing", id=wish.id)
        return Wish("edit", rule.who, rule.name, id=wish.id, has_input=True, input=made)
