"""What we send is what the listener operations of our documents, and of the published ones, promise."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from models.domain.events import ON_REQUEST, SUBJECTS, event_document, listener_name
from models.wire.events import render

Node = dict[str, Any]

SPECS = Path(__file__).parents[2] / "api_specs"
REFERENCE = Path(os.environ.get("SOM_REFERENCE_DIR", "/nonexistent")) / "reference"

DATE = "2026-01-01T10:00:00.000Z"
BODIES: dict[str, Node] = {
    "serviceOrder": {
        "id": "o1",
        "@type": "ServiceOrder",
        "state": "held",
        "orderDate": DATE,
        "externalId": "A1",
        "errorMessage": [{"code": "1", "reason": "No fulfiller", "timestamp": DATE}],
        "serviceOrderItem": [{"id": "1", "action": "add", "state": "held", "service": {"id": "s1"}}],
    },
    "cancelServiceOrder": {
        "id": "c1",
        "@type": "CancelServiceOrder",
        "state": "done",
        "cancellationReason": "No need",
        "effectiveCancellationDate": DATE,
        "serviceOrder": {"id": "o1", "@type": "ServiceOrderRef", "@referredType": "ServiceOrder"},
    },
    "service": {
        "id": "s1",
        "@type": "Service",
        "state": "active",
        "name": "Line",
        "startDate": DATE,
        "serviceOrderItem": [{"serviceOrderId": "o1", "itemId": "1", "role": "creator"}],
        "serviceCharacteristic": [{"name": "speed", "value": 100, "valueType": "integer"}],
    },
    "resource": {
        "id": "r1",
        "@type": "LogicalResource",
        "name": "VLAN 7",
        "value": "7",
        "resourceStatus": "reserved",
        "usageState": "idle",
        "allocationStatus": "reserved",
        "administrativeState": "unlocked",
        "operationalState": "enable",
        "place": {"id": "p1", "href": "http://places.example/p1", "role": "site"},
        "relatedParty": [{"id": "c1", "role": "user", "@referredType": "Individual"}],
        "resourceCharacteristic": [{"name": "scope", "value": "metro"}],
        "resourceRelationship": [{"id": "r2", "relationshipType": "requires"}],
    },
    "processFlow": {
        "id": "f1",
        "@type": "ProcessFlow",
        "state": "active",
        "processFlowSpecification": "serviceOrder",
        "processFlowDate": DATE,
        "taskFlow": [{"id": "t1"}],
    },
    "taskFlow": {
        "id": "t1",
        "@type": "TaskFlow",
        "state": "active",
        "name": "Visit the site",
        "priority": 1,
        "queue": "field",
        "characteristic": [{"name": "power", "value": -17.5}],
        "relatedParty": [{"id": "field", "role": "queue", "@referredType": "PartyRole"}],
        "processFlow": {"id": "f1", "@referredType": "ProcessFlow"},
    },
    "serviceSpecification": {"id": "p1", "@type": "ServiceSpecification", "name": "Line", "lifecycleStatus": "Active"},
}
TYPES = [(subject.name, made) for subject in SUBJECTS.values() for made in subject.event_types]
PUBLISHED = [(name, made) for name, made in TYPES if made not in ON_REQUEST]


def envelope(name: str, event_type: str) -> Node:
    body = BODIES[name]
    stored = {"_id": body["id"], "tenant": "default", "order": "o1", "body": body}
    stub = {"id": "e1", "type": event_type, "seq": 1, "at": DATE, "state": body.get("state"), "who": "somebody"}
    made: Node = json.loads(json.dumps(render(event_document(name, stored, stub), "v4", "https://som.example")))
    return made


@cache
def document(path: Path) -> Node:
    loaded: Node = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return loaded


def check(schema: Node, root: Node, value: Node) -> list[str]:
    shared: Node = {part: root[part] for part in ("components", "definitions") if part in root}
    validator = jsonschema_rs.Draft4Validator({**shared, **schema}, validate_formats=True)
    return [f"{list(error.instance_path)}: {error.message}" for error in validator.iter_errors(value)]


@pytest.mark.parametrize(("name", "event_type"), TYPES)
def test_a_notification_fits_our_document(name: str, event_type: str) -> None:
    root = document(SPECS / SUBJECTS[name].api / "v4.yaml")
    operation = root["paths"][f"/listener/{listener_name(event_type)}"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert check(schema, root, envelope(name, event_type)) == []


@pytest.mark.parametrize(("name", "event_type"), PUBLISHED)
@pytest.mark.reference
def test_a_notification_fits_the_published_document(name: str, event_type: str) -> None:
    root = document(REFERENCE / f"{SUBJECTS[name].api}-v4.json")
    operation = root["paths"][f"/listener/{listener_name(event_type)}"]["post"]
    [schema] = [given["schema"] for given in operation["parameters"] if given["in"] == "body"]
    assert check(schema, root, envelope(name, event_type)) == []


def test_the_state_of_an_event_is_one_that_the_document_knows() -> None:
    root = document(SPECS / "tmf641" / "v4.yaml")
    operation = root["paths"]["/listener/serviceOrderCreateEvent"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    wrong = envelope("serviceOrder", "ServiceOrderCreateEvent")
    wrong["event"]["serviceOrder"]["state"] = "bogus"
    assert check(schema, root, wrong) != []
