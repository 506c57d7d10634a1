"""The examples fit the documents that they are sent to."""

import json
from pathlib import Path

import pytest
import yaml

from handlers.documents import load
from handlers.validation import BodyCheck

ROOT = Path(__file__).parents[2]
FILES = {
    ("tmf633", "ServiceSpecification_Create"): sorted((ROOT / "examples" / "catalogue").glob("*.yaml")),
    ("tmf641", "ServiceOrder_Create"): sorted((ROOT / "examples" / "orders").glob("*.json")),
    ("tmf638", "Service_Create"): sorted((ROOT / "examples" / "services").glob("*.json")),
    ("som", "FulfillerCreate"): [
        ROOT / "examples" / "fulfillers" / f"{name}.json" for name in ("monitoring", "network", "platform", "surveyors")
    ],
}
CASES = [(document, schema, file) for (document, schema), files in FILES.items() for file in files]
PLACEHOLDERS = {"${NETWORK_URL}": "http://127.0.0.1:1", "${PLATFORM_URL}": "http://127.0.0.1:2",
                "${MONITORING_URL}": "http://127.0.0.1:3"}  # fmt: skip


def check(document: str, schema: str) -> BodyCheck:
    api = load(document)
    return BodyCheck(api, api.schema(schema))


CHECKS = {key: check(*key) for key in FILES}


@pytest.mark.parametrize(("document", "schema", "file"), CASES, ids=[case[2].stem for case in CASES])
def test_an_example_fits_its_document(document: str, schema: str, file: Path) -> None:
    text = file.read_text()
    for placeholder, value in PLACEHOLDERS.items():
        text = text.replace(placeholder, value)
    body = json.loads(text) if file.suffix == ".json" else yaml.safe_load(text)
    CHECKS[document, schema].check(body)
