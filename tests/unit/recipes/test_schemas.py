"""What steps declare of their data, as JSON Schemas: usable or named, and held against what a case gives."""

import json
from typing import Any

import pytest

from models.domain.recipes import Recipe, check, simulate
from models.domain.recipes.cases import read_cases
from models.domain.recipes.outcome import Outcome
from models.schemas import MAX_BYTES, fault, violations
from tests.unit.recipes.drawing import recipe, service

SPEED = {"type": "object", "properties": {"speed": {"type": "integer", "minimum": 10}}, "required": ["speed"]}


def drawn(schema: Any, *, tag: str = "inputSchema", more: str = "") -> Recipe:
    text = json.dumps(schema).replace("&", "&amp;").replace("<", "&lt;")
    line = service("line", f"<som:{tag}>{text}</som:{tag}>{more}")
    return recipe(f'<startEvent id="s"/>{line}<endEvent id="e"/>', "s > line\nline > e")


def tried(one: Recipe, **case: Any) -> Outcome:
    (read,) = read_cases([{"name": "c", **case}])
    return simulate(one, read, fits=violations)


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "objekt"}, "no JSON Schema: /type"),
        ({"properties": {"a": {"$ref": "http://elsewhere.example/x.json"}}}, "elsewhere.example"),
        ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, "passwd"),
        ({"properties": {"a": {"$ref": "#/$defs/none"}}}, "does not exist"),
        ({"description": "x" * MAX_BYTES}, "are allowed"),
        ({"properties": {"a": {"pattern": "("}}}, "pattern"),
    ],
)
@pytest.mark.parametrize("tag", ["inputSchema", "outputSchema"])
def test_a_schema_that_cannot_be_used_keeps_a_recipe_from_being_published(schema: Any, said: str, tag: str) -> None:
    found = [problem for problem in check(drawn(schema, tag=tag)) if problem.kind == "schema"]
    assert [(one.element, one.severity, said in one.reason) for one in found] == [("line", "incomplete", True)]


def test_a_usable_schema_is_no_problem_and_may_refer_to_itself() -> None:
    tree = {
        "$defs": {"t": {"type": "array", "items": {"$ref": "#/$defs/t"}}},
        "properties": {"t": {"$ref": "#/$defs/t"}},
    }
    assert fault(tree) is None
    assert violations(tree, {"t": [[], [[1]]]}) == ('/t/1/0/0: 1 is not of type "array"',)


def test_by_a_schema_that_cannot_be_used_everything_fits() -> None:
    assert violations({"type": "objekt"}, 7) == ()


def test_an_input_that_a_case_gives_is_held_against_what_the_step_declares() -> None:
    outcome = tried(drawn(SPEED), input={"speed": 5})
    assert outcome.status == "stuck"
    assert "/speed" in outcome.reason
    assert tried(drawn(SPEED), input={"speed": 50}).status == "completed"


def test_an_answer_that_a_case_gives_is_held_against_what_the_step_declares() -> None:
    one = drawn(SPEED, tag="outputSchema")
    outcome = tried(one, input={}, answers={"line": {"output": {"speed": "fast"}}})
    assert (outcome.status, "line: Its answer" in outcome.reason) == ("stuck", True)
    assert tried(one, input={}, answers={"line": {"output": {"speed": 10}}}).status == "completed"


def test_samples_are_not_held_against_anything() -> None:
    picky = {"type": "object", "properties": {"name": {"type": "string", "pattern": "^som-"}}, "required": ["name"]}
    assert tried(drawn(picky)).status == "completed"
    assert tried(drawn(picky, tag="outputSchema")).status == "completed"
