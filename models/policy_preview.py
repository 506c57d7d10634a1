"""Asking policies about an order that is not placed: they are asked as they would be, and nothing is kept of it."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from models.catalogue import Catalogue
from models.clock import Clock
from models.deciding import Deciding
from models.decomposing import Decomposing
from models.domain.advice import Advice, advice_of
from models.domain.decision_points import ADMISSION, HELD, POINTS, SELECT, Verdict
from models.domain.delays import Delayed
from models.domain.errors import InvalidRequest
from models.domain.policies import denials
from models.inventory import Inventory
from models.policies import PolicyBook, shown
from models.policy_asking import Service
from models.sealing import Sealer
from models.store import Store
from models.task_deciding import TaskDeciding

Document = dict[str, Any]

MOST_TASKS = 100
"""Tasks of a preview for which policies are asked who shall have them; what they say of the items is asked of all."""
NAMES = ("decisionPoint", "item", "policy", "outcome", "result", "problem", "input", "duration", "date")
"""What is told of a decision that is not recorded."""


class DryDeciding(Deciding):
    """Has policies decide without consequences: nothing is recorded, counted or told.

    Attributes:
        made: the decisions, as clients read them; those about tasks with the task's `key` in the plan.
    """

    def __init__(self, store: Store, clock: Clock, book: PolicyBook, service: Service, sealer: Sealer) -> None:
        """Ask what this book names; `sealer` opens the secrets of policy services."""
        super().__init__(store, clock, book, service, lambda *_: None, sealer)
        self.made: list[Document] = []

    async def keep(self, decision: Document, problem: str | None) -> Document:  # noqa: ARG002 - as the one that records
        """Remember a decision for as long as this lives."""
        told = shown(decision)
        kept = {name: told[name] for name in NAMES if name in told}
        self.made.append(kept | ({"task": decision["task"]} if "task" in decision else {}))
        return decision


class PolicyPreview:
    """Asks policies about one order that is not placed."""

    def __init__(self, store: Store, clock: Clock, deciding: DryDeciding, order: Document) -> None:
        """Ask about this order ({_id, tenant, body, created}), whose id nobody else has."""
        self._store = store
        self._clock = clock
        self._deciding = deciding
        self._order = order
        self._asking = TaskDeciding(store, clock, deciding, order, lambda: order["body"], nullcontext)

    @property
    def decisions(self) -> list[Document]:
        """All that was decided so far, in the order of the points."""
        places = {point: place for place, point in enumerate(POINTS)}
        return sorted(self._deciding.made, key=lambda one: (places[one["decisionPoint"]], one["policy"]))

    async def prepare(self, catalogue: Catalogue, inventory: Inventory) -> Document:
        """The order as it would be planned; what would have it wait stands among the decisions.

        Raises:
            InvalidRequest: policies would deny it, or an item, with the reason of each.
            Unavailable: the database cannot be reached.
        """
        await self._admit()
        decomposing = Decomposing(self._store, self._clock, self._deciding, catalogue, inventory)
        try:
            return await decomposing.prepare(self._order)
        except Delayed:
            return self._order

    async def _admit(self) -> None:
        tenant, body = self._order["tenant"], self._order["body"]
        policies = await self._deciding.book.of(tenant)
        if not policies.asks_at(*ADMISSION):
            return
        told = {**self._order, "body": await self._deciding.named(tenant, body)}
        asked = [(point, one) for point in ADMISSION for one in policies.of(point, told["body"])]
        made = await asyncio.gather(*(self._deciding.decide(point, told, policy, "", {}) for point, policy in asked))
        said = [(one["policy"], Verdict.of(one["result"])) for one in made if one["state"] != HELD]
        if found := denials(said):
            raise InvalidRequest(found)

    async def selects(self) -> bool:
        """Whether policies have a say in who does the tasks."""
        return bool(await self._asking.policies(SELECT))

    async def advice(
        self, key: str, context: Mapping[str, Any], named: Sequence[tuple[str, str]]
    ) -> tuple[Advice, ...]:
        """What policies say of those who could have a task.

        Args:
            key: of the task in the plan.
            context: what they are told besides the order.
            named: (id, name) of the candidates.
        """
        policies = await self._asking.policies(SELECT)
        made = await self._asking.decide(SELECT, policies, key, context, task=key)
        return tuple(advice_of(one["policy"], one["result"], named) for one in made if one["state"] != HELD)
