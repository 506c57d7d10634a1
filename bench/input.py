"""What is ordered: specifications, fulfillers, and orders of every size."""

from typing import Any

import orjson

Document = dict[str, Any]

ONE_TASK = "bench-one-task-1"
FIVE_TASKS = "bench-five-tasks-1"

_CHARACTERISTICS: list[Document] = [
    {"name": "site", "valueType": "string", "minCardinality": 1, "maxCardinality": 1, "regex": "[A-Z]{2}-[0-9]{4,8}"},
    {
        "name": "bandwidth",
        "valueType": "integer",
        "minCardinality": 1,
        "maxCardinality": 1,
        "characteristicValueSpecification": [
            {"valueType": "integer", "valueFrom": 10, "valueTo": 10000, "rangeInterval": "closed"}
        ],
    },
    {"name": "technology", "valueType": "string", "minCardinality": 0, "maxCardinality": 1},
    {"name": "comment", "valueType": "string", "minCardinality": 0, "maxCardinality": 1},
]

_COMMON: Document = {
    "version": "1.0",
    "@type": "ResourceFacingServiceSpecification",
    "lifecycleStatus": "Active",
    "isBundle": False,
    "specCharacteristic": _CHARACTERISTICS,
}

# A diamond: one first, two side by side, one that needs both, and one last.
_TASKS: Document = {
    "survey": {"input": {"site": "=service.characteristic.site"}},
    "line": {"needs": ["survey"], "input": {"bandwidth": "=service.characteristic.bandwidth"}},
    "router": {"needs": ["survey"], "input": {"site": "=service.characteristic.site"}},
    "test": {"needs": ["line", "router"], "input": {"bandwidth": "=service.characteristic.bandwidth"}},
    "activate": {"needs": ["test"]},
}


def specifications() -> list[Document]:
    """Two leaf specifications: of one task, and of five."""
    return [specification(ONE_TASK, None), specification(FIVE_TASKS, {"add": {"tasks": _TASKS}})]


def specification(key: str, fulfilment: Document | None) -> Document:
    """A leaf specification, by its id `<name>-1`, that is fulfilled so; by one task, where nothing is said."""
    given = {} if fulfilment is None else {"fulfilment": fulfilment}
    return {"id": key, "name": key.removesuffix("-1"), **_COMMON, **given}


def simulator() -> Document:
    """A fulfiller of no latency, for everything."""
    return {"name": "bench simulator", "kind": "simulator", "capability": [{"specification": "*", "action": "*"}]}


def rest(endpoint: str) -> Document:
    """A fulfiller over HTTP, for everything."""
    return {
        "name": "bench fulfiller",
        "kind": "rest",
        "endpoint": endpoint,
        "capability": [{"specification": "*", "action": "*"}],
    }


def order(specification: str, items: int = 1, comment: int = 0) -> Document:
    """An order of so many items, each with a comment of so many characters."""
    return {
        "externalId": "BENCH-4711",
        "category": "bench",
        "description": "An order that says how fast its way is",
        "priority": "4",
        "requestedStartDate": "2026-01-01T00:00:00.000Z",
        "relatedParty": [
            {"id": "customer-17", "name": "Example Traders", "role": "customer", "@referredType": "Organization"}
        ],
        "note": [{"author": "bench", "text": "Please ring before noon."}],
        "serviceOrderItem": [_item(specification, number, comment) for number in range(1, items + 1)],
    }


def _item(specification: str, number: int, comment: int) -> Document:
    return {
        "id": str(number),
        "action": "add",
        "service": {
            "name": f"Line {number}",
            "serviceType": "RFS",
            "serviceSpecification": {"id": specification, "version": "1.0"},
            "serviceCharacteristic": [
                {"name": "site", "valueType": "string", "value": f"NL-{10_000 + number}"},
                {"name": "bandwidth", "valueType": "integer", "value": 1000},
                {"name": "technology", "valueType": "string", "value": "fibre"},
                *([{"name": "comment", "valueType": "string", "value": "x" * comment}] if comment else []),
            ],
        },
    }


def small() -> bytes:
    """An order of 1 KB."""
    return orjson.dumps(order(ONE_TASK, 1, 250))


def big() -> bytes:
    """An order of 40 KB: 22 items."""
    return orjson.dumps(order(ONE_TASK, 22, 1_380))


def thousand() -> bytes:
    """An order of 1,000 items, 0.4 MB."""
    return orjson.dumps(order(FIVE_TASKS, 1_000, 10))


def dates(count: int) -> bytes:
    """An order with so many notes, whose dates are in another time zone."""
    notes = [{"author": "bench", "text": "-", "date": "2026-11-22T10:15:00+01:00"}] * count
    return orjson.dumps({**order(ONE_TASK), "note": notes})


def nested(count: int) -> bytes:
    """An order with so many objects, each inside of another, fifty deep."""
    deep: Document = {}
    for _ in range(49):
        deep = {"a": deep}
    return orjson.dumps({**order(ONE_TASK), "extension": [deep] * (count // 51)})


def lacking(count: int) -> bytes:
    """An order of so many items that say nothing."""
    return orjson.dumps({**order(ONE_TASK), "serviceOrderItem": [{}] * count})


def attributes(count: int) -> bytes:
    """So many attributes of a name of their own, and nothing of an order."""
    return orjson.dumps({"extension": {f"attribute{number}": number for number in range(count)}})
