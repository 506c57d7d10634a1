"""Choosing fulfillers for the tasks of one plan, where policies have a say.

They are asked once for each choice, before anybody has a place in line for it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from models.deciding import ASKED_AGAIN_SECONDS
from models.domain.advice import Advice, advice_of
from models.domain.decision_points import HELD, SELECT
from models.domain.fallout import POLICY_SILENT
from models.domain.fulfiller import FulfillerDefinition
from models.domain.plan import Capability, PlannedTask
from models.domain.policy_facts import candidate
from models.domain.progress import TaskRun
from models.domain.situation import Situation
from models.task_deciding import TaskDeciding
from scheduler.choice import Choice, Chosen
from scheduler.engaging import Held, Parts
from scheduler.plan_record import PlanRecord
from scheduler.settlement import error
from scheduler.situations import Situations
from scheduler.task_facts import TaskFacts

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing is decided yet about a task: its policies are asked again.

    Attributes:
        due: when.
        error: why, as the task keeps it meanwhile.
    """

    due: datetime
    error: Document


class Choosing:
    """Chooses for the tasks of one plan."""

    def __init__(
        self, parts: Parts, record: PlanRecord, situations: Situations, deciding: TaskDeciding, facts: TaskFacts
    ) -> None:
        """Work for this plan; policies are asked by `deciding`, and told `facts`."""
        self._parts = parts
        self._record = record
        self._situations = situations
        self._deciding = deciding
        self._facts = facts
        self._choice = Choice(parts.directory, parts.health, record.tenant)

    async def choose(
        self,
        task: PlannedTask,
        run: TaskRun,
        given_up: frozenset[str],
        engaged: str | None,
        former: Document | None,
    ) -> Chosen | Held | Later:
        """Choose a fulfiller; a choice that is not held has one.

        Args:
            task: the task.
            run: where it stands.
            given_up: who was tried for it in vain.
            engaged: who has it, and was called surely without effect.
            former: the choice before.

        Raises:
            Unavailable: the database cannot be reached.
        """
        capability, situation = await self._situations.of(task, given_up)
        advised = await self._advised(task, run, capability, situation)
        if isinstance(advised, Later):
            return advised
        found = await self._choice.of(capability, advised, self._record.task_id(task.key), engaged)
        if found.definition is not None:
            return found
        wanted, message = found.capability.to_document(), found.decision.reason
        return Held("noFulfiller", "No fulfiller for this task", message, found.to_document(), wanted, former)

    async def alternatives(self, task: PlannedTask, fulfiller: str) -> list[str]:
        """Who shall not be asked again for a task that its fulfiller could not be reached for, as others are left.

        Returns:
            The fulfillers that were tried in vain; empty where nobody else can have the task.
        """
        stored = await self._parts.store.get("task", self._record.task_id(task.key)) or {}
        given_up = frozenset([*stored.get("givenUp", ()), fulfiller])
        capability, situation = await self._situations.of(task, given_up)
        situation = replace(situation, advice=recalled(stored.get("decision")))
        found = await self._choice.look(capability, situation)
        return sorted(given_up) if found.definition is not None else []

    async def options(self, task: PlannedTask) -> Document:
        """Who could do a task, as a decision that nobody has made yet.

        Raises:
            Unavailable: the database cannot be reached.
        """
        return (await self._choice.look(*await self._situations.of(task))).to_document()

    async def _advised(
        self, task: PlannedTask, run: TaskRun, capability: Capability, situation: Situation
    ) -> Situation | Later:
        """The situation with what policies say of those who could have the task.

        Nobody is asked where nobody could have it anyway, and nobody twice about the same candidates while the task is
        tried again.

        Raises:
            Unavailable: the database cannot be reached.
        """
        policies = await self._deciding.policies(SELECT)
        if not policies:
            return situation
        able = (await self._choice.look(capability, situation)).decision.able
        if not able:
            return situation
        found = [await self._parts.directory.definition(self._record.tenant, key) for key in able]
        candidates = [one for one in found if one is not None]
        context = {**await self._facts.of(task), "candidates": [self._told(one, situation) for one in candidates]}
        occasion = _occasion(task, run, able, situation)
        task_id = self._record.task_id(task.key)
        made = await self._deciding.decide(SELECT, policies, occasion, context, task=task_id)
        if held := [one for one in made if one["state"] == HELD]:
            return self._later(task, held)
        named = [(one.id, one.name) for one in candidates]
        advice = tuple(advice_of(one["policy"], one["result"], named) for one in made)
        return replace(situation, now=self._parts.clock.now(), advice=advice)

    def _told(self, one: FulfillerDefinition, situation: Situation) -> Document:
        return candidate(one, situation.builder, self._parts.health[one.id].in_flight)

    def _later(self, task: PlannedTask, held: Sequence[Mapping[str, Any]]) -> Later:
        now, names = self._parts.clock.now(), ", ".join(one["policy"] for one in held)
        why = held[0]["result"].get("reason") or held[0].get("problem") or ""
        message = f"{task.name}: the policy {names} has not said who may do it. {why}"
        due = now + timedelta(seconds=ASKED_AGAIN_SECONDS)
        return Later(due, error(POLICY_SILENT, "A policy gave no answer", message, now))


def recalled(decision: Mapping[str, Any] | None, in_force: frozenset[str] | None = None) -> tuple[Advice, ...]:
    """What policies had said when a choice was made, as it is kept with that.

    Args:
        decision: the choice as stored.
        in_force: ids of the policies that are asked by now; what others have said does not count any more.
    """
    stored = ((decision or {}).get("situation") or {}).get("advice") or ()
    found = (Advice.from_document(one) for one in stored)
    return tuple(one for one in found if in_force is None or one.policy in in_force)


def _occasion(task: PlannedTask, run: TaskRun, able: Sequence[str], situation: Situation) -> str:
    """Tells a choice from others for the same task: by what can only be answered anew."""
    about = "\x1f".join([*sorted(able), "", *sorted(situation.given_up)])
    return f"{task.key}:{run.revision}.{run.holds}.{hashlib.sha256(about.encode()).hexdigest()[:12]}"
