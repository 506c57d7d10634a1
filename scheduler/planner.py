"""Plans from what catalogue and inventory say at the moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from models.catalogue import Catalogue
from models.clock import Clock
from models.domain.caller import ENGINE, Caller
from models.domain.deletions import delete_tasks
from models.domain.plan import Plan, PlannedTask
from models.inventory import Inventory
from models.planning import load_services, plan_order

Document = dict[str, Any]


def _engine(tenant: str) -> Caller:
    return Caller(ENGINE.subject, ENGINE.roles, tenant)


@dataclass(frozen=True, slots=True)
class Planner:
    """Decomposes orders."""

    catalogue: Catalogue
    inventory: Inventory
    clock: Clock

    async def plan(self, order: Document) -> Plan:
        """The plan of a stored order.

        Raises:
            InvalidRequest: the business says no.
        """
        caller, body = _engine(order["tenant"]), order["body"]
        plan, _ = await plan_order(order["_id"], caller, body, self.catalogue, self.inventory, self.clock.text())
        return plan

    async def deletion(self, tenant: str, order_id: str, services: Sequence[tuple[str, str]]) -> list[PlannedTask]:
        """The delete tasks of services (item path, id) that an order has built.

        Raises:
            InvalidRequest: they cannot be deleted.
        """
        ids = [service for _, service in services]
        snapshot = await load_services(_engine(tenant), ids, self.catalogue, self.inventory, self.clock.text())
        return delete_tasks(order_id, snapshot, services)
