"""What is called how on the other side, both ways."""

from typing import Any

import pytest

from adapters.ports import FulfillerCall
from adapters.tmforum.mapping import NameMapping, Received, check

SERVICE = {
    "id": "s-1",
    "serviceSpecification": {"id": "access-1", "name": "access", "version": "1", "href": "http://ours/access-1"},
    "serviceCharacteristic": [{"name": "speed", "value": 100, "valueType": "integer"}, {"name": "secret", "value": 1}],
}
RENAMED = {"characteristic": {"speed": "bandwidth", "secret": None}}


def call(**attributes: Any) -> FulfillerCall:
    return FulfillerCall("p:t", **{"action": "add", "service": SERVICE, "idempotency_key": "k", **attributes})


@pytest.mark.parametrize(
    ("table", "theirs"),
    [
        ({}, {"id": "access-1", "name": "access", "version": "1"}),
        ({"access-1": "carrier-7"}, {"id": "carrier-7"}),
        ({"access": {"id": "carrier-8", "version": "2"}}, {"id": "carrier-8", "version": "2"}),
    ],
)
def test_a_specification_is_theirs_as_mapped_by_our_id_or_name(table: Any, theirs: Any) -> None:
    assert NameMapping({"specification": table}).specification(SERVICE) == theirs


def test_a_service_without_a_specification_has_none_there() -> None:
    assert NameMapping({}).specification({"id": "s"}) is None


def test_names_are_theirs_where_the_table_says_so_and_null_keeps_one_to_ourselves() -> None:
    assert NameMapping(RENAMED).sent(call()) == [{"name": "bandwidth", "value": 100, "valueType": "integer"}]


def test_the_input_that_a_specification_maps_is_sent_rather_than_the_service() -> None:
    assert NameMapping(RENAMED).sent(call(input={"speed": 7, "port": 1})) == [
        {"name": "bandwidth", "value": 7}, {"name": "port", "value": 1}
    ]  # fmt: skip


def test_a_template_says_it_in_expressions() -> None:
    mapping = NameMapping({"send": {"mbit": "= service.characteristic.speed * 2", "order": "= orderId"}})
    assert mapping.sent(call(order_id="o")) == [{"name": "mbit", "value": 200}, {"name": "order", "value": "o"}]


def test_of_a_modification_what_changes_is_sent_and_back_what_it_was() -> None:
    former = {"serviceCharacteristic": [{"name": "speed", "value": 50}, {"name": "old", "value": 1}]}
    change = call(action="modify", former=former)
    mapping = NameMapping(RENAMED)
    assert mapping.sent(change) == [
        {"name": "bandwidth", "value": 100, "valueType": "integer"}, {"name": "old", "value": None}
    ]  # fmt: skip
    assert mapping.sent(change, back=True) == [{"name": "bandwidth", "value": 50}, {"name": "old", "value": 1}]
    assert mapping.sent(change, whole=True) == [{"name": "bandwidth", "value": 100, "valueType": "integer"}]


def test_what_comes_has_our_names_again() -> None:
    theirs = [{"name": "bandwidth", "value": 90}, {"name": "port", "value": 3}, "nonsense", {"value": 1}]
    ours = ({"name": "speed", "value": 90}, {"name": "port", "value": 3})
    assert NameMapping(RENAMED).received({}, theirs, {}) == Received({}, ours)


def test_a_template_reads_what_comes() -> None:
    receive = {
        "output": {"port": "= characteristic.port", "order": "= order.id"},
        "characteristic": {"up": "= subject.state", "speed": "= characteristic.bandwidth / 1000"},
    }
    got = NameMapping({"receive": receive}).received({"state": "active"}, [{"name": "port", "value": 3}], {"id": "o"})
    assert got == Received({"port": 3, "order": "o"}, ({"name": "up", "value": "active"},))


@pytest.mark.parametrize(
    ("settings", "pointer"),
    [
        ({"specification": ["a"]}, "/settings/specification"),
        ({"specification": {"a": {"name": "b"}}}, "/settings/specification"),
        ({"characteristic": {"a": 1}}, "/settings/characteristic"),
        ({"characteristic": {"a": "x", "b": "x"}}, "/settings/characteristic"),
        ({"send": "= service"}, "/settings/send"),
        ({"send": {"a": "= 1 +"}}, "/settings/send/a"),
        ({"receive": {"output": {"a": "= ("}}}, "/settings/receive/output/a"),
    ],
)
def test_a_mapping_that_cannot_work_is_named(settings: Any, pointer: str) -> None:
    assert [violation.pointer for violation in check(settings)] == [pointer]


@pytest.mark.parametrize(
    ("settings", "ours"),
    [
        ({}, "bandwidth"),
        (RENAMED, "speed"),
        ({"characteristic": {"bandwidth": None}}, None),
        ({"send": {"bandwidth": "= service.characteristic.speed"}}, "speed"),
        ({"send": {"bandwidth": "= service.characteristic.speed / 1000"}}, None),
        ({"send": {"bandwidth": 100}}, None),
        ({"send": {"contact": "= service.characteristic.contact"}}, None),
    ],
)
def test_a_name_of_theirs_is_ours_where_a_value_of_ours_goes_there_as_it_is(settings: Any, ours: str | None) -> None:
    assert NameMapping(settings).ours("bandwidth") == ours
