"""What holds for every API document: it is valid, it explains itself, it keeps the facts of the published standard.

The facts and the published samples are not part of this project; the tests that compare with them run where
SOM_REFERENCE_DIR names the folder that has them.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from openapi_spec_validator import OpenAPIV30SpecValidator

from tests.contract.unanswerable import WITHOUT_DATABASE

Node = dict[str, Any]

SPECS = Path(__file__).parents[2] / "api_specs"
DOCUMENTS = sorted(path.relative_to(SPECS).as_posix() for path in SPECS.glob("*/*.yaml"))
TMF_DOCUMENTS = [name for name in DOCUMENTS if name.startswith("tmf")]
METHODS = ("get", "post", "put", "patch", "delete")
REFERENCE = Path(os.environ.get("SOM_REFERENCE_DIR", "/nonexistent"))
DEVIATIONS = Path(__file__).parent / "deviations"
PARITY = REFERENCE.parent / "tools" / "spec_parity.py"

needs_reference = pytest.mark.reference
needs_parity_tool = pytest.mark.skipif(not PARITY.is_file(), reason="no spec_parity.py beside SOM_REFERENCE_DIR")

# Set by the server, so that a request must not hold them.
SERVER_SET = {
    "tmf641": {"id", "href", "state", "orderDate", "startDate", "completionDate", "expectedCompletionDate"},
    "tmf638": {"id", "href"},
    "tmf639": {"id", "href"},
    "tmf701": {"id", "href", "state", "processFlowDate", "taskFlow"},
}
SAMPLES = [
    ("tmf641/v4.yaml", "tmf641-v4/ServiceOrder.example.json", "ServiceOrder_Create"),
    ("tmf641/v4.yaml", "tmf641-v4/CancelServiceOrder.example.json", "CancelServiceOrder_Create"),
    ("tmf638/v4.yaml", "tmf638-v4/Service.example.json", "Service_Create"),
    ("tmf701/v4.yaml", "tmf701-v4/TaskFlow.example.json", "TaskFlow_Create"),
    *(
        ("tmf639/v5.yaml", f"tmf639-v5-examples/{name}.json", schema)
        for name, schema in (
            ("CreateResource_with_references_to_SubResource_request", "Resource_Create"),
            ("Resource_retrieve_example_response", "Resource"),
            ("updateResource_using_merge-patch_json_request", "Resource_Update"),
            ("updateResource_using_json-patch_json_request", "JsonPatch"),
            ("updateResource_using_json-patch-query_json_request", "JsonPatchQuery"),
            ("ResourceCreateEvent_request", "ResourceCreateEvent"),
            ("ResourceStateChangeEvent_request", "ResourceStateChangeEvent"),
        )
    ),
]
# Of TMF633 only the service specification is served so far.
NOT_SERVED_YET = re.compile(
    r" /(serviceCatalog|serviceCategory|serviceCandidate|importJob|exportJob)\b"
    r"| /listener/service(Catalog|Category|Candidate)"
)


@cache
def document(name: str) -> Node:
    loaded: Node = yaml.load((SPECS / name).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return loaded


def resolve(doc: Node, node: Node) -> Node:
    while "$ref" in node:
        target: Any = doc
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def operations(doc: Node) -> Iterator[tuple[str, Node, list[Node]]]:
    for path, item in doc["paths"].items():
        for method in METHODS:
            if method in item:
                parameters = item.get("parameters", []) + item[method].get("parameters", [])
                yield f"{method.upper()} {path}", item[method], [resolve(doc, raw) for raw in parameters]


def schemas(node: Any, place: str = "") -> Iterator[tuple[str, Node]]:
    """Every object in the document that has attributes, with the place where it stands."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict) and not place.endswith("/properties"):
            yield place, node
        for key, value in node.items():
            if key != "example":
                yield from schemas(value, f"{place}/{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from schemas(value, f"{place}/{index}")


def explained(doc: Node, node: Node) -> bool:
    return bool(str(node.get("description") or resolve(doc, node).get("description", "")).strip())


def with_null(node: Any) -> Any:
    """OpenAPI 3.0 says `nullable`; plain JSON schema says it with a second type."""
    if isinstance(node, dict):
        out = {key: with_null(value) for key, value in node.items()}
        if node.get("nullable") is True and isinstance(node.get("type"), str):
            out["type"] = [node["type"], "null"]
        return out
    return [with_null(value) for value in node] if isinstance(node, list) else node


def looks_like_a_reference(text: str) -> bool:
    """TM Forum's own samples hold placeholders (`http://host:port/…`, `http//..../48`) where a URI is asked for."""
    return re.search(r"\s", text) is None


def validator(name: str, schema: Node) -> jsonschema_rs.Draft4Validator:
    root = with_null({**schema, "components": document(name)["components"]})
    return jsonschema_rs.Draft4Validator(root, validate_formats=True, formats={"uri": looks_like_a_reference})


def create_validator(name: str, schema: str) -> jsonschema_rs.Draft4Validator:
    return validator(name, {"$ref": f"#/components/schemas/{schema}"})


@cache
def order_example() -> Node:
    content = document("tmf641/v4.yaml")["paths"]["/serviceOrder"]["post"]["requestBody"]["content"]
    example: Node = content["application/json"]["example"]
    return example


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_valid_openapi(name: str) -> None:
    doc = document(name)
    assert doc["openapi"].startswith("3.0")
    OpenAPIV30SpecValidator(doc).validate()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_operation_and_parameter_is_explained(name: str) -> None:
    doc = document(name)
    silent = []
    for where, operation, parameters in operations(doc):
        silent += [where] if not explained(doc, operation) else []
        silent += [f"{where} {parameter['name']}" for parameter in parameters if not explained(doc, parameter)]
        silent += [f"{where} {code}" for code, answer in operation["responses"].items() if not explained(doc, answer)]
    assert silent == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_schema_and_attribute_is_explained(name: str) -> None:
    doc = document(name)
    silent = [key for key, schema in doc["components"]["schemas"].items() if not explained(doc, schema)]
    for place, schema in schemas(doc):
        silent += [f"{place}/{key}" for key, value in schema["properties"].items() if not explained(doc, value)]
    assert silent == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_schema_parameter_and_answer_is_used(name: str) -> None:
    doc = document(name)
    used = set(re.findall(r'"\$ref": "#/components/([^"]+)"', json.dumps(doc)))
    kept = {
        f"{kind}/{key}"
        for kind in ("schemas", "parameters", "headers", "responses")
        for key in doc["components"].get(kind, {})
    }
    assert kept - used == set()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_words_that_break_validators_are_absent(name: str) -> None:
    text = (SPECS / name).read_text(encoding="utf-8")
    assert re.findall(r"^\s*(?:discriminator|oneOf|readOnly):", text, re.MULTILINE) == []


@pytest.mark.parametrize("name", TMF_DOCUMENTS)
def test_every_refusal_has_the_shape_of_tm_forums_error(name: str) -> None:
    doc = document(name)
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for where, operation, _ in operations(doc):
        for code, raw in operation["responses"].items():
            if code >= "400":
                assert resolve(doc, raw)["content"] == error, f"{where} {code}"
    assert set(doc["components"]["schemas"]["Error"]["required"]) == {"code", "reason"}


# The others are of what fulfillers serve, and we call.
SERVED = [name for name in DOCUMENTS if not name.startswith(("fulfiller/", "clients/"))]


def has_content(doc: Node, operation: Node) -> bool:
    answers = operation["responses"]
    return any("content" in resolve(doc, answers[status]) for status in ("200", "201") if status in answers)


def expected_statuses(doc: Node, path: str, operation: Node) -> set[str]:
    """The statuses that can occur whatever an operation is about."""
    expected = {"405", "429", "500"} | ({"503"} if operation["operationId"] not in WITHOUT_DATABASE else set())
    if has_content(doc, operation):
        expected |= {"406"}
    if "requestBody" in operation:
        expected |= {"400", "413", "415"}
    if "{" in path:
        expected |= {"404"}
    names = {resolve(doc, parameter)["name"] for parameter in operation.get("parameters", [])}
    conditions = {"If-Match": "412", "If-None-Match": "304", "Idempotency-Key": "422"}
    return expected | {status for name, status in conditions.items() if name in names}


@pytest.mark.parametrize("name", SERVED)
def test_every_operation_declares_each_status_that_can_occur(name: str) -> None:
    doc = document(name)
    lacking = {}
    for where, operation, _ in operations(doc):
        path = where.split()[1]
        if not path.startswith("/listener/"):
            missing = expected_statuses(doc, path, operation) - set(operation["responses"])
            lacking.update({where: missing} if missing else {})
    assert lacking == {}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_example_of_a_request_is_accepted(name: str) -> None:
    doc = document(name)
    for where, operation, _ in operations(doc):
        content = resolve(doc, operation.get("requestBody", {})).get("content", {})
        for kind, media in content.items():
            if "example" in media:
                errors = [error.message for error in validator(name, media["schema"]).iter_errors(media["example"])]
                assert errors == [], f"{where} {kind}"


def test_an_order_without_items_is_refused() -> None:
    check = create_validator("tmf641/v4.yaml", "ServiceOrder_Create")
    assert check.is_valid(order_example())
    assert not check.is_valid({**order_example(), "serviceOrderItem": []})


def test_an_order_item_needs_its_id_and_a_whole_quantity() -> None:
    check = create_validator("tmf641/v4.yaml", "ServiceOrder_Create")
    item = order_example()["serviceOrderItem"][0]
    nameless = {key: value for key, value in item.items() if key != "id"}
    assert not check.is_valid({**order_example(), "serviceOrderItem": [nameless]})
    assert not check.is_valid({**order_example(), "serviceOrderItem": [{**item, "quantity": 0}]})
    assert not check.is_valid({**order_example(), "serviceOrderItem": [{**item, "quantity": 1.5}]})
    assert check.is_valid({**order_example(), "serviceOrderItem": [{**item, "quantity": 3, "someExtension": {"a": 1}}]})


def test_the_updates_of_an_order_reach_its_state_and_its_items() -> None:
    check = create_validator("tmf641/v4.yaml", "ServiceOrder_Update")
    item = order_example()["serviceOrderItem"][0]
    assert check.is_valid({"state": "inProgress", "serviceOrderItem": [{**item, "state": "inProgress"}]})
    assert check.is_valid({"description": None}), "null removes an attribute"
    assert not check.is_valid({"state": "resumed"})


def test_a_subscription_never_answers_its_secret() -> None:
    for name in TMF_DOCUMENTS:
        kept = document(name)["components"]["schemas"]
        assert kept["EventSubscriptionInput"]["properties"]["secret"]["writeOnly"] is True, name
        assert "secret" not in kept["EventSubscription"]["properties"], name


def parity_rows(name: str, *options: str) -> list[str]:
    published = REFERENCE / "reference" / f"{name.replace('/', '-').removesuffix('.yaml')}.json"
    command = [sys.executable, str(PARITY), str(published), str(SPECS / name), "--max", "100000", *options]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert "facts in the reference" in run.stdout, run.stderr
    return [row for row in run.stdout.splitlines() if row.startswith(("MISSING", "DIFFERS", "STRICTER"))]


@needs_reference
@needs_parity_tool
@pytest.mark.parametrize("name", ["tmf641/v4.yaml", "tmf638/v4.yaml", "tmf639/v4.yaml", "tmf639/v5.yaml"])
def test_a_document_keeps_the_facts_of_the_published_one(name: str) -> None:
    file = f"{name.replace('/', '-').removesuffix('.yaml')}.txt"
    deviations = next(folder / file for folder in (DEVIATIONS, REFERENCE / "deviations") if (folder / file).is_file())
    assert parity_rows(name, "--allow", str(deviations)) == []


@needs_reference
@needs_parity_tool
def test_of_process_flows_only_their_specifications_are_not_served() -> None:
    rows = parity_rows("tmf701/v4.yaml")
    assert [row for row in rows if not re.search(r" /(listener/)?(process|task)FlowSpecification", row)] == []


@needs_reference
@needs_parity_tool
def test_the_catalogue_lacks_only_what_is_not_served_yet() -> None:
    rows = parity_rows("tmf633/v4.yaml")
    assert [row for row in rows if not NOT_SERVED_YET.search(row)] == []


@needs_reference
@pytest.mark.parametrize(("name", "sample", "schema"), SAMPLES)
def test_a_published_sample_is_accepted(name: str, sample: str, schema: str) -> None:
    body = json.loads((REFERENCE / "samples" / sample).read_text(encoding="utf-8"))
    api = name.split("/", maxsplit=1)[0]
    if schema.endswith("_Create"):
        body = {key: value for key, value in body.items() if key not in SERVER_SET[api]}
        for item in body.get("serviceOrderItem", []):
            item.pop("state", None)
    assert [f"{e.instance_path}: {e.message}" for e in create_validator(name, schema).iter_errors(body)] == []
