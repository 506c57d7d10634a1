"""Policies in trying again: asked after each failed attempt, before anything is written of what comes of it."""

import asyncio
from collections.abc import Sequence
from typing import Any

from models.domain.decision_points import RETRY
from models.domain.fallout import own_reason
from models.domain.outcomes import Refused, Unreachable
from models.domain.policies import Policy
from models.domain.retry import RetryAdvice, advice_of
from models.task_deciding import TaskDeciding
from scheduler.engaging import Answer, Parts
from scheduler.plan_record import PlanRecord
from scheduler.settlement import TAKEN_ON, schedule_of, settle
from scheduler.task_facts import TaskFacts

Document = dict[str, Any]

UNREACHABLE, UNUSABLE = "unreachable", "unusableAnswer"
"""Codes of what can be tried again."""


class Retrying:
    """Asks policies whether, and when, the tasks of one plan are tried again."""

    def __init__(self, parts: Parts, record: PlanRecord, deciding: TaskDeciding, facts: TaskFacts) -> None:
        """Ask for this plan."""
        self._parts = parts
        self._record = record
        self._deciding = deciding
        self._facts = facts

    async def of(self, answers: Sequence[Answer]) -> dict[str, RetryAdvice]:
        """What policies say after these answers, by the task's key; after most there is nothing to say.

        Raises:
            Unavailable: the database cannot be reached.
        """
        failed = {
            answer.key: answer.outcome
            for answer in answers
            if isinstance(answer.outcome, Unreachable | Refused) and self._can_be_repeated(answer)
        }
        policies = await self._deciding.policies(RETRY) if failed else []
        if not policies:
            return {}
        said = await asyncio.gather(*(self._asked(key, outcome, policies) for key, outcome in failed.items()))
        return {key: one for key, one in zip(failed, said, strict=True) if one is not None}

    def _can_be_repeated(self, answer: Answer) -> bool:
        """Whether it answers a call, not a question about work taken on; and is no refusal, whose cause would stay."""
        refused = isinstance(answer.outcome, Refused) and not answer.outcome.maybe_done
        return not (answer.poll or refused or self._record.progress.run[answer.key].state in TAKEN_ON)

    async def _asked(self, key: str, outcome: Unreachable | Refused, policies: Sequence[Policy]) -> RetryAdvice | None:
        """What they say of one, where it is a question of trying again."""
        task, run = self._record.progress.tasks[key], self._record.progress.run[key]
        directory, tenant = self._parts.directory, self._record.tenant
        definition = await directory.definition(tenant, run.fulfiller) if run.fulfiller else None
        usual = settle(task, run, outcome, definition, self._parts.clock.now())
        code = (usual.changes.get("error") or {}).get("code", UNREACHABLE)
        if usual.state not in ("retrying", "held", "skipped") or code not in (UNREACHABLE, UNUSABLE):
            return None
        schedule = schedule_of(task, definition)
        context = {
            **await self._facts.of(task),
            "error": {"code": code, "reason": own_reason(task, outcome.reason), **_cause(outcome)},
            "fulfiller": run.fulfiller,
            "attempts": run.attempts,
        }
        if isinstance(outcome, Unreachable):
            context["delay"] = schedule.next_delay(run.attempts, outcome.retry_after, task.key)
        occasion = f"{task.key}:{run.revision}.{run.holds}.{run.attempts}.{run.fulfiller}"
        task_id = self._record.task_id(task.key)
        made = await self._deciding.decide(RETRY, policies, occasion, context, task=task_id)
        return advice_of((one["policy"], one["result"]) for one in made)


def _cause(outcome: Unreachable | Refused) -> Document:
    """What happened, in words that a table can test, beside the reason for people."""
    if isinstance(outcome, Refused):
        return {"cause": "unusable", "maybeDone": True}
    found: Document = {"cause": outcome.cause, "maybeDone": outcome.maybe_done}
    return found if outcome.status is None else {**found, "status": outcome.status}
