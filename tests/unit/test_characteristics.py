"""Characteristics fit their specification, or the order is told what is wrong, where, and what is allowed."""

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from models.domain.characteristics import CharacteristicRules, check_specification, value_types
from models.domain.characteristics.rule import Given, rule_of
from models.patterns import Re2Patterns

PATTERNS = Re2Patterns()
ROOT = Path(__file__).parents[2]
REFERENCE = Path(os.environ.get("SOM_REFERENCE_DIR", "no-reference-data"))
SAMPLE = REFERENCE / "samples/tmf633-v4/ServiceSpecification.example.json"
AT = datetime(2024, 1, 1, tzinfo=UTC)
MISSING = object()
LISTED = "/characteristicValueSpecification"
VALUE = LISTED + "/0"


def rules(*characteristics: dict[str, Any], **more: Any) -> CharacteristicRules:
    return CharacteristicRules.from_specification({"specCharacteristic": list(characteristics), **more}, PATTERNS)


def characteristic(value_type: str | None = None, *values: dict[str, Any], **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"name": "c", "characteristicValueSpecification": list(values), **more}
    return made if value_type is None else {**made, "valueType": value_type}


def codes(spec: dict[str, Any], *given: Any, partial: bool = False, at: datetime | None = None) -> list[str]:
    entries = [{"name": "c"} if value is MISSING else {"name": "c", "value": value} for value in given]
    return [v.code for v in rules(spec).check(entries, pointer="", partial=partial, at=at)]


@pytest.mark.parametrize(
    ("words", "fitting", "wrong"),
    [
        ("string String TEXT xs:string", ["", "a"], [1, True, {}, 1.5]),
        ("number numeric Decimal float DOUBLE", [1, 1.5, -2], ["1", True, {}]),
        ("integer Int long", [1, 2.0, -(2**62)], [1.5, "1", True]),
        ("boolean BOOL", [True, False], [0, "true"]),
        ("date", ["2024-05-31", "2024-05-31T10:00:00Z"], ["31.5.2024", "2024-02-30", 20240531]),
        ("dateTime date-time timestamp", ["2024-05-31T10:00:00Z", "2024-05-31T10:00"], ["2024-05-31", "now", 1]),
        ("object JsonObject", [{}, {"a": 1}], ["{}", 1]),
        ("array", [[], [1]], [{}, "a"]),
        ("Quantity CapabilityScalable", [1, "a", {}, True], []),
    ],
)
def test_a_value_has_the_type_that_its_word_means(words: str, fitting: list[Any], wrong: list[Any]) -> None:
    for word in words.split():
        assert [codes(characteristic(word), value) for value in fitting] == [[]] * len(fitting)
        assert [codes(characteristic(word), value) for value in wrong] == [["characteristicValueType"]] * len(wrong)


def test_without_a_value_type_the_value_specification_s_counts() -> None:
    assert codes(characteristic(None, {"valueType": "integer"}), "x") == ["characteristicValueType"]
    assert codes(characteristic(None), "x") == []


@pytest.mark.parametrize(
    ("interval", "inside", "outside"),
    [
        (None, [1, 5, 10, 1.5], [0.99, 11]),
        ("closed", [1, 10], [0, 11]),
        ("open", [1.1, 9], [1, 10]),
        ("closedBottom", [1, 9.9], [0, 10]),
        ("closedTop", [1.1, 10], [1, 11]),
        ("CLOSEDTOP", [10], [1]),
    ],
)
@pytest.mark.parametrize("written", [(1, 10), ("1", "10")])
def test_a_range_holds_its_ends_as_it_says(
    interval: str | None, inside: list[Any], outside: list[Any], written: tuple[Any, Any]
) -> None:
    spec = characteristic("number", {"valueFrom": written[0], "valueTo": written[1], "rangeInterval": interval})
    assert [codes(spec, value) for value in inside] == [[]] * len(inside)
    assert [codes(spec, value) for value in outside] == [["characteristicRange"]] * len(outside)


@pytest.mark.parametrize(
    ("spec", "fitting", "code", "wrong"),
    [
        (characteristic("number", {"valueFrom": 5}), [5, 9e9], "characteristicRange", [4]),
        (characteristic("number", {"valueTo": 5}), [-1, 5], "characteristicRange", [6]),
        (
            characteristic("number", {"valueFrom": 1, "valueTo": 2}, {"valueFrom": 8, "valueTo": 9}),
            [1, 9],
            "characteristicRange",
            [5],
        ),
        (
            characteristic("date", {"valueFrom": "2024-01-01"}),
            ["2024-01-01T01:00:00+01:00"],
            "characteristicRange",
            ["2023-12-31"],
        ),
        (characteristic("string", {"valueFrom": "b", "valueTo": "d"}), ["c", "d"], "characteristicRange", ["a", "da"]),
        (characteristic(None, {"valueFrom": 1, "valueTo": 3}), [2], "characteristicRange", [4, "2", {}]),
        (
            characteristic("string", {"value": "a"}, {"value": "b"}),
            ["a", "b"],
            "characteristicValueNotAllowed",
            ["c", ""],
        ),
        (characteristic("integer", {"value": "10"}, {"value": 20}), [10, 20.0], "characteristicValueNotAllowed", [30]),
        (
            characteristic("boolean", {"value": "true"}, {"value": "TRUE"}),
            [True],
            "characteristicValueNotAllowed",
            [False],
        ),
        (
            characteristic("x", {"value": 1}, {"value": {"a": [1]}}),
            [1.0, {"a": [1.0]}],
            "characteristicValueNotAllowed",
            [True, {"a": [2]}, "1"],
        ),
        (
            characteristic("number", {"valueFrom": 1, "valueTo": 9}, {"value": 50, "isDefault": True}),
            [9, 50],
            "characteristicValueNotAllowed",
            [49],
        ),
        (characteristic("string", {"value": "a", "isDefault": True}), ["a", "b"], "", []),
        (
            characteristic("string", {"value": "a", "isDefault": True}, extensible=False),
            ["a"],
            "characteristicValueNotAllowed",
            ["b"],
        ),
        (
            characteristic("string", {"value": "a"}, {"value": "b"}, extensible=True),
            ["a", "z"],
            "characteristicValueType",
            [1],
        ),
        (characteristic("number", {"unitOfMeasure": "Mbit/s"}), [1, 2], "", []),
        (characteristic("number", {"valueFrom": "", "valueTo": "", "value": ""}), [1, 2], "", []),
        (characteristic("string", regex="[a-z]+-\\d"), ["ge-0"], "characteristicPattern", ["ge-0/1", "xge-0x"]),
        (characteristic("integer", regex="\\d{3}"), [123], "characteristicPattern", [1234]),
        (
            characteristic("string", {"regex": "a+"}, {"value": "b"}),
            ["aa", "b"],
            "characteristicValueNotAllowed",
            ["c"],
        ),
        (characteristic("string", regex="(?=a)"), ["anything"], "", []),
        (characteristic("array", maxCardinality=1), [[1, 2, 3]], "characteristicValueType", ["a"]),
        (
            characteristic("string", {"value": "fixed", "isDefault": True}, configurable=False),
            ["fixed"],
            "characteristicNotConfigurable",
            ["other"],
        ),
        (characteristic("string", configurable=False), [], "characteristicNotConfigurable", ["x"]),
    ],
)
def test_a_value_is_one_that_the_specification_allows(
    spec: dict[str, Any], fitting: list[Any], code: str, wrong: list[Any]
) -> None:
    assert [codes(spec, value) for value in fitting] == [[]] * len(fitting)
    assert [codes(spec, value) for value in wrong] == [[code]] * len(wrong)


@pytest.mark.parametrize(
    ("more", "given", "expected"),
    [
        ({}, ["a", "b"], ["characteristicDuplicate"]),
        ({"maxCardinality": 1}, ["a", "b", "c"], ["characteristicDuplicate"] * 2),
        ({}, [["a", "b"]], ["characteristicCardinality"]),
        ({"maxCardinality": 2}, ["a", "b"], []),
        ({"maxCardinality": 2}, [["a", "b"]], []),
        ({"maxCardinality": 2}, ["a", ["b", "c"]], ["characteristicCardinality"]),
        ({"maxCardinality": 3}, [["a", 1]], ["characteristicValueType"]),
        ({"maxCardinality": -1}, [["a"] * 50], []),
        ({"maxCardinality": 0}, ["a"], ["characteristicCardinality"]),
        ({"minCardinality": 2, "maxCardinality": 3}, ["a"], ["characteristicCardinality"]),
        ({"minCardinality": 2, "maxCardinality": 3}, [], ["characteristicMissing"]),
        ({"minCardinality": 1}, [], ["characteristicMissing"]),
        ({"minCardinality": 1}, [None], ["characteristicMissing"]),
        ({"minCardinality": 1}, [MISSING], ["characteristicMissing"]),
        ({"minCardinality": 1, "maxCardinality": 2}, [[]], ["characteristicMissing"]),
        ({"minCardinality": 1, "configurable": False}, [], []),
        ({"minCardinality": 0}, [None], []),
        ({"isUnique": True, "maxCardinality": 3}, ["a", "b", "a"], ["characteristicNotUnique"]),
        ({"isUnique": False, "maxCardinality": 3}, ["a", "b", "a"], []),
    ],
)
def test_the_number_of_values_is_within_the_cardinality(
    more: dict[str, Any], given: list[Any], expected: list[str]
) -> None:
    assert codes(characteristic("string", **more), *given) == expected


def test_a_default_satisfies_a_mandatory_characteristic() -> None:
    assert codes(characteristic("string", {"value": "a", "isDefault": True}, minCardinality=1)) == []


def test_a_change_checks_only_what_it_names_and_null_removes() -> None:
    spec = characteristic("string", minCardinality=1)
    assert codes(spec, partial=True) == []
    assert codes(spec, "a", partial=True) == []
    assert codes(spec, 1, partial=True) == ["characteristicValueType"]
    assert codes(spec, None, partial=True) == ["mandatoryCharacteristic"]
    assert codes(characteristic("string"), None, partial=True) == []


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"specCharacteristic": [{"name": "c"}]}, ["unknownCharacteristic"]),
        ({"specCharacteristic": []}, ["unknownCharacteristic"]),
        ({"specCharacteristic": [{"name": "c", "extensible": True}]}, ["unknownCharacteristic"]),
        ({"specCharacteristic": [{"name": "c"}], "extensible": True}, []),
        ({}, []),
    ],
)
def test_an_unknown_name_is_refused_unless_the_specification_is_open(spec: dict[str, Any], expected: list[str]) -> None:
    made = CharacteristicRules.from_specification(spec, PATTERNS)
    assert [v.code for v in made.check([{"name": "new", "value": 1}], pointer="", partial=False)] == expected


def test_violations_point_at_the_attribute_and_say_what_is_allowed() -> None:
    made = rules(
        characteristic("integer", {"valueFrom": 10, "valueTo": 100, "unitOfMeasure": "Mbit/s"}, name="rate"),
        characteristic("string", {"value": "gold"}, {"value": "silver"}, name="sla"),
        characteristic("string", name="site", minCardinality=1),
        characteristic("string", name="tags", maxCardinality=3),
    )
    order: list[dict[str, Any]] = [
        {"name": "rate", "value": 500},
        {"name": "sla", "value": "tin"},
        {"name": "speed", "value": 1},
        {"value": 1},
        {"name": "tags", "value": ["a", 2]},
    ]
    pointer = "/serviceOrderItem/0/service/serviceCharacteristic"
    found = made.check(order, pointer=pointer, partial=False)
    assert {v.pointer.removeprefix(pointer): v.message for v in found} == {
        "/0/value": "The characteristic rate must be at least 10 and at most 100 Mbit/s; the number 500 was given.",
        "/1/value": 'The characteristic sla must be "gold" or "silver"; the text "tin" was given.',
        "/2/name": "The specification has no characteristic speed; it has rate, sla, site, tags.",
        "/3/name": "A characteristic needs a name, which its specification knows.",
        "/4/value/1": "The characteristic tags must be a text; the number 2 was given.",
        "": "The characteristic site is mandatory. It must be a text.",
    }


def test_validity_counts_at_the_moment_that_is_asked_for() -> None:
    past = {"validFor": {"startDateTime": "2020-01-01T00:00", "endDateTime": "2021-01-01T00:00:00Z"}}
    ended = characteristic("string", **past)
    assert codes(ended, "a") == []
    assert codes(ended, "a", at=AT) == ["characteristicNotValid"]
    assert codes({**ended, "minCardinality": 1}, at=AT) == []
    listed = characteristic("string", {"value": "a", **past}, {"value": "b"})
    assert codes(listed, "a", at=datetime(2020, 6, 1, tzinfo=UTC)) == []
    assert codes(listed, "a", at=AT) == ["characteristicValueNotAllowed"]
    assert codes(listed, "b", at=AT) == []


def test_defaults_fill_what_is_absent_and_keep_the_order() -> None:
    made = rules(
        characteristic("integer", {"value": "100", "isDefault": True}, name="bandwidth"),
        characteristic("string", name="site"),
        characteristic(
            "string",
            {"value": "a", "isDefault": True},
            {"value": "b", "isDefault": True},
            name="tags",
            maxCardinality=2,
        ),
        characteristic(None, {"value": {"n": 1}, "isDefault": True}, name="size"),
        characteristic("string", {"value": "x", "isDefault": True}, name="given"),
    )
    order: list[dict[str, Any]] = [{"name": "given", "value": "y", "id": "7"}, {"name": "bandwidth", "value": None}]
    filled = made.with_defaults(order)
    assert filled == [
        {"name": "given", "value": "y", "id": "7"},
        {"name": "bandwidth", "value": 100},
        {"name": "tags", "valueType": "string", "value": ["a", "b"]},
        {"name": "size", "value": {"n": 1}},
    ]
    assert order[1]["value"] is None
    filled[3]["value"]["n"] = 2
    assert made.with_defaults([])[2]["value"] == {"n": 1}
    assert made.check(made.with_defaults([]), pointer="", partial=False) == []


@pytest.mark.reference
def test_tm_forum_s_sample_specification_is_read_without_trouble() -> None:
    spec = json.loads(SAMPLE.read_text(encoding="utf-8"))
    assert check_specification(spec, PATTERNS) == []
    made = CharacteristicRules.from_specification(spec, PATTERNS)
    filled = made.with_defaults([])
    assert [item["name"] for item in filled] == ["operatingSystem", "scalability"]
    assert made.check(filled, pointer="", partial=False) == []
    wrong: list[dict[str, Any]] = [
        {"name": "operatingSystem", "value": "DOS"},
        {"name": "scalability", "value": {"minInstances": 3}},
    ]
    assert [v.code for v in made.check(wrong, pointer="", partial=False)] == ["characteristicValueNotAllowed"]


@pytest.mark.parametrize(
    ("spec", "pointer", "code"),
    [
        (characteristic("string", name=""), "/name", "characteristicNameMissing"),
        (characteristic(minCardinality=3, maxCardinality=2), "/minCardinality", "cardinalityContradiction"),
        (characteristic(minCardinality=2), "/minCardinality", "cardinalityContradiction"),
        (characteristic(regex="("), "/regex", "invalidPattern"),
        (characteristic(None, {"regex": "(?!a)"}), VALUE + "/regex", "invalidPattern"),
        (characteristic(None, {"rangeInterval": "half"}), VALUE + "/rangeInterval", "rangeInterval"),
        (characteristic("number", {"valueFrom": "low"}), VALUE + "/valueFrom", "characteristicValueType"),
        (characteristic("number", {"valueFrom": 5, "valueTo": "4"}), VALUE + "/valueFrom", "rangeEmpty"),
        (characteristic("integer", {"value": "many"}), VALUE + "/value", "characteristicValueType"),
        (
            characteristic("integer", {"value": 7, "valueTo": 5, "isDefault": True}),
            VALUE + "/value",
            "characteristicRange",
        ),
        (
            characteristic("string", {"value": "b", "isDefault": True}, regex="a"),
            VALUE + "/value",
            "characteristicPattern",
        ),
        (characteristic("string", {"value": "b", "regex": "a"}), VALUE + "/value", "characteristicPattern"),
        (characteristic(minCardinality=1, configurable=False), "/configurable", "defaultMissing"),
        (
            characteristic("x", {"value": 1, "isDefault": True}, {"value": 2, "isDefault": True}),
            LISTED,
            "defaultsTooMany",
        ),
    ],
)
def test_a_flaw_of_the_specification_is_told_when_it_is_published(
    spec: dict[str, Any], pointer: str, code: str
) -> None:
    found = check_specification({"specCharacteristic": [{"name": "first"}, spec]}, PATTERNS)
    assert [(v.pointer, v.code) for v in found] == [(f"/specCharacteristic/1{pointer}", code)]
    assert found[0].message.endswith(".")


def test_a_name_defined_twice_is_told_and_the_first_counts() -> None:
    spec = {"specCharacteristic": [{"name": "c", "valueType": "string"}, {"name": "c", "valueType": "integer"}]}
    assert [(v.pointer, v.code) for v in check_specification(spec, PATTERNS)] == [
        ("/specCharacteristic/1/name", "characteristicDuplicate")
    ]
    made = CharacteristicRules.from_specification(spec, PATTERNS)
    assert made.check([{"name": "c", "value": "a"}], pointer="", partial=False) == []


@pytest.mark.parametrize(
    "spec",
    [
        {"specCharacteristic": 1},
        {
            "specCharacteristic": [
                1,
                {"name": 2},
                {
                    "name": "c",
                    "characteristicValueSpecification": "x",
                    "valueType": [],
                    "validFor": 3,
                    "regex": 4,
                    "maxCardinality": "2",
                },
            ]
        },
    ],
)
def test_a_misshapen_specification_of_a_foreign_catalogue_raises_nothing(spec: dict[str, Any]) -> None:
    made = CharacteristicRules.from_specification(spec, PATTERNS)
    assert made.check([{"name": "c", "value": 1}], pointer="", partial=False) == []
    check_specification(spec, PATTERNS)


def test_the_documentation_names_every_code_and_every_value_type() -> None:
    page = (ROOT / "docs/reference/characteristics.md").read_text(encoding="utf-8")
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "models/domain/characteristics").glob("*.py"))
    used = set(re.findall(r'"((?:characteristic|mandatory|unknown|cardinality|defaults?|range)[A-Z]\w+)"', source)) - {
        "characteristicValueSpecification"
    }
    table = set(re.findall(r"^\| `(\w+)` \| (?!rule)", page.partition("## Codes")[2], re.MULTILINE))
    assert used | {"invalidPattern"} == table
    for words in value_types._WORDS.values():
        assert f"| {', '.join(words.split())} |" in page


@pytest.mark.parametrize(
    "characteristic",
    [
        {"name": "speed", "valueType": "integer", "regex": "[0-9]{2,3}"},
        {"name": "speed", "minCardinality": 2, "maxCardinality": 3},
        {"name": "speed", "configurable": False},
        {
            "name": "speed",
            "characteristicValueSpecification": [{"value": 50}, {"valueFrom": 80, "valueTo": 100}, {"regex": "a+"}],
        },
        {"name": "speed", "validFor": {"endDateTime": "2020-01-01T00:00:00Z"}},
    ],
)
@pytest.mark.parametrize("value", [None, 50, 80.0, "aaa", "b", True, [50], {"a": 1}, 5])
def test_the_short_way_to_yes_never_accepts_what_the_long_way_refuses(
    characteristic: dict[str, Any], value: Any
) -> None:
    rule = rule_of(characteristic, Re2Patterns())
    if rule.accepts(value):
        assert rule.check([Given("/x", value)], partial=False, at=None) == []


@pytest.mark.parametrize(
    ("default", "given", "short"),
    [
        ({"value": 50}, [], True),
        ({"value": 50}, [{"name": "speed", "value": 70}], True),
        ({"value": "fast"}, [], False),  # a foreign catalogue's default that breaks its own rule is found
        ({"value": "fast"}, [{"name": "speed", "value": 70}], True),
        ({"value": 50}, [{"name": "speed", "value": None}], False),
        ({"value": 50}, [{"name": "speed", "value": 70}, {"name": "speed", "value": 70}], False),
        ({"value": 50}, [{"name": ["speed"], "value": 70}], False),
    ],
)
def test_the_short_way_knows_what_defaults_would_make_of_an_order(
    default: dict[str, Any], given: list[dict[str, Any]], short: bool
) -> None:
    made = rules(characteristic("integer", {**default, "isDefault": True}, name="speed", minCardinality=1))
    assert made.plainly_fit(given, partial=False) is short
    if short:
        assert made.check(made.with_defaults(given), pointer="", partial=False) == []
