"""Handing cancellation requests on: to the order's plan, or, where there is none yet, to the order itself."""

from typing import Any

from models import inbox
from models.clock import Clock
from models.domain.lifecycles import SERVICE_ORDER
from models.store import Store
from scheduler.cancellation import move_cancellation
from scheduler.direct_cancellation import cancel_unplanned

Document = dict[str, Any]

SOON_SECONDS = 0.3
_HANDED_ON: Document = {"$unset": {"due": "", "lease": "", "fault": ""}}


async def hand_on(store: Store, clock: Clock, cancellation: Document) -> None:
    """Pass a claimed cancellation request on to the order's plan, or cancel an order that has none yet."""
    order_id = cancellation["order"]
    if await inbox.append(store, clock, order_id, {"kind": "cancel", "cancel": cancellation["_id"]}):
        await store.update("cancelServiceOrder", {"_id": cancellation["_id"]}, _HANDED_ON)
        return
    order = await store.get("serviceOrder", order_id)
    if order is None or order.get("plan") or order["body"]["state"] in SERVICE_ORDER.final:
        message = {"completionMessage": "The order has ended already; there is nothing to cancel."}
        await move_cancellation(store, clock, cancellation["_id"], "done", message)
        return
    if not await cancel_unplanned(store, clock, order, cancellation):
        soon = clock.after(SOON_SECONDS)  # the order is being planned at this moment
        change = {"$set": {"due": soon}, "$unset": {"lease": ""}}
        await store.update("cancelServiceOrder", {"_id": cancellation["_id"]}, change)
