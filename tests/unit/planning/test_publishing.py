"""A specification that could never be fulfilled is not published, and its author is told why."""

from typing import Any

import pytest

from models.domain.publishing import check_publishable
from models.domain.snapshot import Snapshot
from tests.unit.planning.examples import NOW, PATTERNS, Body, compiled, specification

TEXT = {"name": "site", "valueType": "string", "minCardinality": 1, "maxCardinality": 1, "regex": "[A-Z]+"}
NUMBER = {"name": "speed", "valueType": "integer", "minCardinality": 0, "maxCardinality": 1}
KNOWN = Snapshot(NOW, compiled([
    specification("line", specCharacteristic=[TEXT, NUMBER]),
    specification("plain"),
    specification("loop", ("dependency", "mine")),
]))  # fmt: skip
OWN: list[Body] = [{**TEXT, "regex": ""}, NUMBER]


def found(*relations: tuple[str, str], **more: Any) -> list[tuple[str, str]]:
    body = specification("mine", *relations, **{"specCharacteristic": OWN, **more})
    return [(one.pointer, one.code) for one in check_publishable(body, PATTERNS, KNOWN.specification)]


def tasks(**rules: Body) -> Body:
    return {"add": {"tasks": rules}}


LINE = ("bundles", "line")
SITE = {"children": {"line": {"characteristic": {"site": "=service.characteristic.site"}}}}


def test_a_good_one_has_no_violations() -> None:
    rules = {
        **SITE,
        **tasks(
            one={"input": {"a": "=child.line.characteristic.speed", "b": "=order.priority"}},
            two={"needs": ["one", "child:line"], "input": "=task.one.output.x",
                 "output": {"characteristic": {"speed": "=output.speed"}}, "retry": ["PT1S"], "deadline": "P1D"},
        ),
    }  # fmt: skip
    assert found(LINE, fulfilment=rules) == []


@pytest.mark.parametrize(
    ("rules", "pointer", "code"),
    [
        ({"remove": {}}, "/remove", "unknownAttribute"),
        (tasks(one={"neds": []}), "/add/tasks/one/neds", "unknownAttribute"),
        (tasks(one={"deadline": "soon"}), "/add/tasks/one/deadline", "invalidDuration"),
        (tasks(one={"retry": ["PT1S", "P1M"]}), "/add/tasks/one/retry/1", "invalidDuration"),
        (tasks(one={"optional": "yes"}), "/add/tasks/one/optional", "invalidType"),
        (tasks(one={"compensation": "maybe"}), "/add/tasks/one/compensation", "invalidValue"),
        (tasks(one={"kind": "mystery"}), "/add/tasks/one/kind", "invalidValue"),
        (tasks(one={"capability": {"action": "paint"}}), "/add/tasks/one/capability/action", "invalidValue"),
        (tasks(one={"needs": ["none"]}), "/add/tasks/one/needs/0", "unknownNeed"),
        (tasks(one={"needs": ["child:none"]}), "/add/tasks/one/needs/0", "unknownNeed"),
        (tasks(one={"needs": ["two"]}, two={"needs": ["one"]}), "/add/tasks", "cycle"),
        (tasks(one={"input": "=1 +"}), "/add/tasks/one/input", "expressionSyntax"),
        (tasks(one={"input": {"a": ["=nothing.here"]}}), "/add/tasks/one/input", "unknownPath"),
        (tasks(one={"input": "=service.characteristic.color"}), "/add/tasks/one/input", "unknownPath"),
        (tasks(one={"input": "=child.none.id"}), "/add/tasks/one/input", "unknownPath"),
        (tasks(one={"input": "=child.line.characteristic.color"}), "/add/tasks/one/input", "unknownPath"),
        (tasks(one={"needs": []}, two={"needs": [], "input": "=task.one.output.x"}),
         "/add/tasks/two/input", "unknownPath"),
        (tasks(one={"output": {"state": "active"}}), "/add/tasks/one/output", "invalidValue"),
        (tasks(one={"output": {"characteristic": {"color": 1}}}), "/add/tasks/one/output/characteristic/color",
         "unknownCharacteristic"),
        ({"delete": {"tasks": {"one": {"needs": ["child:line"]}}}}, "/delete/tasks/one/needs/0", "unknownNeed"),
        ({"children": {"router": {}}}, "/children/router", "unknownRelationship"),
        ({"reliesOn": {"router": {}}}, "/reliesOn/router", "unknownRelationship"),
        ({"children": {"line": {"characteristic": {"site": "low"}}}}, "/children/line/characteristic/site",
         "characteristicPattern"),
        ({"children": {"line": {"characteristic": {"site": "=service.characteristic.speed"}}}},
         "/children/line/characteristic/site", "typeMismatch"),
        ({"children": {"line": {"characteristic": {"site": "A", "color": 1}}}}, "/children/line/characteristic/color",
         "unknownCharacteristic"),
        ({"children": {"line": {"characteristic": {"site": "A"}, "condition": "yes"}}}, "/children/line/condition",
         "invalidExpression"),
        ({"children": {"line": {"characteristic": {"site": "A"}, "quantity": "=task.x"}}}, "/children/line/quantity",
         "unknownPath"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_extension_is_named_with_its_place(rules: Body, pointer: str, code: str) -> None:
    complete = rules if "children" in rules else {**SITE, **rules}
    assert (f"/fulfilment{pointer}", code) in found(LINE, fulfilment=complete)


def test_every_task_can_read_what_was_allocated_first() -> None:
    assert not found(LINE, fulfilment={
        **SITE, **tasks(vlan={"kind": "allocate"}, one={"needs": [], "input": "=task.vlan.output.value"}),
    })  # fmt: skip


def test_a_value_that_a_part_needs_must_be_handed_down() -> None:
    assert found(LINE) == [("/fulfilment/children/line/characteristic/site", "missingValue")]


def test_the_specifications_it_is_made_of_must_exist() -> None:
    assert found(("bundles", "nowhere")) == [("/serviceSpecRelationship/0", "unknownSpecification")]


def test_what_it_excludes_or_replaces_need_not_exist() -> None:
    assert found(("exclusivity", "nowhere"), ("substitution", "elsewhere")) == []


def test_a_circle_of_specifications_is_named() -> None:
    body = specification("mine", ("bundles", "loop"))
    (violation,) = check_publishable(body, PATTERNS, KNOWN.specification)
    assert violation.code == "cycle"
    assert "mine → loop" in violation.message or "loop → mine" in violation.message


def test_two_parts_cannot_have_one_name() -> None:
    assert found(("bundles", "plain"), ("bundles", "plain")) == [("/serviceSpecRelationship/1/role", "duplicateName")]


def test_expressions_without_end_are_refused_before_they_are_parsed() -> None:
    rules = {f"task{number}": {"input": {"a": "=(((" + "x" * 1_000}} for number in range(60)}
    assert found(fulfilment=tasks(**rules)) == [("/fulfilment", "expressionsTooLong")]


def test_an_operation_hands_its_inputs_on_and_computes_nothing_from_them() -> None:
    def published(**task: Any) -> list[tuple[str, str]]:
        operation = {"input": [{"name": "password", "valueType": "string"}], "tasks": {"reset": task}}
        body = specification("account", fulfilment={"operations": {"reset": operation}})
        found = check_publishable(body, PATTERNS, lambda _: None)
        return [(one.pointer, one.code) for one in found]

    at = "/fulfilment/operations/reset/tasks/reset"
    assert published(input={"password": "=operation.input.password"}) == []
    for expression in ("=operation.input.pin", "=string(operation.input.password)", "=operation", "=operation.input"):
        assert published(input={"password": expression}) == [(f"{at}/input", "unknownPath")]
    assert published(output={"characteristic": {"p": "=operation.input.password"}}) != []
    body = specification("account", fulfilment={"add": {"tasks": {"a": {"input": {"x": "=operation.input.y"}}}}})
    assert check_publishable(body, PATTERNS, lambda _: None) != []


def test_the_inputs_of_an_operation_are_checked_like_characteristics() -> None:
    wrong = [{"name": "a", "regex": "("}, {"name": "a"}]
    body = specification("account", fulfilment={"operations": {"reset": {"input": wrong, "tasks": {}}}})
    found = {one.pointer for one in check_publishable(body, PATTERNS, lambda _: None)}
    assert found == {"/fulfilment/operations/reset/input/0/regex", "/fulfilment/operations/reset/input/1/name"}
