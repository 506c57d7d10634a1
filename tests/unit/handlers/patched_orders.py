"""An order to patch, and how the tests patch it."""

import copy
from typing import Any

from handlers.patch import Patched, Patcher
from models.domain.shapes import Shape
from models.patterns import Re2Patterns

TEXT = {"type": "string"}
DATE = {"type": "string", "format": "date-time"}
NOTE = {"type": "object", "properties": {"id": TEXT, "author": TEXT, "text": TEXT, "date": DATE}}
ITEM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": TEXT,
        "state": TEXT,
        "note": {"type": "array", "items": NOTE},
        "service": {
            "type": "object",
            "properties": {
                "serviceCharacteristic": {
                    "type": "array",
                    "items": {"type": "object", "properties": {"name": TEXT, "value": {}}},
                }
            },
        },
    },
}
SHAPE = Shape.compile(
    {},
    {
        "type": "object",
        "properties": {
            **dict.fromkeys(("id", "href", "@type", "@baseType", "@schemaLocation", "description", "state"), TEXT),
            "requestedStartDate": DATE,
            "note": {"type": "array", "items": NOTE},
            "serviceOrderItem": {"type": "array", "items": ITEM},
        },
    },
)
PATCHER = Patcher(SHAPE, Re2Patterns())
ORDER: dict[str, Any] = {
    "id": "17",
    "@type": "ServiceOrder",
    "description": "as ordered",
    "requestedStartDate": "2026-11-22T10:00:00.000Z",
    "note": [{"id": "a", "author": "Jo", "text": "one"}, {"id": "b", "author": "Al", "text": "two"}],
    "serviceOrderItem": [
        {"id": "1", "state": "held", "note": [{"id": "x", "text": "deep"}]},
        {
            "id": "2",
            "state": "held",
            "service": {"serviceCharacteristic": [{"name": "speed", "value": 10}, {"name": "tags", "value": ["a"]}]},
        },
    ],
}


def patched(media_type: str, patch: Any, document: Any = None, **more: Any) -> Patched:
    document = copy.deepcopy(ORDER if document is None else document)
    before, patch_before = copy.deepcopy(document), copy.deepcopy(patch)
    result = PATCHER.apply(media_type, document, patch, **more)
    assert document == before, "the document given is left as it is"
    assert patch == patch_before, "so is the patch"
    return result


def change(op: str, path: str, *value: Any) -> list[dict[str, Any]]:
    return [{"op": op, "path": path, **({"value": value[0]} if value else {})}]
