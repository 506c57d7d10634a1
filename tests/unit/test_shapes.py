import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.domain.admission import MAX_DEPTH
from models.domain.dates import canonical_date
from models.domain.shapes import ANYTHING, Kind, Shape

DOCUMENT: dict[str, Any] = {
    "components": {
        "schemas": {
            "Order": {
                "type": "object",
                "properties": {
                    "id": {"type": "string"},
                    "orderDate": {"type": "string", "format": "date-time"},
                    "quantity": {"type": "integer"},
                    "isBundle": {"type": "boolean"},
                    "milestones": {"type": "array", "items": {"type": "string", "format": "date-time"}},
                    "orderItem": {"type": "array", "items": {"$ref": "#/components/schemas/Item"}},
                    "party": {"oneOf": [{"$ref": "#/components/schemas/Party"}, {"$ref": "PartyRef"}]},
                    "extension": {"type": "object", "additionalProperties": True},
                },
            },
            "Item": {
                "allOf": [
                    {"type": "object", "properties": {"id": {"type": "string"}}},
                    {
                        "type": "object",
                        "properties": {
                            "start": {"type": "string", "format": "date-time"},
                            "characteristic": {"type": "array", "items": {"$ref": "#/components/schemas/Base"}},
                            "orderItem": {"type": "array", "items": {"$ref": "#/components/schemas/Item"}},
                        },
                    },
                ]
            },
            "Base": {
                "type": "object",
                "properties": {"name": {"type": "string"}},
                "discriminator": {
                    "propertyName": "@type",
                    "mapping": {"Base": "#/components/schemas/Base", "Free": "#/components/schemas/Free"},
                },
            },
            "Free": {"allOf": [{"$ref": "#/components/schemas/Base"}, {"type": "object", "properties": {"value": {}}}]},
            "Party": {"type": "object", "properties": {"name": {"type": "string"}, "since": {"type": "string"}}},
            "PartyRef": {
                "type": "object",
                "properties": {"id": {"type": "string"}, "since": {"type": "string", "format": "date-time"}},
            },
        }
    }
}
ORDER = Shape.compile(DOCUMENT, {"$ref": "#/components/schemas/Order"})


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("id", Kind.STRING),
        ("orderDate", Kind.DATE_TIME),
        ("quantity", Kind.INTEGER),
        ("isBundle", Kind.BOOLEAN),
        ("orderItem", Kind.ARRAY),
        ("orderItem.start", Kind.DATE_TIME),
        ("orderItem.orderItem.orderItem.id", Kind.STRING),
        ("orderItem.characteristic.value", Kind.ANY),
        ("orderItem.characteristic.value.speed.unit", Kind.ANY),
        ("party", Kind.OBJECT),
        ("party.name", Kind.STRING),
        ("party.id", Kind.STRING),
        ("party.since", Kind.ANY),
        ("extension.whatever", Kind.ANY),
    ],
)
def test_a_dotted_path_leads_through_arrays_references_and_subtypes(path: str, kind: Kind) -> None:
    found = ORDER.at(tuple(path.split(".")))
    assert found is not None
    assert found.kind is kind


@pytest.mark.parametrize("path", ["state", "orderItem.state", "orderItem.orderItem.nothing", "id.x", "orderDate.year"])
def test_an_unknown_path_leads_nowhere(path: str) -> None:
    assert ORDER.at(tuple(path.split("."))) is None


def test_a_mistyped_path_is_answered_with_what_may_have_been_meant() -> None:
    assert ORDER.suggest(("quantty",)) == "did you mean quantity?"
    assert ORDER.suggest(("orderItem", "strat")) == "did you mean orderItem.start?"
    assert "the attributes of orderItem are" in ORDER.suggest(("orderItem", "zzz"))
    assert ORDER.suggest(("id", "x")) == "id has no attributes below it."


def test_an_array_tells_its_element() -> None:
    found = ORDER.at(("orderItem",))
    assert found is not None
    assert found.element.kind is Kind.OBJECT


def test_a_type_that_may_be_null_keeps_its_kind() -> None:
    assert Shape.compile({}, {"type": ["string", "null"]}).kind is Kind.STRING
    assert Shape.compile({}, {"type": ["string", "integer"]}).kind is Kind.ANY


def test_a_reference_out_of_the_document_is_refused() -> None:
    with pytest.raises(ValueError, match="inside the document"):
        Shape.compile({}, {"$ref": "https://example.org/schema"})


def test_dates_become_canonical_wherever_the_schema_has_one_and_only_there() -> None:
    body = {
        "orderDate": "2026-11-22T12:15:00+02:00",
        "milestones": ["2026-11-22T10:15:00.5Z", "2026-11-22t10:15:00.1239z"],
        "orderItem": [{"start": "2020-01-01T00:00:00Z", "orderItem": [{"start": "2020-01-01T00:00:00-01:00"}]}],
        "id": "2026-11-22T12:15:00+02:00",
        "extension": {"orderDate": "yesterday"},
    }
    assert ORDER.admit(body) == []
    assert body == {
        "orderDate": "2026-11-22T10:15:00.000Z",
        "milestones": ["2026-11-22T10:15:00.500Z", "2026-11-22T10:15:00.123Z"],
        "orderItem": [{"start": "2020-01-01T00:00:00.000Z", "orderItem": [{"start": "2020-01-01T01:00:00.000Z"}]}],
        "id": "2026-11-22T12:15:00+02:00",
        "extension": {"orderDate": "yesterday"},
    }


def test_each_invalid_date_is_named_by_its_pointer() -> None:
    found = ORDER.admit({"orderItem": [{}, {"start": "soon"}], "milestones": ["2026-02-30T00:00:00Z"]})
    assert [(v.pointer, v.code) for v in found] == [
        ("/orderItem/1/start", "invalidDate"),
        ("/milestones/0", "invalidDate"),
    ]


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"$set": 1}, "/$set", "illegalName"),
        ({"extension": {"a": [{"x\0": 1}]}}, "/extension/a/0/x\0", "illegalName"),
        ({"orderItem": [{"characteristic": [{"value": {"$gt": ""}}]}]}, None, "illegalName"),
        ({"quantity": 2**63}, "/quantity", "numberTooLarge"),
        ({"quantity": -(2**63) - 1}, "/quantity", "numberTooLarge"),
        ({"extension": [float("nan")]}, "/extension/0", "notANumber"),
        ({"extension": {"a/b~c": float("inf")}}, "/extension/a~1b~0c", "notANumber"),
        ([1, float("-inf")], "/1", "notANumber"),
        (2**64, "", "numberTooLarge"),
    ],
)
def test_what_the_database_cannot_keep_is_refused_with_its_pointer(body: Any, pointer: str | None, code: str) -> None:
    (found,) = ORDER.admit(body)
    assert found.code == code
    assert pointer is None or found.pointer == pointer


def test_numbers_at_the_edge_of_64_bits_are_admitted() -> None:
    assert ORDER.admit({"quantity": 2**63 - 1, "extension": [-(2**63), 1e308, True, None]}) == []


@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"x": inner}])
def test_nesting_is_bounded(wrap: Any) -> None:
    body: Any = {}
    for _ in range(MAX_DEPTH - 1):
        body = wrap(body)
    assert ANYTHING.admit(body) == []
    (found,) = ANYTHING.admit(wrap(body))
    assert found.code == "tooDeep"


def test_a_body_that_is_wrong_everywhere_gets_a_bounded_answer() -> None:
    assert len(ORDER.admit({f"${i}": 1 for i in range(100_000)})) == 50
    assert len(ORDER.admit([{"$a": 1, "$b": [{"$c": 1}]}] * 1000)) <= 50


@settings(deadline=None)
@given(
    st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)),  # noqa: DTZ001
    st.sampled_from(["Z", "+00:00", "-00:00", "+01:30", "-23:59", "+14:00"]),
)
def test_a_canonical_date_is_the_same_moment_to_the_millisecond(naive: datetime, offset: str) -> None:
    canonical = canonical_date(naive.isoformat() + offset)
    assert canonical is not None
    assert canonical_date(canonical) == canonical
    before = datetime.fromisoformat(naive.isoformat() + offset).astimezone(UTC)
    difference = before - datetime.fromisoformat(canonical)
    assert 0 <= difference.total_seconds() < 0.001


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"),
        ("0999-01-01T00:00:00Z", "0999-01-01T00:00:00.000Z"),
        ("2026-11-22 10:15:00Z", "2026-11-22T10:15:00.000Z"),
        ("2026-11-22T10:15:00.123456789123Z", "2026-11-22T10:15:00.123Z"),
    ],
)
def test_unusual_dates_of_rfc_3339_are_understood(text: str, canonical: str) -> None:
    assert canonical_date(text) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-22",
        "2026-11-22T10:15:00",
        "2026-11-22T10:15Z",
        "2026-02-29T10:15:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T10:15:00+24:00",
        "2026-11-22T10:15:00,5Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "9999-12-31T23:59:60Z",
        "2026-W47-7T10:15:00Z",
        "٢٠٢٦-11-22T10:15:00Z",
        "2026-11-22T10:15:00Z\n",
    ],
)
def test_what_is_no_date_of_rfc_3339_is_refused(text: str) -> None:
    assert canonical_date(text) is None


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(max_size=8).filter(lambda n: not n.startswith("$") and "\0" not in n), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(JSON)
def test_a_sound_body_is_admitted_unchanged(body: Any) -> None:
    before = copy.deepcopy(body)
    assert ANYTHING.admit(body) == []
    assert json.dumps(body) == json.dumps(before)
