"""What a hub's query asks for."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.errors import InvalidRequest
from models.domain.events import event_types
from models.domain.subscriptions import Interest, Subscription, callback_violations, parse_query
from models.patterns import Re2Patterns

ENVELOPE: dict[str, Any] = {
    "eventId": "e1",
    "eventTime": "2026-01-01T10:00:00.000Z",
    "eventType": "ServiceOrderStateChangeEvent",
    "correlationId": "o1",
    "title": "Service order changed its state",
    "event": {
        "serviceOrder": {
            "id": "o1",
            "href": "http://som.example/o1",
            "state": "completed",
            "externalId": "A,1",
            "priority": "1",
            "orderDate": "2026-01-01T09:00:00.000Z",
            "bandwidth": 100,
            "urgent": True,
            "relatedParty": [{"id": "p1", "role": "customer"}, {"id": "p2", "role": "seller"}],
            "serviceOrderItem": [{"id": "1", "service": {"name": "Line"}}, {"id": "2"}],
        }
    },
}


def interest(query: str | None, api: str = "tmf641") -> Interest:
    return parse_query(query, api, Re2Patterns())


@pytest.mark.parametrize(
    "query",
    [
        None,
        "",
        "?",
        "eventType=ServiceOrderStateChangeEvent",
        "?eventType=serviceOrderStateChangeEvent",
        "eventType=ServiceOrderCreateEvent,ServiceOrderStateChangeEvent",
        "eventType=ServiceOrderCreateEvent&eventType=ServiceOrderStateChangeEvent",
        "event.serviceOrder.state=completed",
        "serviceOrder.state=completed",
        "serviceOrder.state=failed,completed",
        "serviceOrder.state=failed&serviceOrder.state=completed",
        'serviceOrder.state="completed"',
        "serviceOrder.state.eq=completed",
        "serviceOrder.state.ne=failed",
        "serviceOrder.state!=failed",
        "serviceOrder.relatedParty.id=p2",
        "serviceOrder.relatedParty.id=p2&serviceOrder.relatedParty.role=customer",
        "serviceOrder.serviceOrderItem.service.name=Line",
        "serviceOrder.orderDate.gt=2026-01-01T08:00:00Z",
        "serviceOrder.orderDate>2026-01-01T09:30:00+01:00",
        "serviceOrder.orderDate%3E=2026-01-01T10:00:00%2B01:00",
        "serviceOrder.orderDate<2026-06-01",
        "serviceOrder.orderDate=2026-01-01T09:00:00Z",
        "serviceOrder.orderDate.gte=2026-01-01T09:00:00Z&serviceOrder.orderDate.lte=2026-01-01T09:00:00Z",
        "serviceOrder.bandwidth=100",
        "serviceOrder.bandwidth.gt=99.5",
        "serviceOrder.urgent=true",
        "serviceOrder.externalId.regex=^A,[0-9]$",
        "title*=changed.*state",
        "correlationId=o1&title=Service+order changed%20its state",
    ],
)
def test_a_query_lets_through_what_it_asks_for(query: str | None) -> None:
    assert interest(query).wants(ENVELOPE)


@pytest.mark.parametrize(
    "query",
    [
        "eventType=ServiceOrderCreateEvent",
        "serviceOrder.state=failed",
        "serviceOrder.state.ne=completed",
        "serviceOrder.state=completed&serviceOrder.priority=0",
        "serviceOrder.relatedParty.id=p3",
        "serviceOrder.orderDate.gt=2026-01-01T09:00:00Z",
        "serviceOrder.bandwidth.lt=100",
        "serviceOrder.urgent=false",
        "serviceOrder.missing=1",
        "serviceOrder.externalId.regex=^B",
        "cancelServiceOrder.state=done",
    ],
)
def test_a_query_keeps_away_what_it_does_not_ask_for(query: str) -> None:
    assert not interest(query).wants(ENVELOPE)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("eventType=ServiceOrderExplodedEvent", "ServiceOrderMilestoneEvent"),
        ("eventType=ServiceCreateEvent", "ServiceOrderCreateEvent"),
        ("state=completed", "event.serviceOrder"),
        ("event.service.state=active", "event.cancelServiceOrder"),
        ("serviceOrder..state=1", "serviceOrder..state"),
        ("completed", "attribute=value"),
        ("=x", "attribute=value"),
        ("serviceOrder.state.regex=(", "regular expression"),
        ("fields=nothing", "nothing"),
        ("&".join(f"serviceOrder.a{n}=1" for n in range(51)), "50"),
        ("serviceOrder.state=" + "x" * 5000, "4096"),
    ],
)
def test_a_query_that_cannot_be_understood_is_refused_with_the_reason(query: str, named: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        interest(query)
    assert refused.value.violations[0].pointer == "/query"
    assert named in str(refused.value)


def test_a_costly_regex_on_a_long_text_finds_nothing_and_raises_nothing() -> None:
    made = interest(f"title.regex={'[a-z]{900}' * 6}$")
    assert not made.wants({**ENVELOPE, "title": "a" * 2000 + "!"})


def test_everything_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(InvalidRequest) as refused:
        interest("state=1&eventType=Nothing&what")
    assert len(refused.value.violations) == 3


@given(st.text(max_size=200))
def test_any_text_is_understood_or_refused(query: str) -> None:
    try:
        made = interest(query)
    except InvalidRequest:
        return
    made.wants(ENVELOPE)
    assert made.project(ENVELOPE)["eventId"] == "e1"


def test_fields_pick_what_is_sent_and_identity_always_is() -> None:
    picked = interest("fields=title,serviceOrder.state,event.serviceOrder.relatedParty.id").project(ENVELOPE)
    assert picked == {
        "eventId": "e1",
        "eventTime": "2026-01-01T10:00:00.000Z",
        "eventType": "ServiceOrderStateChangeEvent",
        "title": "Service order changed its state",
        "event": {
            "serviceOrder": {
                "id": "o1",
                "href": "http://som.example/o1",
                "state": "completed",
                "relatedParty": [{"id": "p1"}, {"id": "p2"}],
            }
        },
    }


@pytest.mark.parametrize("fields", ["event", "event.serviceOrder", "serviceOrder"])
def test_a_whole_resource_can_be_picked(fields: str) -> None:
    assert interest(f"fields={fields}").project(ENVELOPE)["event"] == ENVELOPE["event"]


def test_without_fields_everything_is_sent() -> None:
    assert interest("eventType=ServiceOrderCreateEvent").project(ENVELOPE) == ENVELOPE


def test_each_api_has_event_types_of_its_own() -> None:
    assert len(event_types("tmf641")) == 10
    assert event_types("tmf638") == {f"Service{kind}Event" for kind in (
        "Create", "AttributeValueChange", "StateChange", "Delete", "DriftDetected", "DriftResolved",
    )}  # fmt: skip
    assert interest("service.state=active", "tmf638").fields is None


def test_events_of_our_own_are_sent_to_those_only_who_name_them() -> None:
    drift = {**ENVELOPE, "eventType": "ServiceDriftDetectedEvent"}
    assert not interest("", "tmf638").wants(drift)
    assert not interest("eventType=ServiceStateChangeEvent", "tmf638").wants(drift)
    assert interest("eventType=ServiceDriftDetectedEvent", "tmf638").wants(drift)


@pytest.mark.parametrize(
    "callback", ["https://bss.example.com/hook?a=1", "http://127.0.0.1:8080/", "http://[::1]/x", "HTTP://host"]
)
def test_a_callback_is_an_http_address(callback: str) -> None:
    assert callback_violations(callback) == []


@pytest.mark.parametrize(
    "callback",
    [
        "", "hook", "/hook", "ftp://host/x", "file:///etc/passwd", "http://", "http://user:secret@host/",
        "http://host/#part", "http://host:99999/", "http://[::1/", "https://host/" + "x" * 3000,
    ],
)  # fmt: skip
def test_anything_else_is_no_callback(callback: str) -> None:
    [violation] = callback_violations(callback)
    assert violation.pointer == "/callback"


def test_a_former_secret_signs_until_its_time_is_over() -> None:
    until = datetime(2026, 1, 2, tzinfo=UTC)
    subscription = Subscription("s", "default", "tmf641", "v4", "http://host", Interest(), "new", ("old", until))
    assert subscription.secrets(datetime(2026, 1, 1, tzinfo=UTC)) == ["new", "old"]
    assert subscription.secrets(until) == ["new"]


def test_the_listener_path_is_appended_as_tm_forum_writes_it() -> None:
    one = Subscription("s", "default", "tmf641", "v4", "http://host/x/", Interest(), append_listener_path=True)
    assert one.address("ServiceOrderCreateEvent") == "http://host/x/listener/serviceOrderCreateEvent"
    other = Subscription("s", "default", "tmf641", "v4", "http://host/x/", Interest())
    assert other.address("ServiceOrderCreateEvent") == "http://host/x/"
