"""What the templates in a fulfiller's settings can see of a call."""

from collections.abc import Mapping
from typing import Any

from adapters.ports import FulfillerCall


def values_by_name(entries: Any) -> dict[str, Any]:
    """Characteristics as TM Forum lists them ({name, value}), by name; what has another shape is left out."""
    return {
        entry["name"]: entry.get("value")
        for entry in entries or ()
        if isinstance(entry, Mapping) and isinstance(entry.get("name"), str)
    }


def call_context(call: FulfillerCall) -> dict[str, Any]:
    """`service` (its characteristics by name as `characteristic`), `input`, `action`, `operation` and the ids."""
    return {
        "service": {**call.service, "characteristic": values_by_name(call.service.get("serviceCharacteristic"))},
        "input": call.input,
        "action": call.action,
        "operation": call.operation,
        "taskId": call.task_id,
        "orderId": call.order_id,
        "processFlowId": call.process_flow_id,
        "orderItemId": call.order_item_id,
    }
