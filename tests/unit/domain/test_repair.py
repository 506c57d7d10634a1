"""What a read means for a service, and how a drift is repaired."""

from typing import Any

import pytest

from models.domain.outcomes import Done, parse_done
from models.domain.reading import as_told
from models.domain.repair import repair_of, state_of, why

NOW = "2026-11-25T10:00:00.000Z"
FINAL = frozenset({"completed", "failed"})
Body = dict[str, Any]


def speed(value: Any) -> list[Body]:
    return [{"name": "speed", "value": value, "valueType": "integer"}]


def document(state: str = "active", wanted: str = "active", *differences: Body, **more: Any) -> Body:
    body = {"id": "s1", "state": state, "serviceCharacteristic": speed(10)}
    desired: Body = {"state": wanted, "serviceSpecification": {"id": "sp"}, "place": [{"id": "p"}]}
    desired["serviceCharacteristic"] = [*speed(100), {"name": "x", "value": 1}]
    drift = {"since": NOW, "difference": list(differences)}
    return {"_id": "s1", "body": body, "desired": desired, "drift": drift, **more}


SLOW = {"attribute": "serviceCharacteristic", "name": "speed", "desired": 100, "actual": 10}
OFF = {"attribute": "state", "desired": "active", "actual": "inactive"}
MOVED = {"attribute": "place", "name": "p", "desired": {"id": "p"}, "actual": None}


def test_what_is_told_changes_what_it_names_and_nothing_else() -> None:
    body = {"state": "active", "serviceCharacteristic": [*speed(100), {"name": "x", "value": 1}]}
    told = Done(service_characteristic=({"name": "speed", "value": 10}, {"name": "x", "value": None}))
    before, after = as_told(body, told, NOW)
    assert after == {"serviceCharacteristic": speed(10)}
    assert before == {"serviceCharacteristic": body["serviceCharacteristic"]}
    assert as_told(body, Done(), NOW) == ({}, {})


def test_a_state_that_is_told_moves_the_service_along_its_life_cycle_only() -> None:
    off = as_told({"state": "active"}, Done(state="inactive"), NOW)[1]
    assert (off["state"], off["isServiceEnabled"]) == ("inactive", False)
    assert as_told({"state": "terminated", "endDate": NOW}, Done(state="inactive"), NOW)[1] == {}


@pytest.mark.parametrize(
    ("said", "state"), [("active", "active"), ("terminated", "terminated"), ("odd", None), (7, None)]
)
def test_of_a_state_only_the_words_of_the_protocol_count(said: Any, state: str | None) -> None:
    found = parse_done({"state": said})
    assert isinstance(found, Done)
    assert found.state == state


def test_a_repair_orders_what_differs_as_it_was_ordered() -> None:
    repair = repair_of(document("inactive", "active", SLOW, OFF, MOVED))
    assert repair is not None
    assert repair.order is not None
    assert repair.order["serviceOrderItem"] == [{"id": "1", "action": "modify", "service": {
        "id": "s1", "serviceSpecification": {"id": "sp"}, "serviceCharacteristic": speed(100), "state": "active",
        "place": [{"id": "p"}],
    }}]  # fmt: skip


def test_what_should_have_ended_is_ordered_to_end_and_what_is_gone_to_be_built_anew_under_its_id() -> None:
    ends = repair_of(document("active", "terminated", OFF))
    assert ends is not None
    assert ends.order is not None
    assert ends.order["serviceOrderItem"][0]["action"] == "delete"
    gone = repair_of(document("terminated", "active", OFF))
    assert gone is not None
    assert gone.order is not None
    assert gone.order["serviceOrderItem"] == [{"id": "1", "action": "add", "service": {
        "id": "s1", "serviceSpecification": {"id": "sp"}, "state": "active",
        "serviceCharacteristic": [*speed(100), {"name": "x", "value": 1}], "place": [{"id": "p"}],
    }}]  # fmt: skip
    unspecified = document("terminated", "active", OFF)
    del unspecified["desired"]["serviceSpecification"]
    planned_only = document("designed", "active", OFF)
    for impossible in (unspecified, planned_only):
        repair = repair_of(impossible)
        assert repair is not None
        assert (repair.order, "Order it anew" in str(repair.problem)) == (None, True)
    assert repair_of({"_id": "s1", "body": {}, "desired": {}}) is None


def test_a_repair_is_for_one_drift_whoever_has_reported_it() -> None:
    keys = [
        found.key
        for one in (
            document("active", "active", SLOW),
            document("active", "active", {**SLOW, "by": "north", "at": NOW}),
            document("active", "active", {**SLOW, "actual": 20}),
            document("active", "active", SLOW, drift={"since": "later", "difference": [SLOW]}),
        )
        if (found := repair_of(one)) is not None
    ]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


def test_how_far_a_repair_is() -> None:
    one = document("active", "active", SLOW)
    repair = repair_of(one)
    assert repair is not None
    assert state_of(one, repair, None, FINAL) == "proposed"
    assert state_of(one, repair, "inProgress", FINAL) == "inProgress"
    assert state_of({**one, "owner": {"order": "o"}}, repair, None, FINAL) == "inProgress"
    assert state_of(one, repair, "completed", FINAL) == "persisting"
    assert state_of({**one, "repair": {"problem": "no"}}, repair, None, FINAL) == "impossible"


def test_the_drift_in_words_names_the_first_few() -> None:
    many = [{**SLOW, "name": f"c{number}"} for number in range(7)]
    said = why(document("active", "active", *many))
    assert "c0 is 10 and was ordered as 100" in said
    assert said.endswith("and 2 more.")
    assert "p is missing and was ordered as" in why(document("active", "active", MOVED))
