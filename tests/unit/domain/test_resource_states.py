"""How a resource stands, said in the attributes of both versions of TMF639 at once."""

import pytest

from models.domain.json_values import differences
from models.domain.resource_states import Standing, put, states_of


@pytest.mark.parametrize("standing", Standing, ids=lambda standing: standing.value)
def test_a_resource_that_is_put_somewhere_stands_there(standing: Standing) -> None:
    assert Standing.of({"name": "VLAN 7", **put(standing)}) is standing


def test_a_resource_in_alarm_is_neither_free_nor_anybodys() -> None:
    assert Standing.of({"resourceStatus": "alarm", "usageState": "idle"}) is None
    assert Standing.of({"resourceStatus": "available", "usageState": "busy"}) is None
    assert Standing.of({}) is None


def test_quarantine_ends_in_both_versions_and_takes_no_control_status_but_its_own_along() -> None:
    quarantined = put(Standing.QUARANTINED)
    assert quarantined["controlStatus"] == "suspended"
    assert put(Standing.FREE, quarantined)["controlStatus"] is None
    assert "controlStatus" not in put(Standing.FREE, {"controlStatus": "subjectToTest"})


def test_only_what_really_differs_is_told() -> None:
    body = {"usageState": "idle", "controlStatus": "suspended", "name": "VLAN 7"}
    wanted = {"usageState": "idle", "controlStatus": None, "value": "7"}
    before, after = {"controlStatus": "suspended", "value": None}, {"controlStatus": None, "value": "7"}
    assert differences(body, wanted) == (before, after)
    assert states_of(body) == {"usageState": "idle", "controlStatus": "suspended"}
