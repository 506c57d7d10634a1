"""Orders that take resources out of pools, for the tests of the engine."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from adapters.pool import REGISTRATION
from models import outbox
from models.domain.caller import DEFAULT_TENANT
from models.domain.plan import Capability, Plan
from models.pools.administration import PoolAdministration
from models.pools.pools import ResourcePoolStore
from tests.integration.engine.harness import Document, Harness, plan_of

POOL = "vlans"
QUARANTINE = 3600.0


async def with_pool(harness: Harness, first: int = 1, last: int = 2, **policy: Any) -> None:
    """Register the server's pools, and make one of a few numbers whose quarantine outlasts the test."""
    document = {"_id": REGISTRATION["id"], "tenant": DEFAULT_TENANT, "body": dict(REGISTRATION)}
    await harness.store.insert("fulfiller", outbox.first(document, [], harness.clock.now()))
    body = {"id": POOL, "name": POOL, "kind": "discrete", "quarantine": QUARANTINE, **policy}
    await administration(harness).create(DEFAULT_TENANT, body, [numbers(first, last)], "anna")


def administration(harness: Harness) -> PoolAdministration:
    assert isinstance(harness.pools, ResourcePoolStore)
    return PoolAdministration(harness.store, harness.clock, harness.pools.turns)


async def grow(harness: Harness, first: int, last: int, **more: Any) -> None:
    await administration(harness).push(DEFAULT_TENANT, POOL, [{**numbers(first, last), **more}], "anna")


def numbers(first: int, last: int) -> Document:
    return {"capacityAmount": {"capacityAmountFrom": str(first), "capacityAmountTo": str(last)}}


def allocating(
    *tasks: str, needs: dict[str, list[str]] | None = None, demand: Document | None = None
) -> Callable[[Document], Plan]:
    """A plan in which the tasks whose name ends in `vlan` allocate one number."""
    plan = plan_of(*tasks, needs=needs)
    asked = {"pool": POOL} if demand is None else demand

    def make(order: Document) -> Plan:
        made = plan(order)
        capability = Capability(POOL, "allocate")
        return replace(made, tasks=tuple(
            replace(task, kind="allocate", capability=capability, input=asked) if task.name.endswith("vlan") else task
            for task in made.tasks
        ))  # fmt: skip

    return make


def revising(
    service: str, *tasks: str, demand: Document | None, needs: dict[str, list[str]] | None = None
) -> Callable[[Document], Plan]:
    """A plan that changes a service: its tasks whose name ends in `vlan` say what numbers it shall have by them."""
    plan = allocating(*tasks, needs=needs, demand=demand)

    def make(order: Document) -> Plan:
        made = plan(order)
        old = {one.id: service for one in made.services if one.item == "1"}
        return replace(
            made,
            items=tuple(
                replace(item, action="modify", services=(service,)) if item.path == "1" else item for item in made.items
            ),
            services=tuple(
                replace(one, id=service, action="modify", body={}) if one.id in old else one for one in made.services
            ),
            tasks=tuple(
                replace(task, service=service, action="modify", input=demand if task.kind == "allocate" else task.input)
                if task.service in old
                else task
                for task in made.tasks
            ),
        )

    return make


async def members(harness: Harness) -> dict[str, str]:
    """How each number that is taken stands, by its value."""
    found = harness.store.collection("resource").find({"pool": POOL, "tenant": DEFAULT_TENANT})
    return {document["body"]["value"]: document["use"] async for document in found}


async def counts(harness: Harness) -> dict[str, int]:
    """The pool's own count."""
    stored = await administration(harness).stored(DEFAULT_TENANT, POOL)
    (counted,) = stored["usage"]
    return {name: int(count) for name, count in counted.items() if name in ("reserved", "used", "quarantined")}
