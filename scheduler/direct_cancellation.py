"""Cancelling an order that was never planned: nothing has to be undone."""

from typing import Any

from models import outbox
from models.clock import Clock
from models.domain.caller import ENGINE
from models.store import Store
from models.transients import FIELD
from scheduler.cancellation import move_cancellation
from scheduler.intake import item_paths

Document = dict[str, Any]


async def cancel_unplanned(store: Store, clock: Clock, order: Document, cancellation: Document) -> bool:
    """Cancel an order that has no plan (acknowledged, or held by a fault of intake), unless intake is at work on it.

    Returns:
        False when the order is being planned or has changed: look again.
    """
    if "lease" in order:  # also one that has run out: whoever had it may be about to plan, and the next one will
        return False
    now = clock.now()
    text = clock.text()
    fields: Document = {"body.state": "cancelled", "body.completionDate": text, "body.cancellationDate": text}
    reason = cancellation["body"].get("cancellationReason")
    if reason:
        fields["body.cancellationReason"] = reason
    for index, item in enumerate(order["body"]["serviceOrderItem"]):
        for path in item_paths(item, f"body.serviceOrderItem.{index}"):
            fields[f"{path}.state"] = "cancelled"
    stub = outbox.stub(
        "ServiceOrderStateChangeEvent",
        state="cancelled",
        who=ENGINE.subject,
        why=reason,
        before={"state": order["body"]["state"]},
        after={"state": "cancelled"},
    )
    guard = {
        "_id": order["_id"],
        "rev": order["rev"],
        "plan": {"$exists": False},
        "lease": {"$exists": False},
    }
    change = outbox.change(order, fields, [stub], now, unset=["due", "lease", "fault", "awaits", "delay", FIELD])
    if not await store.update("serviceOrder", guard, change):
        return False
    done = {"completionMessage": "The order is cancelled; work on it had not begun.", "effectiveCancellationDate": text}
    await move_cancellation(store, clock, cancellation["_id"], "done", done)
    return True
