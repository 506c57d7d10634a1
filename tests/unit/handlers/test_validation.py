"""What is wrong with a body is told in words, with its place, however large the body is."""

import copy
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.documents import load, with_null
from handlers.excerpts import ATTRIBUTES, ELEMENTS, Excerpt
from handlers.validation import MAX_VIOLATIONS, body_check
from models.domain.errors import InvalidRequest
from models.domain.pointers import pointer
from models.domain.shapes import Shape

Body = dict[str, Any]
DOCUMENT = load("tmf641")
SCHEMA = DOCUMENT.schema("ServiceOrder_Create")
CHECK = body_check(DOCUMENT, SCHEMA)
WHOLE = jsonschema_rs.Draft4Validator({**with_null(SCHEMA), "components": {"schemas": DOCUMENT.json_schemas}})


def item(number: int, **attributes: Any) -> Body:
    characteristics = [{"name": f"c{index}", "value": index} for index in range(8)]
    service = {"serviceSpecification": {"id": "a"}, "serviceCharacteristic": characteristics}
    return {"id": str(number), "action": "add", "service": service, **attributes}


def order(items: int) -> Body:
    return {"serviceOrderItem": [item(number) for number in range(items)]}


def found(body: Body) -> list[tuple[str, str]]:
    try:
        CHECK.check(body)
    except InvalidRequest as error:
        return [(violation.pointer, violation.code) for violation in error.violations]
    return []


@pytest.mark.parametrize("size", [3, 30, 1_000])
@pytest.mark.parametrize("place", [0, 2, -1])
def test_the_place_of_a_mistake_is_that_in_the_whole_body(size: int, place: int) -> None:
    at = f"/serviceOrderItem/{place % size}"
    body = order(size)
    body["serviceOrderItem"][place]["service"]["serviceCharacteristic"][6]["name"] = 7
    assert found(body) == [(f"{at}/service/serviceCharacteristic/6/name", "wrongType")]
    del body["serviceOrderItem"][place]["action"]
    assert (f"{at}/action", "required") in found(body)


def test_all_mistakes_of_a_small_body_are_told_up_to_the_fifth() -> None:
    body = {"category": 7, "serviceOrderItem": [{"id": "1", "action": "make"}, {"id": 2, "action": "add"}]}
    assert sorted(found(body)) == [
        ("/category", "wrongType"),
        ("/serviceOrderItem/0/action", "unknownValue"),
        ("/serviceOrderItem/0/service", "required"),
        ("/serviceOrderItem/1/id", "wrongType"),
        ("/serviceOrderItem/1/service", "required"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"serviceOrderItem": [{}] * 50_000},
        {"serviceOrderItem": [None] * 50_000},
        {"serviceOrderItem": [], "note": [{"text": 1}] * 50_000},
        {"note": [{"text": "a", "author": "b"}] * 30_000},
        {"x": {str(number): number for number in range(50_000)}},
        {**order(3_000), "category": 7},
    ],
)
def test_of_a_body_that_is_wrong_everywhere_a_few_mistakes_are_told(body: Body) -> None:
    assert 1 <= len(found(body)) <= MAX_VIOLATIONS


def test_an_array_that_is_too_long_is_told_although_its_elements_are_right() -> None:
    document = load("tmf633")
    check = body_check(document, document.schema("ServiceSpecification_Create"))
    body = {"name": "a", "specCharacteristic": [{"name": str(number)} for number in range(1_001)]}
    with pytest.raises(InvalidRequest) as caught:
        check.check(body)
    assert [(one.pointer, one.code) for one in caught.value.violations] == [("/specCharacteristic", "wrongLength")]


PARTS: st.SearchStrategy[Any] = st.sampled_from([None, 1, "text", [], {}, {"id": "1"}, {"name": 1}, {"value": 1}])
MISTAKES = st.lists(st.tuples(st.integers(0, 19), st.sampled_from(["id", "action", "service", "quantity"]), PARTS))
MORE = st.lists(st.tuples(st.integers(0, 19), st.integers(0, 7), st.sampled_from(["name", "value"]), PARTS))


@given(MISTAKES, MORE)
def test_whatever_is_told_is_wrong_and_something_is_told_of_whatever_is_wrong(mistakes: Any, more: Any) -> None:
    body = order(20)
    for number, index, name, value in more:
        body["serviceOrderItem"][number]["service"]["serviceCharacteristic"][index][name] = copy.deepcopy(value)
    for number, name, value in mistakes:
        body["serviceOrderItem"][number][name] = copy.deepcopy(value)
    wrong = set()
    for error in WHOLE.iter_errors(body):
        path = list(error.instance_path)
        missing = getattr(error.kind, "property", None)
        wrong.add(pointer(*path) if missing is None else pointer(*path, missing))
    told = {place for place, _ in found(body)}
    assert told <= wrong
    assert bool(told) is bool(wrong)


def test_an_excerpt_keeps_a_few_elements_around_a_place() -> None:
    body = {"a": [{"b": list(range(100, 200))} for _ in range(50)], "c": list(range(50))}
    excerpt = Excerpt.of(body, around=["a", 40, "b", 97])
    assert [len(each["b"]) for each in excerpt.body["a"]] == [3, *[ELEMENTS] * (ELEMENTS - 1)]
    assert excerpt.body["a"][0]["b"] == [197, 198, 199]
    assert excerpt.path_in_body(["a", 0, "b", 1]) == ["a", 40, "b", 98]
    assert excerpt.path_in_body(["a", 2, "b", 1]) == ["a", 42, "b", 1]
    assert excerpt.path_in_body(["c", 1]) == ["c", 1]


def test_an_excerpt_of_an_object_without_end_keeps_what_the_schema_knows() -> None:
    shape = Shape.compile({}, {"type": "object", "properties": {"id": {"type": "string"}}})
    excerpt = Excerpt.of({**{str(number): number for number in range(5_000)}, "id": "1"}, shape)
    assert excerpt.body["id"] == "1"
    assert len(excerpt.body) == ATTRIBUTES + 1


def test_a_deep_body_is_heavier_than_a_flat_one_of_as_many_values() -> None:
    deep: Any = 1
    for _ in range(63):
        deep = {"a": deep, "b": 1}
    assert not Excerpt.of(deep).is_small
    assert Excerpt.of({str(number): 1 for number in range(126)}).is_small
    assert not Excerpt.of({str(number): {"a": {"b": [1] * 5}} for number in range(ATTRIBUTES)}).is_small


def test_what_is_not_allowed_is_named() -> None:
    document = load("som")
    with pytest.raises(InvalidRequest) as refused:
        body_check(document, document.schema("ResourcePoolCreate")).check(
            {"name": "tiny", "kind": "discrete", "capacity": [{"capacityAmount": {}}], "part": [], "size": 2}
        )
    (violation,) = [one for one in refused.value.violations if one.code == "unknownAttribute"]
    assert (violation.pointer, violation.message) == ("/part", "No such attribute is allowed here, nor size.")
