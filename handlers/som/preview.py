"""What would be done for an order, without doing it."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import orjson

from handlers.body import require_body
from handlers.dependencies import Dependencies, dry_deciding
from handlers.errors import CannotBePlanned
from handlers.exchange import Reply, Request
from handlers.som.choices import Choices
from handlers.som.fulfiller_health import FulfillerHealth, standings
from handlers.som.plan_bodies import decision_body, item_body, service_body, task_body
from handlers.validation import BodyCheck
from models.aside import aside_if_big
from models.decomposing import CHOSEN
from models.domain.errors import InvalidRequest
from models.domain.fulfiller import FulfillerDefinition
from models.domain.fulfilment import RUN_BY_US
from models.domain.order_items import items_of
from models.domain.plan import Plan, PlannedTask
from models.domain.snapshot import Snapshot
from models.domain.transients import without_transients
from models.ids import new_id
from models.new_orders import LOWEST_PRIORITY
from models.planning import plan_order
from models.policy_preview import PolicyPreview
from models.reading import reading
from models.surface import Surface

Document = dict[str, Any]
_BYTES_OF_A_TASK = 1_000


class PlanPreview:
    """Previews plans."""

    def __init__(self, dependencies: Dependencies, surface: Surface, order_check: BodyCheck) -> None:
        """Plan with these; `order_check` is the schema of an order to be placed."""
        self._store = dependencies.store
        self._clock = dependencies.clock
        self._catalogue = dependencies.catalogue
        self._inventory = dependencies.inventory
        self._surface = surface
        self._order_check = order_check
        self._health = FulfillerHealth(dependencies)
        self._deciding = partial(dry_deciding, dependencies)

    async def create(self, request: Request) -> Reply:
        """Answer the plan that an order would get.

        Raises:
            InvalidRequest: the order would not be accepted.
            CannotBePlanned: it would be accepted, and then rejected, also because policies deny it.
        """
        order = require_body(request)
        await aside_if_big(request.size, self._order_check.check, order)
        items = await aside_if_big(request.size, items_of, order)
        await self._surface.check_order(request.caller, items, request.size)
        policies = self._policies(request, order)
        catalogue, inventory = self._catalogue, self._inventory
        try:
            asked = await policies.prepare(catalogue, inventory)
            body, at, chosen = asked["body"], self._clock.text(), asked.get(CHOSEN)
            plan, snapshot = await plan_order(asked["_id"], request.caller, body, catalogue, inventory, at, chosen)
        except InvalidRequest as error:
            raise CannotBePlanned(str(error)) from error
        choices = await self._choices(request.caller.tenant, body, plan, snapshot)
        await choices.ask(policies)
        preview = await aside_if_big(len(plan.tasks) * _BYTES_OF_A_TASK, _preview, request, order, plan, choices)
        preview["policyDecision"] = policies.decisions
        return Reply(200, orjson.dumps(preview))

    def _policies(self, request: Request, order: Document) -> PolicyPreview:
        """Who asks policies about the order, which has an id that nobody else has, and no values that are not kept."""
        given: Document = {"_id": new_id(), "tenant": request.caller.tenant, "created": self._clock.now()}
        given["body"] = without_transients(order)
        return PolicyPreview(self._store, self._clock, self._deciding(), given)

    async def _choices(self, tenant: str, order: Document, plan: Plan, snapshot: Snapshot) -> Choices:
        with reading():
            documents = await self._store.collection("fulfiller").find({"tenant": tenant}, {"secret": 0}).to_list()
        fulfillers = [FulfillerDefinition.from_document(document) for document in documents]
        builders, now = await self._builders(tenant, plan), self._clock.now()
        standing = standings(await self._health.states(tenant), now)
        return Choices(order, plan, snapshot.services, builders, fulfillers, now, standing)

    async def _builders(self, tenant: str, plan: Plan) -> dict[str, Sequence[Mapping[str, Any]]]:
        """Who built the services that the order changes, by their id."""
        existing = [service.id for service in plan.services if service.action in ("modify", "delete")]
        if not existing:
            return {}
        known = {"_id": {"$in": existing}, "tenant": tenant, "builtBy": {"$exists": True}}
        with reading():
            found = await self._store.collection("service").find(known, {"builtBy": 1}).to_list()
        return {document["_id"]: document["builtBy"] for document in found}


def _preview(request: Request, order: Document, plan: Plan, choices: Choices) -> Document:
    text = order.get("priority")
    return {
        "state": "preview",
        "priority": int(text) if text in ("0", "1", "2", "3", "4") else LOWEST_PRIORITY,
        "item": [item_body(item) for item in plan.items],
        "service": [service_body(service) for service in plan.services],
        "task": [_task(request, task, choices) for task in plan.tasks],
    }


def _task(request: Request, task: PlannedTask, choices: Choices) -> Document:
    if task.kind in RUN_BY_US:
        return task_body(task)
    decision, situation = choices.of(task)
    told = {**decision.to_document(), "situation": situation.to_document()}
    return {
        **task_body(task),
        "fulfiller": decision.chosen,
        "decision": decision_body(told, lambda key: request.url(f"/fulfiller/{key}")),
    }
