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
from models.domain.resource_states import states_of
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
BODIES["physicalResource"] = {**BODIES["resource"], "@type": "PhysicalResource", "serialNumber": "FTX-7"}
BODIES["resourcePool"] = {"id": "vlans", "@type": "ResourcePool", "name": "vlans", "kind": "discrete", "quarantine": 60}
BODIES["resourceSpecification"] = {
    "id": "vlan",
    "@type": "LogicalResourceSpecification",
    "name": "VLAN",
    "version": "1.0",
    "lifecycleStatus": "Active",
    "lastUpdate": DATE,
}
BODIES["processFlowSpecification"] = {
    "id": "room:1.0.0",
    "@type": "ProcessFlowSpecification",
    "name": "room",
    "version": "1.0.0",
    "lifecycleStatus": "published",
    "lastUpdate": DATE,
    "taskFlowSpecification": [{"id": "wire", "name": "Wire it", "@type": "TaskFlowSpecificationRef"}],
}
BODIES["policyDecision"] = {
    "id": "o1:accept:credit",
    "order": "o1",
    "decisionPoint": "accept",
    "policy": "credit:1.0.0",
    "outcome": "deniedByDefault",
    "result": {"allow": False, "reason": "Nobody can say."},
    "problem": "The policy service cannot be reached.",
    "duration": 7,
    "date": DATE,
}
VERSIONS = {"tmf639": ("v4", "v5"), "som": ("v1",)}
TYPES = [
    (version, name, event_type)
    for subject in SUBJECTS.values()
    for version in VERSIONS.get(subject.api, ("v4",))
    for name in (subject.name, *subject.classes.values())
    for event_type in subject.event_types
]
PUBLISHED = [one for one in TYPES if one[2] not in ON_REQUEST and one[0] != "v1"]


def envelope(version: str, name: str, event_type: str) -> Node:
    body = BODIES[name]
    name = "resource" if name == "physicalResource" else name
    stored = {"_id": body["id"], "tenant": "default", "order": "o1", "body": body}
    stub: Node = {"id": "e1", "type": event_type, "seq": 1, "at": DATE, "state": body.get("state"), "who": "somebody"}
    if name == "resource":
        stub |= {"after": body, "states": states_of(body)}
    made: Node = json.loads(json.dumps(render(event_document(name, stored, stub), version, "https://som.example")))
    return made


@cache
def document(path: Path) -> Node:
    loaded: Node = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return loaded


def check(schema: Node, root: Node, value: Node) -> list[str]:
    shared: Node = {part: root[part] for part in ("components", "definitions") if part in root}
    validator = jsonschema_rs.Draft4Validator({**shared, **schema}, validate_formats=True)
    return [f"{list(error.instance_path)}: {error.message}" for error in validator.iter_errors(value)]


def api_of(name: str) -> str:
    return SUBJECTS["resource" if name == "physicalResource" else name].api


@pytest.mark.parametrize(("version", "name", "event_type"), TYPES)
def test_a_notification_fits_our_document(version: str, name: str, event_type: str) -> None:
    root = document(SPECS / api_of(name) / f"{version}.yaml")
    made = envelope(version, name, event_type)
    if version == "v1":  # our own document tells of it where one subscribes
        callbacks = root["paths"]["/hub"]["post"]["callbacks"]["notification"]
        operation = callbacks["{$request.body#/callback}"]["post"]
    else:
        operation = root["paths"][f"/listener/{listener_name(made['eventType'])}"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert check(schema, root, made) == []


@pytest.mark.parametrize(("version", "name", "event_type"), PUBLISHED)
@pytest.mark.reference
def test_a_notification_fits_the_published_document(version: str, name: str, event_type: str) -> None:
    root = document(REFERENCE / f"{api_of(name)}-{version}.json")
    made = envelope(version, name, event_type)
    operation = root["paths"][f"/listener/{listener_name(made['eventType'])}"]["post"]
    if "requestBody" in operation:
        body = root["components"]["requestBodies"][operation["requestBody"]["$ref"].rpartition("/")[2]]
        schema = body["content"]["application/json"]["schema"]
    else:
        [schema] = [given["schema"] for given in operation["parameters"] if given["in"] == "body"]
    assert check(schema, root, made) == []


def test_the_state_of_an_event_is_one_that_the_document_knows() -> None:
    root = document(SPECS / "tmf641" / "v4.yaml")
    operation = root["paths"]["/listener/serviceOrderCreateEvent"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    wrong = envelope("v4", "serviceOrder", "ServiceOrderCreateEvent")
    wrong["event"]["serviceOrder"]["state"] = "bogus"
    assert check(schema, root, wrong) != []
