"""What becomes of an order at its door, whoever places it: a client by POST, or the server itself."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from models.aside import aside_if_big
from models.clock import parse, to_text
from models.domain.caller import Caller
from models.domain.errors import InvalidRequest
from models.domain.order_items import OrderItem, items_of
from models.domain.transients import take_out
from models.domain.violations import Violation
from models.sealing import Sealer
from models.surface import Surface
from models.transients import FIELD, seal

Body = dict[str, Any]

COLLECTION = "serviceOrder"
LOWEST_PRIORITY = 4

SERVER_SET = frozenset(
    [
        "id",
        "href",
        "state",
        "orderDate",
        "startDate",
        "completionDate",
        "expectedCompletionDate",
        "errorMessage",
        "jeopardyAlert",
        "milestone",
    ]
)
"""What the one who places an order must not say."""


async def acknowledge(surface: Surface, caller: Caller, body: Body, now: datetime, size: int) -> dict[str, Any]:
    """Check a new order, which follows its schema, against catalogue and inventory, and acknowledge it.

    Args:
        surface: the checks.
        caller: who places it.
        body: of the order; it gets its state, date and priority, and its items their states.
        now: the present moment.
        size: of the body as JSON, in bytes.

    Returns:
        The fields that stand beside the body and ask for the scheduler's attention.

    Raises:
        InvalidRequest: naming everything that is wrong, by JSON pointer.
        Unavailable: the database cannot be reached.
    """
    items = await aside_if_big(size, items_of, body)
    _refuse_item_states(items)
    await surface.check_order(caller, items, size)
    body["state"] = "acknowledged"
    body["orderDate"] = to_text(now)
    body.setdefault("priority", str(LOWEST_PRIORITY))
    for item in items:
        item.body["state"] = "acknowledged"
    return {**scheduling(body, now), "fence": 0, **put_aside(surface.sealer, body)}


def put_aside(sealer: Sealer, body: Body) -> dict[str, Any]:
    """Take the values out of an order's body of which nothing is kept: the field that holds them, sealed.

    Raises:
        NoSecretKey: there are some, and no key to seal them with.
    """
    taken = take_out(body)
    return {FIELD: seal(sealer, str(body["id"]), taken)} if taken else {}


def scheduling(body: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Who goes first, and when: a requestedStartDate in the past means now."""
    text = body.get("priority")
    priority = int(text) if text in ("0", "1", "2", "3", "4") else LOWEST_PRIORITY
    wished = body.get("requestedStartDate")
    start = parse(wished) if wished else now
    return {"priority": priority, "due": max(start, now)}


def _refuse_item_states(items: Sequence[OrderItem]) -> None:
    found = [
        Violation(f"{item.pointer}/state", "serverSetAttribute", "The state of an item is set by the server.")
        for item in items
        if "state" in item.body
    ]
    if found:
        raise InvalidRequest(found)
