"""Which fulfillers the tasks of a plan would get that is only looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from models.domain.draft import as_seen
from models.domain.plan import Plan, PlannedService, PlannedTask
from models.domain.selection import Decision, Selection
from models.domain.situation import Situation, Standing, parties_of, places_of

Body = Mapping[str, Any]


@dataclass(slots=True)
class Choices:
    """Chooses as the engine would.

    Attributes:
        order: the order.
        plan: its plan.
        existing: bodies of services that are there already, by id.
        builders: {specification, fulfiller} of those who built them, by the service's id.
        selection: the policy over the registered fulfillers.
        now: the present moment.
        standing: of the fulfillers that are not well, by id.
    """

    order: Body
    plan: Plan
    existing: Mapping[str, Body]
    builders: Mapping[str, Sequence[Body]]
    selection: Selection
    now: datetime
    standing: Mapping[str, Standing]
    _services: dict[str, PlannedService] = field(init=False)

    def __post_init__(self) -> None:
        """Index the services."""
        self._services = {service.id: service for service in self.plan.services}

    def of(self, task: PlannedTask) -> tuple[Decision, Situation]:
        """The decision for a task, and what it was made on."""
        lineage = self._lineage(task.service)
        capability = task.capability.also_of(lineage[0].get("category"))
        work = capability.name or capability.specification
        built = (entry["fulfiller"] for entry in self.builders.get(task.service, ()) if entry["specification"] == work)
        situation = Situation(
            key=task.key,
            now=self.now,
            places=places_of(lineage),
            parties=parties_of((self.order, lineage[0])),
            service=as_seen(lineage[0]),
            builder=next(built, None),
            standing=self.standing,
        )
        return self.selection.select(capability, situation), situation

    def _lineage(self, service: str) -> list[Body]:
        """The service as it is, or else as it is to be, and what it is a part of."""
        found: list[Body] = []
        key: str | None = service
        while key is not None:
            planned = self._services.get(key)
            found.append(self.existing.get(key) or (planned.body if planned else {}))
            key = planned.parent if planned else None
        return found
