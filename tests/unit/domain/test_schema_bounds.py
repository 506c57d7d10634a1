"""Schemas that look at a small value over and over are found without being used; what people write is let through."""

import time
from typing import Any

import pytest

from models.domain.schema_bounds import DEEPEST, endless
from models.schemas import fault, violations

T = {"$ref": "#/$defs/t"}
E = {"$ref": "#/$defs/e"}
U = {"$ref": "#u"}


def leads_on(count: int, by: Any, last: Any) -> dict[str, Any]:
    """Definitions that each apply the next one, as `by` makes it of the reference."""
    steps = {f"a{at}": by({"$ref": f"#/$defs/a{at + 1}"}) for at in range(count)}
    return {"$ref": "#/$defs/a0", "$defs": {**steps, f"a{count}": last}}


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {"type": "integer"}}},
        {"$ref": "#"},
        {"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}, "all": {"items": {"$ref": "#"}}}},
        {"$defs": {"t": {"anyOf": [{"type": "string"}, {"items": T}, {"additionalProperties": T}]}}, **T},
        {"$defs": {"t": {"anyOf": [{"properties": {"not": T}}, {"properties": {"and": {"items": T}}}]}}, **T},
        {"$defs": {"t": {"items": T}}, "properties": {"a": T, "b": T}, "allOf": [T, T]},
        {"$defs": {"t": {"prefixItems": [T, {"$ref": "#/$defs/a~1b"}, T]}, "a/b": {"type": "string"}}, **T},
        {"$id": "http://x.example/s", "$ref": "http://x.example/s#/$defs/t", "$defs": {"t": {"$anchor": "u"}}},
        {"properties": {"a": {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "string"}}},
        {"properties": {"$ref": {"type": "string"}, "enum": {"enum": [{"$id": "no schema"}]}}},
    ],
)
def test_a_schema_that_goes_through_a_value_once_is_let_through(schema: dict[str, Any]) -> None:
    assert endless(schema) is None
    assert fault(schema) is None


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        (leads_on(40, lambda next_: {"allOf": [next_, next_]}, {"type": "object"}), "parts"),
        (leads_on(40, lambda next_: {"anyOf": [{"items": next_}, {"items": next_}]}, True), "parts"),
        (leads_on(DEEPEST, lambda next_: {"not": next_}, True), "within each other"),
        ({"allOf": [{"items": {"$ref": "#"}}, {"items": {"$ref": "#"}}]}, "several ways"),
        ({"allOf": [{"$ref": "#"}, {"$ref": "#"}]}, "several ways"),
        ({"items": {"anyOf": [{"$ref": "#"}, {"items": {"$ref": "#"}}]}}, "several ways"),
        ({"properties": {"a": {"$ref": "#"}}, "patternProperties": {"a": {"$ref": "#"}}}, "several ways"),
        (
            {"$defs": {"t": {"items": E}, "e": {"oneOf": [{"items": T}, {"items": E}]}}, **T},
            "several ways",
        ),
        ({"$defs": {"t": {"$anchor": "u", "allOf": [{"items": U}, {"items": U}]}}, **T}, "several"),
        ({"$defs": {"t": {"$id": "x"}}, "$ref": "x"}, "`$id`"),
        ({"properties": {"default": {"$id": "http://x.example/"}}}, "`$id`"),  # a name, not the word
        ({"properties": {"a": {"$schema": "http://json-schema.org/draft-04/schema#"}}}, "`$schema`"),
        ({"$defs": {"a": {"$anchor": "u"}, "b": {"$anchor": "u"}}, **U}, "anchor 'u'"),
        ({"%24defs": {"t": True}, "$defs": {"t": {"allOf": [{"$ref": "#/%24defs/t"}] * 2}}, **T}, "several ways"),
    ],
)  # fmt: skip
def test_a_schema_that_has_no_bound_is_refused_and_never_used(schema: dict[str, Any], says: str) -> None:
    assert says in (endless(schema) or "")
    assert says in (fault(schema) or "")
    nested: list[Any] = []
    for _ in range(60):
        nested = [nested]
    assert violations(schema, nested) == ()


@pytest.mark.parametrize("word", ["allOf", "anyOf", "oneOf"])
def test_what_is_looked_at_again_for_what_it_leaves_over_has_a_bound(word: str) -> None:
    def nested(depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {"type": "object"}
        for _ in range(depth):
            made = {word: [made, {"required": ["a"]}], "unevaluatedProperties": {"type": "object"}}
        return made

    assert endless(nested(6)) is None
    assert "parts" in (endless(nested(20)) or "")


def test_a_schema_that_comes_back_in_very_many_ways_is_judged_soon() -> None:
    names = {f"p{at}": {"$ref": "#"} for at in range(140)}
    schema = {"$defs": {"b": {"properties": names}}, "properties": {name: {"$ref": "#/$defs/b"} for name in names}}
    began = time.process_time()
    assert "parts" in (endless(schema) or "")
    assert time.process_time() - began < 10


def test_what_cannot_even_be_written_down_is_refused() -> None:
    nested: dict[str, Any] = {}
    for _ in range(300):
        nested = {"not": nested}
    assert "no usable JSON Schema" in (fault(nested) or "")
    assert "64-bit" in (fault({"const": 2**70}) or "")
