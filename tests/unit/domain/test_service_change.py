"""What work changes in a service."""

from models.domain.service_change import (
    Report,
    changed,
    in_state,
    merge_characteristics,
    merge_references,
    values,
    with_delta,
    with_report,
)

NOW = "2026-11-22T10:00:00.000Z"


def test_a_delta_changes_what_it_names_removes_what_is_null_and_leaves_the_rest() -> None:
    present = [{"name": "a", "value": 1, "valueType": "integer"}, {"name": "b", "value": 2}, {"name": "c", "value": 3}]
    merged = merge_characteristics(present, [{"name": "a", "value": 9}, {"name": "b", "value": None}])
    assert merged == [{"name": "a", "value": 9, "valueType": "integer"}, {"name": "c", "value": 3}]
    assert present[0]["value"] == 1


def test_a_delta_says_nothing_of_what_the_server_decides() -> None:
    delta = {"id": "x", "@type": "X", "state": "inactive", "serviceSpecification": {}, "name": "new"}
    assert with_delta({"name": "old"}, delta) == {"name": "new"}


def test_a_report_adds_characteristics_and_resources_one_for_each_id() -> None:
    body = {
        "serviceCharacteristic": [{"name": "a", "value": 1}],
        "supportingResource": [{"id": "r1", "name": "old", "href": "h"}],
    }
    report = Report(({"name": "b", "value": 2},), ({"id": "r1", "name": "new"}, {"id": "r2"}))
    assert with_report(body, report) == {
        "serviceCharacteristic": [{"name": "a", "value": 1}, {"name": "b", "value": 2}],
        "supportingResource": [{"id": "r1", "name": "new", "href": "h"}, {"id": "r2"}],
    }
    assert with_report(body, Report()) == {}
    assert merge_references([], [{"id": "r"}, {"id": "r"}]) == [{"id": "r"}]


def test_the_dates_of_a_service_follow_from_its_states() -> None:
    assert in_state({"state": "designed"}, "active", NOW) == {
        "state": "active",
        "isServiceEnabled": True,
        "hasStarted": True,
        "startDate": NOW,
    }
    gone = in_state({"state": "active", "startDate": "then"}, "terminated", NOW)
    assert gone == {"state": "terminated", "endDate": NOW, "isServiceEnabled": False}
    back = in_state({"state": "terminated", "startDate": "then", "endDate": "later"}, "active", NOW)
    assert (back["startDate"], back["endDate"]) == (NOW, None)
    assert in_state({"state": "active"}, "active", NOW) == {}
    assert in_state({"state": "active", "startDate": "then", "hasStarted": True}, "inactive", NOW) == {
        "state": "inactive",
        "isServiceEnabled": False,
        "hasStarted": True,
    }


def test_only_what_differs_counts_as_changed() -> None:
    assert changed({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}) == ({"b": 2, "c": None}, {"b": 3, "c": 4})


def test_characteristics_are_seen_by_name() -> None:
    assert values({"serviceCharacteristic": [{"name": "a", "value": [1]}, {"value": 2}, {"name": "b"}]}) == {
        "a": [1],
        "b": None,
    }
