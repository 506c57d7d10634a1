"""Policies about fallout: asked once about each new hold, before fallout rules and people."""

import asyncio
from collections.abc import Sequence

from models.domain.decision_points import FALLOUT
from models.domain.fallout import actions
from models.domain.fallout_rules import MAX_APPLIED, Hold, Rule, rule_of_policy
from models.domain.plan import PlannedTask
from models.domain.policies import Policy
from models.task_deciding import TaskDeciding
from scheduler.engaging import Parts
from scheduler.plan_record import PlanRecord
from scheduler.task_facts import TaskFacts


class FalloutPolicies:
    """Asks policies what to do about the held tasks of one plan."""

    def __init__(self, parts: Parts, record: PlanRecord, deciding: TaskDeciding, facts: TaskFacts) -> None:
        """Ask for this plan."""
        self._parts = parts
        self._record = record
        self._deciding = deciding
        self._facts = facts

    async def about(self, held: Sequence[tuple[PlannedTask, Hold]]) -> dict[str, list[Rule]]:
        """What policies would do about these tasks, by the task's key, each as a rule that does the same.

        Nobody is asked about a task that was helped so often that nothing but people may help it.

        Raises:
            Unavailable: the database cannot be reached.
        """
        policies = await self._deciding.policies(FALLOUT)
        if not policies:
            return {}
        open_ones = [one for one in held if self._applied(one[0]) < MAX_APPLIED]
        said = await asyncio.gather(*(self._asked(task, hold, policies) for task, hold in open_ones))
        return {task.key: rules for (task, _), rules in zip(open_ones, said, strict=True)}

    def _applied(self, task: PlannedTask) -> int:
        return sum((self._record.progress.run[task.key].ruled or {}).values())

    async def _asked(self, task: PlannedTask, hold: Hold, policies: Sequence[Policy]) -> list[Rule]:
        run, task_id = self._record.progress.run[task.key], self._record.task_id(task.key)
        stored = await self._parts.store.get("task", task_id) or {}
        context = {
            **await self._facts.of(task),
            "error": {"code": hold.code, "reason": hold.reason},
            "fulfiller": hold.fulfiller,
            "attempts": hold.attempts,
            "count": hold.count,
            "actions": list(actions(hold.code, hold.operation)),
            "input": stored.get("directive", {}).get("input", stored.get("input")),
        }
        occasion = f"{task.key}:{run.revision}.{hold.count}"
        made = await self._deciding.decide(FALLOUT, policies, occasion, context, task=task_id)
        found = (rule_of_policy(one["policy"], one["result"]) for one in made)
        return [rule for rule in found if rule is not None]
