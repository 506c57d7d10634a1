"""Process flows that run a recipe: one that was stored gets its plan, and is run as an order is."""

from typing import Any

from models.clock import Clock
from models.domain.flow_runs import OWNER, plan_of_run
from models.store import Store
from scheduler.claims import Claims
from scheduler.new_plans import NewPlans
from scheduler.plan_record import PlanRecord

Document = dict[str, Any]


class FlowIntake:
    """Plans process flows. Whatever could be refused was refused when they were stored."""

    def __init__(self, store: Store, clock: Clock, claims: Claims) -> None:
        """Plan what these claims have claimed."""
        self._store = store
        self._plans = NewPlans(store, clock, claims, OWNER)

    async def take(self, flow: Document) -> PlanRecord:
        """Make the plan of a claimed process flow and hold it.

        Raises:
            LeaseLost: it has a plan already, which whoever holds it shows in it.
        """
        if flow.get("fence", 1) > 1 and await self._store.get("plan", flow["_id"]) is not None:
            await self._plans.leave(flow)
        name, version = flow["recipe"]
        return await self._plans.hold(flow, plan_of_run(name, version))
