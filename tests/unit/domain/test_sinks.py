"""Which instances go to a configuration sink, and as what."""

from typing import Any

import pytest

from models.domain.sinks import Sink, came_from_a_sink, found_in, instance

Body = dict[str, Any]
SERVICE: Body = {
    "id": "s1", "state": "active", "name": "line", "serviceSpecification": {"id": "sp", "name": "Line"},
    "relatedEntity": [{"id": "e", "role": "site"}], "desired": {}, "actual": {}, "hasDrift": False,
}  # fmt: skip
RESOURCE: Body = {"id": "r1", "resourceStatus": "reserved", "resourceSpecification": {"name": "VLAN"}}


def event(body: Body, kind: str = "service", **more: Any) -> Body:
    return {"resource": {"type": kind, "id": body["id"]}, "type": "ServiceStateChangeEvent", "body": body, **more}


def sink(*specifications: str) -> Sink:
    return Sink("tmf638", "http://cmdb.example/", frozenset(specifications))


@pytest.mark.parametrize("state", ["active", "inactive", "terminated"])
def test_what_is_real_goes_there(state: str) -> None:
    assert sink().concerns(event({**SERVICE, "state": state}))


@pytest.mark.parametrize("state", ["feasibilityChecked", "designed", "reserved"])
def test_what_is_only_planned_does_not(state: str) -> None:
    assert not sink().concerns(event({**SERVICE, "state": state}))


def test_a_change_of_the_wish_alone_is_none_of_the_instance() -> None:
    assert not sink().concerns(event(SERVICE, after={"desired": {"state": "active"}}))
    assert sink().concerns(event(SERVICE, after={"serviceCharacteristic": []}))
    assert sink().concerns(event(SERVICE, after={"desired": "changed", "actual": "changed"}))


def test_only_specifications_that_were_asked_for_by_id_or_name() -> None:
    assert sink("sp").concerns(event(SERVICE))
    assert sink("Line", "Other").concerns(event(SERVICE))
    assert not sink("Other").concerns(event(SERVICE))
    assert sink("VLAN").concerns(event(RESOURCE, "resource"))


@pytest.mark.parametrize(("kind", "body"), [("tmf638", SERVICE), ("tmf639", RESOURCE)])
def test_an_instance_is_marked_found_by_its_mark_and_not_passed_on(kind: Any, body: Body) -> None:
    sent = instance(kind, body)
    assert {"id", "href", "desired", "actual", "hasDrift", "drift"}.isdisjoint(sent)
    assert found_in(kind, [{"id": "other"}, {**sent, "id": "theirs"}], body["id"]) == "theirs"
    assert found_in(kind, [{**sent, "id": "theirs"}], "else") is None
    assert found_in(kind, {"not": "a list"}, body["id"]) is None
    assert came_from_a_sink(sent)
    assert not came_from_a_sink(body)
    assert not sink().concerns(event({**sent, "id": "theirs"}, "service" if kind == "tmf638" else "resource"))
