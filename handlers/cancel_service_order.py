"""TMF641 cancelServiceOrder: a client asks to have an order cancelled; the engine decides and does it."""

from collections.abc import Mapping
from typing import Any

from handlers.changes import Draft, EventNames, Revision
from handlers.dependencies import Dependencies, deciding
from handlers.errors import invalid
from handlers.resource import ResourceKind
from models.cancellations import OPEN
from models.domain.caller import Caller
from models.domain.decision_points import CANCEL
from models.domain.errors import Conflict
from models.domain.lifecycles import SERVICE_ORDER
from models.references import first_match
from models.store import Store

KIND = ResourceKind(
    name="cancelServiceOrder",
    type="CancelServiceOrder",
    events=EventNames("CancelServiceOrderCreateEvent", None, "CancelServiceOrderStateChangeEvent", None),
    server_set=frozenset(["id", "href", "state", "completionMessage", "effectiveCancellationDate", "errorMessage"]),
)


_BEING_CANCELLED = ("assessingCancellation", "pendingCancellation")


class CancelServiceOrderRules:
    """The rules of cancellation requests."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Look at orders in this store."""
        self._store = dependencies.store
        self._deciding = deciding(dependencies)

    async def before_create(self, caller: Caller, draft: Draft) -> None:
        """Find the order, see whether it can still be cancelled, and ask for the scheduler's attention."""
        wanted = draft.body["serviceOrder"].get("id")
        order = await self._store.get("serviceOrder", wanted, tenant=caller.tenant)
        if order is None:
            raise invalid(
                "/serviceOrder/id", "unknownServiceOrder", f"There is no service order with the id {wanted!r}."
            )
        await check_cancellable(self._store, caller, order)
        told = {"state": order["body"]["state"], "reason": draft.body.get("cancellationReason"), "who": caller.subject}
        await self._deciding.check(CANCEL, order, draft.id, told)
        draft.body["state"] = "acknowledged"
        draft.fields.update(order=wanted, due=draft.now, priority=order.get("priority", 4), fence=0)

    async def before_change(self, caller: Caller, revision: Revision) -> None:
        """There is no operation that changes one."""

    async def before_delete(self, caller: Caller, stored: Mapping[str, Any]) -> None:
        """There is no operation that deletes one."""

    async def after_delete(self, caller: Caller, stored: Mapping[str, Any]) -> None:
        """There is no operation that deletes one."""


async def check_cancellable(store: Store, caller: Caller, order: Mapping[str, Any]) -> None:
    """See that a cancellation of an order can be asked for.

    Raises:
        Conflict: it has ended, or is being cancelled already.
    """
    state = order["body"]["state"]
    if state in SERVICE_ORDER.final:
        raise Conflict(f"The service order {order['_id']} is {state}, which is its end; it cannot be cancelled.")
    other = await first_match(
        store,
        KIND.name,
        caller.tenant,
        {"order": order["_id"], "body.state": {"$in": list(OPEN)}},
    )
    if other is not None:
        raise Conflict(f"The service order {order['_id']} is being cancelled already, by cancelServiceOrder {other}.")
    if state in _BEING_CANCELLED:
        raise Conflict(f"The service order {order['_id']} is {state}: it is being cancelled already.")
