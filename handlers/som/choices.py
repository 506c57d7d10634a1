"""Which fulfillers the tasks of a plan would get that is only looked at."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from models.domain.advice import Advice
from models.domain.draft import as_seen
from models.domain.fulfiller import FulfillerDefinition
from models.domain.fulfilment import RUN_BY_US
from models.domain.order_view import item_at
from models.domain.plan import Plan, PlannedService, PlannedTask
from models.domain.policy_facts import candidate, task_facts
from models.domain.selection import Decision, Selection
from models.domain.situation import Situation, Standing, parties_of, places_of
from models.policy_preview import MOST_TASKS, PolicyPreview

Body = Mapping[str, Any]


@dataclass(slots=True)
class Choices:
    """Chooses as the engine would.

    Attributes:
        order: the order.
        plan: its plan.
        existing: bodies of services that are there already, by id.
        builders: {specification, fulfiller} of those who built them, by the service's id.
        fulfillers: those that are registered.
        now: the present moment.
        standing: of the fulfillers that are not well, by id.
    """

    order: Body
    plan: Plan
    existing: Mapping[str, Body]
    builders: Mapping[str, Sequence[Body]]
    fulfillers: Sequence[FulfillerDefinition]
    now: datetime
    standing: Mapping[str, Standing]
    _services: dict[str, PlannedService] = field(init=False)
    _selection: Selection = field(init=False)
    _advice: dict[str, tuple[Advice, ...]] = field(init=False)

    def __post_init__(self) -> None:
        """Index the services."""
        self._services = {service.id: service for service in self.plan.services}
        self._selection = Selection(self.fulfillers)
        self._advice = {}

    async def ask(self, policies: PolicyPreview) -> None:
        """Have policies say who shall have the tasks, the first `policy_preview.MOST_TASKS` of them.

        Raises:
            Unavailable: the database cannot be reached.
        """
        if not await policies.selects():
            return
        tasks = [task for task in self.plan.tasks if task.kind not in RUN_BY_US][:MOST_TASKS]
        await asyncio.gather(*(self._asked(policies, task) for task in tasks))

    async def _asked(self, policies: PolicyPreview, task: PlannedTask) -> None:
        decision, situation = self.of(task)
        able = [one for key in decision.able for one in self.fulfillers if one.id == key]
        if not able:
            return
        item = next(one for one in self.plan.items if one.path == task.item)
        told = {name: value for name, value in item_at(self.order, item.pointer).items() if name != "serviceOrderItem"}
        context = {
            "task": task_facts(task, None, 0),
            "item": told,
            "service": situation.service,
            "candidates": [candidate(one, situation.builder, self._under_way(one.id)) for one in able],
        }
        named = [(one.id, one.name) for one in able]
        self._advice[task.key] = await policies.advice(task.key, context, named)

    def _under_way(self, fulfiller: str) -> int:
        return self.standing[fulfiller].in_flight if fulfiller in self.standing else 0

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
            advice=self._advice.get(task.key, ()),
        )
        return self._selection.select(capability, situation), situation

    def _lineage(self, service: str) -> list[Body]:
        """The service as it is, or else as it is to be, and what it is a part of."""
        found: list[Body] = []
        key: str | None = service
        while key is not None:
            planned = self._services.get(key)
            found.append(self.existing.get(key) or (planned.body if planned else {}))
            key = planned.parent if planned else None
        return found
