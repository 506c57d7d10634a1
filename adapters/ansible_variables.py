"""What a playbook is told: variables in YAML whose texts Ansible must not take for templates.

A value of an order such as `{{ lookup('pipe', '…') }}` in an ordinary variable would be carried out on this host.
Ansible leaves a text alone that is tagged `!unsafe` ("Unsafe or raw strings" in Ansible's playbook guide).
"""

import json
from collections.abc import Mapping
from typing import Any

from adapters.call_context import values_by_name
from adapters.ports import FulfillerCall


def variables_of(call: FulfillerCall, own: Mapping[str, Any]) -> dict[str, Any]:
    """The variables of a call: `som` with all of the task, and those that the settings give."""
    som = {
        "taskId": call.task_id,
        "orderId": call.order_id,
        "orderItemId": call.order_item_id,
        "idempotencyKey": call.idempotency_key,
        "fulfilKey": call.fulfil_key or call.idempotency_key,
        "action": call.action,
        "operation": call.operation,
        "service": call.service,
        "characteristic": values_by_name(call.service.get("serviceCharacteristic")),
        "former": call.former,
        "input": call.input,
        "output": call.output,
    }
    return {**own, "som": som}


def unsafe_yaml(value: Any) -> str:
    """The value as YAML of one line in which each text, names excepted, is tagged `!unsafe`."""
    match value:
        case Mapping():
            parts = (f"{json.dumps(str(name))}: {unsafe_yaml(part)}" for name, part in value.items())
            return "{" + ", ".join(parts) + "}"
        case list() | tuple():
            return "[" + ", ".join(unsafe_yaml(part) for part in value) + "]"
        case str():
            return f"!unsafe {json.dumps(value)}"
    return json.dumps(value)
