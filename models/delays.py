"""Orders that wait to be planned because policies want it so: how they are put aside, and woken."""

from collections.abc import Mapping, Sequence
from typing import Any

from models import outbox
from models.clock import Clock, parse
from models.domain.caller import ENGINE
from models.domain.delays import Delay
from models.store import Store

Document = dict[str, Any]

FIELD = "delay"
_ALERTS = "jeopardyAlert"


async def put_aside(store: Store, clock: Clock, order: Mapping[str, Any], delay: Delay, worker: str) -> bool:
    """Let a claimed order, which has no plan, wait; what endangers its date is told with it, once.

    Returns:
        False where the order is not this worker's any more.

    Raises:
        Unavailable: the database cannot be reached; the lease runs out by itself.
    """
    now, known = clock.now(), order.get(FIELD)
    since = known["since"] if known is not None and delay.is_same(known) else now
    change: Document = {"$set": {FIELD: delay.to_document(since), "due": delay.until}}
    requested = order["body"].get("requestedCompletionDate")
    danger = delay.jeopardy(parse(requested) if requested else None)
    alerts: Sequence[Document] = order["body"].get(_ALERTS) or ()
    if danger is not None and danger.id not in {alert["id"] for alert in alerts}:
        alert = danger.alert(order["_id"], None, now)
        told = outbox.stub(
            "ServiceOrderJeopardyEvent",
            state=order["body"]["state"],
            who=ENGINE.subject,
            why=danger.message,
            fields={_ALERTS: alert},
        )
        change = outbox.change(order, {**change["$set"], f"body.{_ALERTS}": [*alerts, alert]}, [told], now)
    change["$unset"] = {"lease": "", "fault": ""}
    guard = {"_id": order["_id"], "rev": order["rev"], "lease.by": worker}
    return await store.update("serviceOrder", guard, change)


async def wake(store: Store, clock: Clock, order: str, flow: str) -> None:
    """Have an order that waits for this approval looked at now; one that is being looked at finds it by itself.

    Raises:
        Unavailable: the database cannot be reached; it is looked at later.
    """
    now = clock.now()
    guard = {"_id": order, f"{FIELD}.flows": flow, "plan": {"$exists": False}, "lease": {"$exists": False}}
    await store.update("serviceOrder", guard, {"$set": {"due": now, "poke": now}})
