"""The surface check names what is wrong, and where."""

from dataclasses import replace
from typing import Any

import pytest

from models.domain.order_check import check_order
from tests.unit.planning.examples import Body, compiled, item, ordered, related, snapshot, specification

SIZE = {"name": "size", "valueType": "integer", "minCardinality": 1, "maxCardinality": 1}
SPECIFICATIONS = compiled([
    specification("leaf"),
    specification("sized", specCharacteristic=[SIZE]),
    specification("draft", lifecycleStatus="In design"),
    specification("expired", validFor={"endDateTime": "2020-01-01T00:00:00.000Z"}),
    specification("whole", ("bundles", "sized")),
])  # fmt: skip
SERVICES: list[Body] = [
    {"id": state, "state": state, "serviceSpecification": {"id": "sized"}}
    for state in ("feasibilityChecked", "designed", "reserved", "inactive", "active", "terminated")
]
SEEN = snapshot(SERVICES, SPECIFICATIONS)
SIZED: Body = {"serviceCharacteristic": [{"name": "size", "value": 1}]}


def found(*items: Body, **options: Any) -> list[tuple[str, str]]:
    return [(one.pointer, one.code) for one in check_order(ordered(*items), SEEN, **options)]


AT = "/serviceOrderItem/0"


@pytest.mark.parametrize(
    ("bad", "pointer", "code"),
    [
        (item("1", "add", "nowhere"), "/service/serviceSpecification", "unknownSpecification"),
        (item("1", "add"), "/service/serviceSpecification", "missingSpecification"),
        (item("1", "add", "draft"), "/service/serviceSpecification", "notOrderable"),
        (item("1", "add", "expired"), "/service/serviceSpecification", "notOrderable"),
        (item("1", "add", "sized"), "/service/serviceCharacteristic", "characteristicMissing"),
        (item("1", "add", "leaf", service={"id": "active"}), "/service/id", "serviceExists"),
        (item("1", "add", "leaf", service={"state": "terminated"}), "/service/state", "illegalTargetState"),
        (item("1", "add", "leaf", quantity=0), "/quantity", "illegalQuantity"),
        (item("1", "modify", quantity=2, service={"id": "active"}), "/quantity", "illegalQuantity"),
        (item("1", "add", "whole", quantity=2, serviceOrderItem=[item("2", "add", "sized", service=SIZED)]),
         "/quantity", "illegalQuantity"),
        (item("1", "modify"), "/service/id", "missingService"),
        (item("1", "delete", service={"id": "nowhere"}), "/service/id", "unknownService"),
        (item("1", "noChange", service={"id": "terminated"}), "/service/id", "illegalState"),
        (item("1", "modify", "leaf", service={"id": "active"}),
         "/service/serviceSpecification", "specificationChanged"),
        (item("1", "modify", service={"id": "active", "state": "designed"}), "/service/state", "illegalTargetState"),
        (item("1", "add", "leaf", serviceOrderItemRelationship=related("9")),
         "/serviceOrderItemRelationship/0/orderItem/itemId", "unknownItem"),
        (item("1", "add", "leaf", serviceOrderItemRelationship=related("1")),
         "/serviceOrderItemRelationship/0/orderItem/itemId", "cycle"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(bad: Body, pointer: str, code: str) -> None:
    assert found(bad) == [(AT + pointer, code)]


@pytest.mark.parametrize("action", ["modify", "delete"])
@pytest.mark.parametrize("body", SERVICES, ids=lambda body: body["id"])
def test_only_what_is_built_can_be_changed_or_deleted(action: str, body: Body) -> None:
    allowed = body["state"] in {"active", "inactive"}
    expected = [] if allowed else [(f"{AT}/service/id", "illegalState")]
    assert found(item("1", action, service={"id": body["id"]})) == expected


def test_a_modification_is_checked_as_a_delta() -> None:
    assert found(item("1", "modify", service={"id": "active"})) == []
    wrong = {"id": "active", "serviceCharacteristic": [{"name": "size", "value": "big"}]}
    assert found(item("1", "modify", service=wrong)) == [
        (f"{AT}/service/serviceCharacteristic/0/value", "characteristicValueType")
    ]


def test_values_of_a_nested_item_may_still_be_handed_down() -> None:
    assert found(item("1", "add", "whole", serviceOrderItem=[item("2", "add", "sized")])) == []


def test_ids_are_unique_over_all_levels() -> None:
    nested = item("1", "add", "leaf", serviceOrderItem=[item("1", "add", "leaf")])
    assert found(nested) == [(f"{AT}/serviceOrderItem/0/id", "duplicateItemId")]


def test_a_circle_of_items_is_named() -> None:
    one = item("one", "add", "leaf", serviceOrderItemRelationship=related("two"))
    two = item("two", "add", "leaf", serviceOrderItemRelationship=related("one", kind="requires"))
    (violation,) = check_order(ordered(one, two), SEEN)
    assert "one → two → one" in violation.message


def test_an_item_and_one_inside_it_can_wait_for_each_other_in_a_circle_too() -> None:
    inner = item("in", "add", "leaf", serviceOrderItemRelationship=related("next"))
    outer = item("out", "add", "leaf", serviceOrderItem=[inner])
    after = item("next", "add", "leaf", serviceOrderItemRelationship=related("out"))
    (violation,) = check_order(ordered(outer, after), SEEN)
    assert violation.code == "cycle"


def test_between_two_deletions_what_relies_on_the_other_may_name_it_or_be_named() -> None:
    one = item("one", "delete", service={"id": "active"}, serviceOrderItemRelationship=related("two", kind="reliesOn"))
    two = item("two", "delete", service={"id": "inactive"}, serviceOrderItemRelationship=related("one"))
    assert found(one, two) == []


def test_a_relationship_to_another_order_is_information_only() -> None:
    link = [{"relationshipType": "dependency", "orderItem": {"itemId": "77", "serviceOrderId": "other"}}]
    assert found(item("1", "add", "leaf", serviceOrderItemRelationship=link)) == []


def test_without_the_catalogue_check_unknown_specifications_are_taken() -> None:
    items = (item("1", "add", "nowhere"), item("2", "add"), item("3", "add", "draft"))
    assert found(*items, catalog_check=False) == []


def test_two_items_about_one_service_are_refused() -> None:
    items = (item("1", "modify", service={"id": "active"}), item("2", "delete", service={"id": "active"}))
    assert found(*items) == [("/serviceOrderItem/1/service/id", "duplicateService")]


GONE: Body = {"id": "terminated"}


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        (item("1", "add", "sized", service={**SIZED, **GONE}), []),
        (item("1", "add", "leaf", service={**SIZED, **GONE}),
         [("/service/serviceSpecification", "specificationChanged")]),
        (item("1", "add", "sized", service=GONE), [("/service/serviceCharacteristic", "characteristicMissing")]),
        (item("1", "add", "sized", service={**SIZED, **GONE}, quantity=2), [("/quantity", "illegalQuantity")]),
        (item("1", "add", "sized", service={**SIZED, **GONE, "state": "designed"}),
         [("/service/state", "illegalTargetState")]),
    ],
)  # fmt: skip
def test_an_add_that_names_a_service_which_is_gone_builds_it_anew(given: Body, wrong: list[tuple[str, str]]) -> None:
    seen = replace(SEEN, gone=frozenset(["terminated"]))
    assert [(one.pointer, one.code) for one in check_order(ordered(given), seen)] == [
        (AT + pointer, code) for pointer, code in wrong
    ]


def test_of_two_items_about_one_service_that_is_gone_the_second_is_refused() -> None:
    both = [item(key, "add", "sized", service={**SIZED, **GONE}) for key in ("1", "2")]
    violations = check_order(ordered(*both), replace(SEEN, gone=frozenset(["terminated"])))
    assert [(one.pointer, one.code) for one in violations] == [("/serviceOrderItem/1/service/id", "duplicateService")]
