"""Repairs of drift: derived from the services that have any, and placed as orders, one for each drift."""

from collections.abc import Mapping
from typing import Any

from models.domain.caller import Caller
from models.domain.errors import Conflict, InvalidRequest
from models.domain.lifecycles import SERVICE_ORDER
from models.domain.repair import CAUSE, Repair, repair_of, why
from models.order_placing import Cause, OrderPlacing, Placed
from models.store import Store

Document = dict[str, Any]

SERVICES = "service"
MOST_REPEATS = 100


class NothingToRepair(Conflict):
    """The service is as ordered, or an order works on it."""


async def place(
    store: Store, placing: OrderPlacing, caller: Caller, document: Mapping[str, Any], *, again: bool
) -> Placed:
    """Place the order that repairs a service.

    Args:
        store: where services are kept.
        placing: places the order.
        caller: on whose behalf.
        document: the service as stored.
        again: whether a repair that has ended without helping is followed by another one; else it is found again.

    Raises:
        NothingToRepair: there is nothing to be done, or no order can.
        InvalidRequest: the order cannot be placed as it stands.
        Unavailable: the database cannot be reached; safe to repeat.
    """
    repair = repair_of(document)
    if repair is None:
        raise NothingToRepair("The service is as ordered.")
    if repair.order is None:
        raise NothingToRepair(repair.problem)
    service = str(document["_id"])
    cause = Cause(CAUSE, service, why(document))
    key = await _free_key(placing, caller.tenant, repair) if again else repair.key
    try:
        placed = await placing.place(caller, repair.order, key, cause)
    except InvalidRequest as refusal:
        await _note(store, service, {"key": repair.key, "problem": str(refusal)[:1000]})
        raise
    await _note(store, service, {"key": repair.key, "order": placed.id})
    return placed


async def under_way(store: Store, document: Mapping[str, Any]) -> bool:
    """Whether an order that was placed for an earlier drift of a service is still to be carried out.

    Raises:
        Unavailable: the database cannot be reached.
    """
    placed = (document.get("repair") or {}).get("order")
    order = await store.get("serviceOrder", placed) if placed is not None else None
    return order is not None and order["body"]["state"] not in SERVICE_ORDER.final


async def _free_key(placing: OrderPlacing, tenant: str, repair: Repair) -> str:
    """The key of the repair under way, or else of the next one."""
    for number in range(MOST_REPEATS):
        key = f"{repair.key}:{number}" if number else repair.key
        found = await placing.find(tenant, CAUSE, key)
        if found is None or found["body"]["state"] not in SERVICE_ORDER.final:
            return key
    raise NothingToRepair(f"It was repaired {MOST_REPEATS} times, and nothing came of it.")


async def _note(store: Store, service: str, repair: Document) -> None:
    """Keep with the service what is done about its drift; nobody who reads the service sees it."""
    await store.update(SERVICES, {"_id": service}, {"$set": {"repair": repair}})
