"""What stands on the server before it is fuzzed, so that generated requests meet more than 404.

The seeds are made over HTTP where a client can make them, and in the store where only the engine would.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from models.callback_token import CallbackTokens
from models.domain.lifecycles import SERVICE_ORDER
from models.store import Store, connect
from tests.contract.plans import call, hold_task, store_delivery, store_events, store_plan
from tests.contract.samples import (
    CANCELS,
    CATALOG,
    FULFILLERS,
    INVENTORY,
    LOGICAL_RESOURCES,
    ORDERING,
    ORDERS,
    PHYSICAL_RESOURCES,
    PROCESS_FLOWS,
    PROCESSES,
    RESOURCE_INVENTORY,
    RESOURCE_INVENTORY_V5,
    RESOURCES,
    RESOURCES_V5,
    SERVICES,
    SOM,
    SPECIFICATIONS,
    fulfiller,
    order,
    physical_resource,
    resource,
    service,
    specification,
)

# The specification that orders, services and fulfillers of the samples refer to.
SPECIFICATION = "vpn-1"

# A DELETE takes a resource away for good; each of these is there for one.
_DISPOSABLE = 30
_PLANS = 4

Ids = dict[str, list[str]]


@dataclass
class Seeds:
    """Makes the seeds; `ids` then holds what may stand for the parameter of a path.

    Attributes:
        ids: values by method and path, such as `GET /som/v1/plan/{id}`, or by path alone.
    """

    http: httpx.AsyncClient
    store: Store
    tokens: CallbackTokens
    ids: Ids = field(default_factory=dict)

    async def make(self) -> None:
        """Make all of them."""
        await self._posted(SPECIFICATIONS, specification(SPECIFICATION))
        await self._several(SPECIFICATIONS, specification)
        await self._several(SERVICES, lambda _: service())
        await self._several(RESOURCES, lambda _: resource())
        await self._several(LOGICAL_RESOURCES, lambda _: resource())
        await self._several(RESOURCES_V5, lambda _: resource(allocationStatus="available"))
        await self._several(PHYSICAL_RESOURCES, lambda _: physical_resource())
        await self._several(FULFILLERS, fulfiller)
        await self._people()
        await self._orders()
        for base in (ORDERING, INVENTORY, RESOURCE_INVENTORY, RESOURCE_INVENTORY_V5, CATALOG, PROCESSES):
            hub = f"{base}/hub"
            hooks = [{"callback": f"http://127.0.0.1:9/{number}"} for number in range(_DISPOSABLE)]
            self.ids[f"{hub}/{{id}}"] = [await self._posted(hub, body) for body in hooks]
        self.ids[f"{SOM}/hubListener/{{id}}"] = self.ids[f"{ORDERING}/hub/{{id}}"]
        await self._plans()

    async def _several(self, path: str, body: Any) -> None:
        """A few that stay, and more that may be deleted."""
        kept = [await self._posted(path, body(f"kept-{number}")) for number in range(4)]
        gone = [await self._posted(path, body(f"gone-{number}")) for number in range(_DISPOSABLE)]
        self.ids[f"{path}/{{id}}"] = kept
        self.ids[f"DELETE {path}/{{id}}"] = gone

    async def _people(self) -> None:
        """Process flows with a task flow each; what stands in another thing is known by both ids, joined by `/`."""
        await self._several(PROCESS_FLOWS, lambda name: {"processFlowSpecification": name})
        inner = f"{PROCESS_FLOWS}/{{processFlowId}}/taskFlow"
        kept = self.ids[f"{PROCESS_FLOWS}/{{id}}"]
        self.ids[inner] = kept

        async def task(outer: str) -> str:
            form = {"required": ["port"], "properties": {"port": {"type": "integer"}}}
            body = {"name": "Survey", "queue": "surveyors", "form": form}
            return f"{outer}/{await self._posted(inner.replace('{processFlowId}', outer), body)}"

        self.ids[f"{inner}/{{id}}"] = [await task(outer) for outer in kept]
        self.ids[f"DELETE {inner}/{{id}}"] = [await task(kept[0]) for _ in range(_DISPOSABLE)]

    async def _orders(self) -> None:
        """Orders in every state, requests to cancel some, and orders that have ended, to be deleted."""
        states = list(_every_state())
        kept = [await self._posted(ORDERS, order()) for _ in states]
        gone = [await self._posted(ORDERS, order()) for _ in range(_DISPOSABLE)]
        # Asked for while all are acknowledged: what has ended cannot be cancelled any more.
        wishes = [{"serviceOrder": {"id": key}} for key in kept[: len(states) // 2]]
        self.ids[f"{CANCELS}/{{id}}"] = [await self._posted(CANCELS, wish) for wish in wishes]
        for key, state in [*zip(kept, states, strict=True), *((key, "completed") for key in gone)]:
            change = {"$set": {"body.state": state, "body.serviceOrderItem.0.state": state}, "$unset": {"due": ""}}
            await self.store.collection("serviceOrder").update_one({"_id": key}, change)
        self.ids[f"{ORDERS}/{{id}}"] = kept
        self.ids[f"DELETE {ORDERS}/{{id}}"] = gone

    async def _plans(self) -> None:
        """Plans with tasks, events and deliveries, as the engine and the notifier leave them."""
        plans = self.ids[f"{ORDERS}/{{id}}"][:_PLANS]
        events, deliveries = [], []
        subscription = self.ids[f"{ORDERING}/hub/{{id}}"][0]
        for key, state in zip(plans, ("pending", "dead", "delivered", "dead"), strict=True):
            await store_plan(self.store, key)
            await store_events(self.store, key, 2)
            events.append(f"{key}-e1")
            deliveries.append(await store_delivery(self.store, subscription, f"{key}-e1", state))
        self.ids[f"{SOM}/plan/{{id}}"] = self.ids[f"{SOM}/plan/{{id}}/task"] = plans
        self.ids[f"{SOM}/task/{{id}}"] = [task["_id"] for task in await self._all("task")]
        self.ids[f"{SOM}/callback/{{token}}"] = [self.tokens.issue(call(plan)) for plan in plans]
        self.ids[f"{SOM}/notification/{{token}}"] = [self.tokens.issue_for_hub("kept-0")]
        held = [await hold_task(self.store, plan) for plan in plans[2:]]
        for path in ("fallout/{id}", "fallout/{id}/intervention"):
            self.ids[f"{SOM}/{path}"] = held
        self.ids[f"{SOM}/order/{{id}}/explanation"] = plans
        self.ids[f"{SOM}/fulfiller/{{id}}/health"] = self.ids[f"{SOM}/fulfiller/{{id}}"]
        self.ids[f"{SOM}/event/{{id}}"] = events
        self.ids[f"{SOM}/delivery/{{id}}"] = deliveries
        self.ids[f"{SOM}/delivery/{{id}}/replay"] = deliveries
        # A stream ends when the order has ended and all of it has been told; any other one would go on.
        ended = self.ids[f"{ORDERS}/{{id}}"][:2]
        final = {"$set": {"body.state": "completed", "seq": 2}}
        await self.store.collection("serviceOrder").update_many({"_id": {"$in": ended}}, final)
        self.ids[f"{SOM}/order/{{id}}/stream"] = ended
        for name in ("secret", "replay"):
            self.ids[f"{SOM}/hubListener/{{id}}/{name}"] = self.ids[f"{SOM}/hubListener/{{id}}"]

    async def _all(self, collection: str) -> list[dict[str, Any]]:
        return await self.store.collection(collection).find({}).to_list()

    async def _posted(self, path: str, body: dict[str, Any]) -> str:
        answer = await self.http.post(path, json=body)
        assert answer.status_code == 201, answer.text
        key: str = answer.json()["id"]
        return key


def _every_state() -> Iterator[str]:
    for state in sorted(SERVICE_ORDER.states):
        yield from (state, state)


async def make_seeds(url: str, mongodb_url: str, database: str, tokens: CallbackTokens) -> Ids:
    """Make the seeds on a running server with this database; answers what may stand for the parameters of paths."""
    async with httpx.AsyncClient(base_url=url) as http, connect(mongodb_url) as client:
        seeds = Seeds(http, Store(client, database), tokens)
        await seeds.make()
        return seeds.ids
