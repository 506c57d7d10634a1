"""What is ordered in a storm: services of several tasks, done in the three ways in which fulfillers tell outcomes."""

from collections.abc import Mapping
from typing import Any

Document = dict[str, Any]

ACCESS, TUNNEL, MAILBOX = "storm-access", "storm-tunnel", "storm-mailbox"
ORDERABLE = (ACCESS, TUNNEL, MAILBOX)
BANDWIDTH, LABEL = "bandwidth", "label"


def _characteristic(name: str, value_type: str, *, needed: bool = True) -> Document:
    return {
        "name": name,
        "description": f"The {name}.",
        "valueType": value_type,
        "minCardinality": int(needed),
        "maxCardinality": 1,
    }


BOTH = (_characteristic(BANDWIDTH, "integer"), _characteristic(LABEL, "string"))


def _specification(name: str, *characteristics: Document, **more: Any) -> Document:
    return {
        "id": f"{name}-1",
        "name": name,
        "version": "1.0",
        "@type": "ServiceSpecification",
        "lifecycleStatus": "Active",
        "specCharacteristic": list(characteristics),
        **more,
    }


def _relation(kind: str, name: str, role: str) -> Document:
    return {"relationshipType": kind, "id": f"{name}-1", "name": name, "role": role}


SPECIFICATIONS = (
    _specification(
        "storm-line",
        *BOTH[:1],
        _characteristic("circuit", "string", needed=False),
        fulfilment={
            "add": {
                "tasks": {
                    "survey": {"input": {"bandwidth": "=service.characteristic.bandwidth"}},
                    "build": {
                        "needs": ["survey"],
                        "output": {"characteristic": {"circuit": "=output.reference"}},
                        "milestone": "lineBuilt",
                    },
                }
            },
        },
    ),
    _specification("storm-router", *BOTH[1:], serviceSpecRelationship=[_relation("dependency", "storm-line", "line")]),
    _specification("storm-watch"),
    _specification(
        ACCESS,
        *BOTH,
        isBundle=True,
        serviceSpecRelationship=[
            _relation("bundles", "storm-line", "line"),
            _relation("bundles", "storm-router", "router"),
            _relation("bundles", "storm-watch", "watch"),
        ],
        fulfilment={
            "children": {
                "line": {"characteristic": {BANDWIDTH: "=service.characteristic.bandwidth"}},
                "router": {"characteristic": {LABEL: "=service.characteristic.label"}},
            },
            "add": {"tasks": {"test": {"input": {"circuit": "=child.line.characteristic.circuit"}}}},
        },
    ),
    _specification(TUNNEL, *BOTH),
    _specification(MAILBOX, *BOTH),
)

_DONE_BY = {
    "prompt": (ACCESS, "storm-router", MAILBOX),
    "caller": ("storm-line", TUNNEL),
    "polled": ("storm-watch",),
}


def fulfillers(addresses: Mapping[str, str]) -> list[Document]:
    """The registrations: short waits, so that a storm is not spent waiting."""
    return [
        {
            "id": f"storm-{name}",
            "name": name,
            "kind": "rest",
            "endpoint": address,
            "capability": [{"specification": specification, "action": "*"} for specification in _DONE_BY[name]],
            "timeout": 5,
            "retry": {"delays": [0.2, 0.5, 1, 1, 2, 2, 5, 5]},
            "deadline": 600,
            "pollInterval": 0.5,
            "honoursIdempotencyKey": True,
            **({"maxConcurrent": 20} if name == "prompt" else {}),
        }
        for name, address in addresses.items()
    ]


def _order(name: str, action: str, service: Document) -> Document:
    return {"externalId": name, "serviceOrderItem": [{"id": "1", "action": action, "service": service}]}


def _values(values: Mapping[str, Any]) -> list[Document]:
    return [{"name": name, "value": value} for name, value in values.items()]


def add(name: str, specification: str, values: Mapping[str, Any]) -> Document:
    """An order for a new service."""
    service = {
        "name": name,
        "serviceSpecification": {"id": f"{specification}-1", "name": specification, "version": "1.0"},
        "serviceCharacteristic": _values(values),
    }
    return _order(name, "add", service)


def modify(name: str, service: str, values: Mapping[str, Any]) -> Document:
    """An order that changes characteristics of a service."""
    return _order(name, "modify", {"id": service, "serviceCharacteristic": _values(values)})


def delete(name: str, service: str) -> Document:
    """An order that ends a service."""
    return _order(name, "delete", {"id": service})
