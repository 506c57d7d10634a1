"""What a choice of fulfiller for a task of a plan depends on, gathered from order and services."""

from collections.abc import Mapping
from typing import Any

from models.clock import Clock
from models.domain.plan import Capability, PlannedTask
from models.domain.situation import Situation, parties_of, places_of
from scheduler.context import service_view
from scheduler.plan_record import PlanRecord
from scheduler.services import Services

Document = dict[str, Any]


class Situations:
    """Tells the situation of the tasks of one plan."""

    def __init__(self, clock: Clock, record: PlanRecord, services: Services, order: Mapping[str, Any]) -> None:
        """Look at this plan, its services and its order."""
        self._clock = clock
        self._record = record
        self._services = services
        self._order = order

    async def of(self, task: PlannedTask, given_up: frozenset[str] = frozenset()) -> tuple[Capability, Situation]:
        """What the task needs, and its situation but for how the fulfillers are.

        Args:
            task: the task.
            given_up: fulfillers that were tried for it in vain.
        """
        lineage = await self._lineage(task.service) if task.service else []
        body = lineage[0] if lineage else {}
        capability = task.capability.also_of(body.get("category"))
        situation = Situation(
            key=task.key,
            now=self._clock.now(),
            places=places_of(lineage),
            parties=parties_of((self._order, body)),
            service=service_view(body),
            builder=self._services.builder(task.service, work_of(capability)),
            given_up=given_up,
        )
        return capability, situation

    async def _lineage(self, service: str) -> list[Document]:
        """The service, and, unless it has a place itself, what it is a part of, up to one that has a place."""
        found: list[Document] = []
        key: str | None = service
        while key is not None:
            body = (await self._services.read([key])).get(key)
            if body is not None:
                found.append(body)
                if body.get("place"):
                    break
            planned = self._record.services.get(key)
            key = planned.parent if planned is not None else None
        return found


def work_of(capability: Capability) -> str:
    """The kind of work that a service's builder is remembered for: the family, or else the specification."""
    return capability.name or capability.specification
