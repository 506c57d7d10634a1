"""Choosing the fulfiller of a task: the situation, how everybody is, the policy, and the decision as it is kept."""

from dataclasses import dataclass, replace
from typing import Any

from models.domain.fulfiller import FulfillerDefinition
from models.domain.plan import Capability
from models.domain.selection import Decision
from models.domain.situation import Situation
from scheduler.directory import Directory
from scheduler.health import Health

Document = dict[str, Any]
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Chosen:
    """A decision, with what it was made on.

    Attributes:
        definition: of the fulfiller to be called; None where nobody was chosen.
        stays: the task stays with the fulfiller that has it already, whoever would be chosen anew.
    """

    decision: Decision
    capability: Capability
    situation: Situation
    definition: FulfillerDefinition | None
    stays: bool = False

    @property
    def taker(self) -> str:
        """Id of the fulfiller to be called; empty where nobody was chosen."""
        return self.definition.id if self.definition is not None else ""

    def to_document(self) -> Document:
        """As kept with the task."""
        return {**self.decision.to_document(), "situation": self.situation.to_document()}


class Choice:
    """Chooses among the registered fulfillers of one tenant."""

    def __init__(self, directory: Directory, health: Health, tenant: str) -> None:
        """Choose among these, as they are."""
        self._directory = directory
        self._health = health
        self._tenant = tenant

    async def of(
        self, capability: Capability, situation: Situation, task_id: str, engaged: str | None = None
    ) -> Chosen:
        """Choose for a task. Where the chosen one's breaker is half open, this task is the one to try.

        Args:
            capability: what the task needs.
            situation: of the task, but for how the fulfillers are.
            task_id: its document's.
            engaged: the fulfiller that has it, and was called surely without effect: it keeps the task unless a filter
                turns it away by now.
        """
        chosen = await self._look(capability, situation, engaged)
        for _ in range(_TRIES):
            definition = chosen.definition
            if definition is None or not self._health.half_open(definition.id):
                break
            if await self._health.take_trial(definition):
                break
            chosen = await self._look(capability, situation, engaged)
        if chosen.definition is not None:
            self._health.reserve(chosen.definition, task_id)
        return chosen

    async def _look(self, capability: Capability, situation: Situation, engaged: str | None) -> Chosen:
        chosen = await self.look(capability, situation)
        if engaged is None or chosen.decision.turned_away(engaged):
            return chosen
        return replace(chosen, definition=await self._directory.definition(self._tenant, engaged), stays=True)

    async def look(self, capability: Capability, situation: Situation) -> Chosen:
        """Who would be chosen at this moment; nothing is taken."""
        await self._health.refresh()
        await self._health.count_open(await self._directory.limited(self._tenant))
        situation = replace(situation, standing=self._health)
        decision = await self._directory.decide(self._tenant, capability, situation)
        chosen = decision.chosen
        definition = await self._directory.definition(self._tenant, chosen) if chosen is not None else None
        return Chosen(decision, capability, situation, definition)
