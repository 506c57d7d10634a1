"""Specifications of other systems in our words."""

import json
from pathlib import Path
from typing import Any

import yaml

from models.domain.foreign_catalogue import translated
from models.domain.specification import Specification
from models.patterns import Re2Patterns

EXAMPLES = Path(__file__).parents[3] / "examples"
Body = dict[str, Any]


def openslice() -> dict[str, Body]:
    return {one["name"]: one for one in json.loads((EXAMPLES / "imports" / "openslice.json").read_text())}


def characteristic(**attributes: Any) -> Body:
    body, _ = translated({"name": "a", "serviceSpecCharacteristic": [{"name": "c", **attributes}]})
    [found] = body["specCharacteristic"]
    return dict(found)


def test_what_is_in_our_words_comes_back_as_it_was() -> None:
    for file in (EXAMPLES / "catalogue").glob("*.yaml"):
        body = yaml.safe_load(file.read_text())
        assert translated(body) == (body, []), file


def test_openslice_says_the_same_in_our_words() -> None:
    body, notes = translated(openslice()["Campus Slice"])
    assert body == {
        "id": "5b0f8b1e-6c1d-4a54-9d7e-0f6a5a0b7c11", "name": "Campus Slice", "version": "0.2.0",
        "description": "A private network for a campus, of a core and radio cells", "lifecycleStatus": "Active",
        "isBundle": True,
        "specCharacteristic": [
            {"name": "Coverage", "configurable": True, "description": "Where terminals are served", "isUnique": True,
             "maxCardinality": 1, "minCardinality": 1, "valueType": "string",
             "charSpecRelationship": [{"name": "Radio", "role": "tag", "relationshipType": "tag"}],
             "characteristicValueSpecification": [{"isDefault": True, "value": "indoor"},
                                                  {"isDefault": False, "value": "yard"}]},
            {"name": "Cells", "configurable": True, "description": "Number of radio cells", "isUnique": True,
             "maxCardinality": 1, "minCardinality": 0, "valueType": "integer", "charSpecRelationship": [],
             "characteristicValueSpecification": [{"isDefault": True, "value": 4}]},
        ],
        "serviceSpecRelationship": [
            {"id": "c7d1c5a0-2f0e-4a67-8a86-6e3f6c1f0d02", "name": "Campus Core", "relationshipType": "bundles"},
        ],
    }  # fmt: skip
    assert [note.pointer for note in notes] == [
        "/serviceSpecCharacteristic/0/serviceSpecCharacteristicValue/0/value/alias",
        "/serviceSpecCharacteristic/0/serviceSpecCharacteristicValue/1/value/alias",
        "/serviceSpecRelationship/0",
    ]


def test_a_lone_default_is_no_restriction_and_choices_are() -> None:
    body, _ = translated(openslice()["Campus Slice"])
    rules = Specification.from_body(body, Re2Patterns()).rules
    given: list[Body] = [{"name": "Coverage", "value": "yard"}, {"name": "Cells", "value": 9}]
    assert rules.check(given, pointer="", partial=False) == []
    wrong = rules.check([{"name": "Coverage", "value": "space"}], pointer="", partial=True)
    assert [one.pointer for one in wrong] == ["/0/value"]


def test_value_types_of_databases_are_read() -> None:
    assert characteristic(valueType="LONGTEXT")["valueType"] == "string"
    assert characteristic(valueType="TIMESTAMP")["valueType"] == "TIMESTAMP"  # a word that is known
    found = characteristic(valueType="SET", serviceSpecCharacteristicValue=[{"value": {"value": "a"}}])
    assert found["extensible"] is True
    span = [{"valueFrom": "1", "valueTo": "9", "default": True}]
    [option] = characteristic(valueType="INTEGER", serviceSpecCharacteristicValue=span)[
        "characteristicValueSpecification"
    ]
    assert option == {"valueFrom": 1, "valueTo": 9, "isDefault": True}


def test_relationships_of_older_versions_keep_their_type() -> None:
    body, notes = translated({"name": "a", "version": "1", "lifecycleStatus": "Active",
                              "serviceSpecRelationship": [{"id": "b", "type": "dependency"}]})  # fmt: skip
    assert body["serviceSpecRelationship"] == [{"id": "b", "relationshipType": "dependency"}]
    assert notes == []


def test_what_says_nothing_of_its_status_cannot_be_ordered_yet() -> None:
    body, notes = translated({"uuid": "u", "name": "a"})
    assert (body["id"], body["lifecycleStatus"]) == ("u", "In design")
    assert [note.pointer for note in notes] == ["/lifecycleStatus"]
