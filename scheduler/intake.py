"""Intake: an acknowledged order becomes a plan, or is rejected.

The plan is written before anything that follows from it: a crash afterwards finds it by its id, which is the order's.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from models import delays, outbox
from models.clock import Clock
from models.domain.caller import ENGINE
from models.domain.delays import Delay, Delayed
from models.domain.errors import InvalidRequest
from models.domain.lifecycles import SERVICE_ORDER, TASK_FLOW
from models.domain.order_view import error_message
from models.domain.plan import Plan
from models.domain.violations import Violation
from models.enabling import BuiltByOthers, EnablingServices
from models.store import Store
from models.transients import FIELD
from scheduler.claims import Claims, LeaseLost
from scheduler.new_plans import NewPlans
from scheduler.plan_record import ORDER, PlanRecord

Document = dict[str, Any]
_NO_MORE = ("due", "lease", "fault", "awaits", delays.FIELD)
MakePlan = Callable[[Document], Awaitable[Plan]]
Accept = Callable[[Document], Awaitable[None]]
Prepare = Callable[[Document], Awaitable[Document]]


async def everything(_: Document) -> None:
    """Accept every order."""


async def as_it_is(order: Document) -> Document:
    """Plan every order as it was placed."""
    return order


class Intake:
    """Plans orders."""

    def __init__(  # noqa: PLR0913, PLR0917 - what stands between an order and its plan
        self,
        store: Store,
        clock: Clock,
        claims: Claims,
        make_plan: MakePlan,
        accept: Accept = everything,
        prepare: Prepare = as_it_is,
    ) -> None:
        """Make plans with `make_plan`, which raises InvalidRequest where the business says no.

        `make_plan` raises BuiltByOthers where the order has to wait for what other orders are building. `accept`
        is asked before; it raises InvalidRequest where policies deny the order, and Delayed where they have it wait.
        `prepare` may then do the same, and gives the order as it is to be planned.
        """
        self._store = store
        self._clock = clock
        self._claims = claims
        self._make_plan = make_plan
        self._accept = accept
        self._prepare = prepare
        self._enabling = EnablingServices(store, clock)
        self._plans = NewPlans(store, clock, claims, ORDER)

    async def take(self, order: Document) -> PlanRecord | None:
        """Make the plan of a claimed order and hold it.

        Returns:
            The plan, leased by us; None when the order was rejected, or waits for another's service or for a policy.

        Raises:
            LeaseLost: the order has a plan already, which whoever holds it shows in the order.
        """
        # Planned again, it might be rejected by now, for what its plan has done already.
        if order.get("fence", 1) > 1 and await self._store.get("plan", order["_id"]) is not None:
            await self._plans.leave(order)
        try:
            await self._accept(order)
            plan = await self._make_plan(await self._prepare(order))
        except InvalidRequest as refusal:
            await self._reject(order, refusal.violations)
            return None
        except Delayed as delayed:
            await self._put_aside(order, delayed.delay)
            return None
        except BuiltByOthers as others:
            if not await self._enabling.wait(order, others.awaits, self._claims.worker):
                raise LeaseLost from others
            return None
        return await self._plans.hold(order, plan)

    async def _put_aside(self, order: Document, delay: Delay) -> None:
        """Let the order wait; approvals that were given at this very moment wake it at once."""
        if not await delays.put_aside(self._store, self._clock, order, delay, self._claims.worker):
            raise LeaseLost
        for flow in delay.flows:
            found = await self._store.get("taskFlow", flow)
            if found is not None and found["body"]["state"] in TASK_FLOW.final:
                await delays.wake(self._store, self._clock, order["_id"], flow)

    async def _reject(self, order: Document, violations: Sequence[Violation]) -> None:
        """Reject an order that the business cannot accept: every item, and the order, with the reasons.

        One that was held before it could be planned has failed: only an acknowledged one can be rejected.
        """
        now = self._clock.text()
        body = order["body"]
        state = "rejected" if body["state"] == "acknowledged" else "failed"
        errors = [
            error_message(found.code, "The order was rejected", str(found), now, "ServiceOrder") for found in violations
        ]
        fields: Document = {"body.state": state, "body.completionDate": now, "body.errorMessage": errors}
        for index, item in enumerate(body["serviceOrderItem"]):
            for path in item_paths(item, f"body.serviceOrderItem.{index}"):
                fields[f"{path}.state"] = state
        stubs, before = [], body["state"]
        for step in SERVICE_ORDER.path(before, state, through="inProgress"):
            stubs.append(
                outbox.stub(
                    "ServiceOrderStateChangeEvent",
                    state=step,
                    who=ENGINE.subject,
                    why=violations[0].message if violations else None,
                    before={"state": before},
                    after={"state": step},
                )
            )
            before = step
        change = outbox.change(order, fields, stubs, self._clock.now(), unset=(*_NO_MORE, FIELD))
        guard = {"_id": order["_id"], "rev": order["rev"], "lease.by": self._claims.worker}
        if not await self._store.update("serviceOrder", guard, change):
            raise LeaseLost


def item_paths(item: Document, path: str) -> list[str]:
    """The paths of an item and of all items nested in it, as a database update names them."""
    paths = [path]
    for index, nested in enumerate(item.get("serviceOrderItem") or ()):
        paths += item_paths(nested, f"{path}.serviceOrderItem.{index}")
    return paths
