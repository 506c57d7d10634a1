"""Events and their envelopes."""

from typing import Any

import pytest

from models.domain.events import SUBJECTS, event_document, event_type, listener_name
from models.wire.events import render

BODY = {"id": "o1", "@type": "ServiceOrder", "state": "completed", "externalId": "A1", "priority": "0"}


def stored(**more: Any) -> dict[str, Any]:
    return {"_id": "o1", "tenant": "default", "body": BODY, **more}


def stub(**more: Any) -> dict[str, Any]:
    return {
        "id": "e1", "type": "ServiceOrderStateChangeEvent", "seq": 2, "at": "2026-01-01T10:00:00.000Z",
        "state": "inProgress", "who": "somebody", **more,
    }  # fmt: skip


def test_an_event_holds_the_resource_in_the_state_of_its_moment() -> None:
    event = event_document("serviceOrder", stored(), stub(before={"state": "acknowledged"}, why="It began."))
    assert event["body"] == {**BODY, "state": "inProgress"}
    assert BODY["state"] == "completed"
    assert (event["seq"], event["who"], event["why"]) == (2, "somebody", "It began.")
    assert event["before"] == {"state": "acknowledged"}
    assert "after" not in event


def test_the_envelope_of_v4() -> None:
    event = event_document("serviceOrder", stored(), stub(why="Work has begun."))
    assert render(event, "v4", "https://som.example/") == {
        "eventId": "e1",
        "eventTime": "2026-01-01T10:00:00.000Z",
        "eventType": "ServiceOrderStateChangeEvent",
        "correlationId": "o1",
        "domain": "serviceOrdering",
        "title": "Service order changed its state",
        "description": "Service order changed its state: o1 (A1), state inProgress. Work has begun.",
        "priority": "0",
        "timeOcurred": "2026-01-01T10:00:00.000Z",
        "event": {
            "serviceOrder": {
                **BODY,
                "state": "inProgress",
                "href": "https://som.example/tmf-api/serviceOrdering/v4/serviceOrder/o1",
            }
        },
    }


def test_further_fields_stand_in_the_envelope_and_hide_nothing() -> None:
    event = event_document("serviceOrder", stored(), stub(fields={"fieldPath": "$.note", "eventId": "forged"}))
    envelope = render(event, "v4", "")
    assert envelope["fieldPath"] == "$.note"
    assert envelope["eventId"] == "e1"


def test_events_of_one_order_share_their_correlation() -> None:
    service = {"_id": "s1", "tenant": "default", "body": {"id": "s1", "state": "active"}}
    cancel = {"_id": "c1", "tenant": "default", "order": "o1", "body": {"id": "c1"}}
    owner = {"owner": {"order": "o1", "item": "1", "plan": "o1"}}
    assert event_document("serviceOrder", stored(), stub())["correlation"] == "o1"
    assert event_document("cancelServiceOrder", cancel, stub())["correlation"] == "o1"
    assert event_document("service", {**service, **owner}, stub())["correlation"] == "o1"
    assert event_document("service", service, stub(order="o1"))["correlation"] == "o1"
    assert event_document("service", service, stub())["correlation"] == "s1"


def test_the_event_of_a_tombstone_belongs_to_its_tenant() -> None:
    assert event_document("serviceOrder", stored(tenant="~default"), stub())["tenant"] == "default"


def test_only_what_the_standard_names_is_an_event_type() -> None:
    assert event_type("serviceOrder", "Milestone") == "ServiceOrderMilestoneEvent"
    assert event_type("serviceSpecification", "Change") == "ServiceSpecificationChangeEvent"
    with pytest.raises(KeyError):
        event_type("cancelServiceOrder", "Delete")
    assert sum(len(subject.event_types) for subject in SUBJECTS.values() if subject.api == "tmf641") == 10


def test_a_listener_path_begins_small() -> None:
    assert listener_name("CancelServiceOrderCreateEvent") == "cancelServiceOrderCreateEvent"


def test_a_version_that_we_do_not_speak_is_an_error() -> None:
    with pytest.raises(KeyError):
        render(event_document("serviceOrder", stored(), stub()), "v9", "")


def test_an_event_of_a_resource_holds_all_its_states_as_of_its_moment() -> None:
    body = {
        "id": "r1",
        "name": "VLAN",
        "resourceStatus": "suspended",
        "usageState": "idle",
        "controlStatus": "suspended",
    }
    owed = stub(type="ResourceStateChangeEvent", state="reserved", order="o1")
    event = event_document("resource", {"_id": "r1", "tenant": "t", "body": body}, owed | {
        "states": {"resourceStatus": "reserved", "usageState": "active"}
    })  # fmt: skip
    assert event["body"] == {"id": "r1", "name": "VLAN", "resourceStatus": "reserved", "usageState": "active"}
    assert event["correlation"] == "o1"


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"@type": "PhysicalResource"}, "physicalResource"),
        ({"@type": "Router", "@baseType": "PhysicalResource"}, "physicalResource"),
        ({"@type": "LogicalResource"}, "resource"),
        ({}, "resource"),
    ],
)
def test_v4_tells_of_physical_resources_by_a_name_of_their_own_and_v5_does_not(body: dict[str, Any], name: str) -> None:
    stored = {"_id": "r1", "tenant": "t", "body": {"id": "r1", **body}}
    event = event_document("resource", stored, stub(type="ResourceDeleteEvent"))
    fourth, fifth = render(event, "v4", ""), render(event, "v5", "")
    assert fourth["eventType"] == f"{name[0].upper()}{name[1:]}DeleteEvent"
    assert list(fourth["event"]) == [name]
    assert (fifth["eventType"], list(fifth["event"])) == ("ResourceDeleteEvent", ["resource"])


def test_v5_tells_what_changed_and_of_what() -> None:
    body = {"id": "r1", "@type": "LogicalResource", "name": "VLAN", "operationalState": "disable", "note": []}
    stored = {"_id": "r1", "tenant": "t", "body": body}
    change = stub(
        type="ResourceStateChangeEvent", before={"operationalState": "enable"}, after={"operationalState": "disable"}
    )
    told = render(event_document("resource", stored, change), "v5", "https://som.example")
    assert (told["@type"], told["timeOccurred"]) == ("ResourceStateChangeEvent", told["eventTime"])
    assert "timeOcurred" not in told
    assert told["event"]["resource"] == {
        "id": "r1",
        "@type": "LogicalResource",
        "operationalState": "disabled",
        "href": "https://som.example/tmf-api/resourceInventoryManagement/v5/resource/r1",
    }
