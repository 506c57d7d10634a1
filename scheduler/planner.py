"""Plans from what catalogue and inventory say at the moment."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.catalogue import Catalogue
from models.clock import Clock
from models.decomposing import CHOSEN
from models.domain.caller import ENGINE, Caller
from models.domain.deletions import delete_tasks
from models.domain.errors import InvalidRequest
from models.domain.plan import Plan, PlannedTask
from models.enabling import BuiltByOthers, EnablingServices
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
    enabling: EnablingServices

    async def plan(self, order: Document) -> Plan:
        """The plan of a stored order (`chosen`: see `Decomposing`), which has claimed what others may want to share.

        What was claimed is looked for once more: whoever had claimed it before may have built it in between.

        Raises:
            InvalidRequest: the business says no.
            BuiltByOthers: it needs what other orders are building; nothing is claimed.
        """
        claimed: dict[str, str] = {}
        try:
            while True:
                plan = await self._plan(order)
                wanted = {service.share: service.id for service in plan.services if service.share}
                if wanted.keys() <= claimed.keys():
                    break
                await self._claim(order, wanted)
                claimed |= wanted
        except (InvalidRequest, BuiltByOthers):
            await self._give_up(order, claimed, ())
            raise
        await self._give_up(order, claimed, wanted)
        return plan

    async def _plan(self, order: Document) -> Plan:
        caller, at = _engine(order["tenant"]), self.clock.text()
        body, chosen = order["body"], order.get(CHOSEN)
        plan, _ = await plan_order(order["_id"], caller, body, self.catalogue, self.inventory, at, chosen)
        if plan.awaits:
            raise BuiltByOthers(plan.awaits)
        return plan

    async def _claim(self, order: Document, wanted: Mapping[str, str]) -> None:
        others = await self.enabling.claim(order["tenant"], order["_id"], wanted)
        if others:
            raise BuiltByOthers(others)

    async def _give_up(self, order: Document, claimed: Collection[str], besides: Collection[str]) -> None:
        """Let go of claims that the order has no use for; also of those of an earlier try that broke off."""
        if order.get("fence", 1) > 1 or len(claimed) > len(besides):
            await self.enabling.release_all(order["tenant"], order["_id"], besides)

    async def deletion(self, tenant: str, order_id: str, services: Sequence[tuple[str, str]]) -> list[PlannedTask]:
        """The delete tasks of services (item path, id) that an order has built.

        Raises:
            InvalidRequest: they cannot be deleted.
        """
        ids = [service for _, service in services]
        snapshot = await load_services(
            order_id, _engine(tenant), ids, self.catalogue, self.inventory, self.clock.text()
        )
        return delete_tasks(order_id, snapshot, services)
