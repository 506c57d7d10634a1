"""A registered fulfiller: what is read from its document and what is wrong with one."""

from typing import Any

import pytest

from models.domain.fulfiller import FulfillerDefinition, violations
from models.domain.offers import Offer
from models.domain.retry import DEFAULT_DELAYS


def test_what_a_registration_leaves_out_has_its_default() -> None:
    fulfiller = FulfillerDefinition.from_document(
        {"_id": "f", "rev": 3, "body": {"name": "F", "kind": "rest", "retry": None}}
    )
    assert fulfiller.timeout == 10
    assert fulfiller.retry.delays == DEFAULT_DELAYS
    assert fulfiller.max_concurrent is None
    assert fulfiller.honours_idempotency_key
    assert fulfiller.administrative_state == "enabled"
    assert fulfiller.revision == 3


def test_a_registration_is_read_as_written() -> None:
    body = {
        "name": "F",
        "kind": "rest",
        "endpoint": "http://f/x",
        "administrativeState": "draining",
        "capability": [{"specification": "line", "action": "*"}],
        "timeout": 2,
        "retry": {"delays": [1, 2]},
        "maxConcurrent": 4,
        "honoursIdempotencyKey": False,
        "priority": 0,
        "settings": {"a": 1},
    }
    fulfiller = FulfillerDefinition.from_document({"_id": "f", "body": body})
    assert fulfiller.capabilities == (Offer("line", "*"),)
    assert fulfiller.retry.delays == (1.0, 2.0)
    assert (fulfiller.honours_idempotency_key, fulfiller.priority) == (False, 0)
    assert fulfiller.administrative_state == "draining"
    assert (fulfiller.max_concurrent, fulfiller.settings) == (4, {"a": 1})


@pytest.mark.parametrize(
    ("body", "credentials", "pointer"),
    [
        ({"endpoint": "ftp://f"}, None, "/endpoint"),
        ({"endpoint": "http://"}, None, "/endpoint"),
        ({"endpoint": "http://f:99999/"}, None, "/endpoint"),
        ({"endpoint": "http://[::1/"}, None, "/endpoint"),
        ({"endpoint": "http://me:secret@f/"}, None, "/endpoint"),
        ({"endpoint": "http://f/#part"}, None, "/endpoint"),
        ({"capability": [{"specification": "a", "action": "add"}] * 2}, None, "/capability/1"),
        ({}, {"type": "bearer"}, "/credentials/token"),
        ({}, {"type": "basic", "username": "u"}, "/credentials/password"),
        ({}, {"type": "bearer", "token": "t", "password": "p"}, "/credentials/password"),
        ({}, {"type": "header", "name": "Host", "value": "v"}, "/credentials/name"),
        ({}, {"type": "bearer", "token": "t\r\nX: y"}, "/credentials/token"),
        ({}, {"type": "magic"}, "/credentials/type"),
    ],
)
def test_a_mistake_in_a_registration_is_named(
    body: dict[str, Any], credentials: dict[str, Any] | None, pointer: str
) -> None:
    assert [violation.pointer for violation in violations(body, credentials)] == [pointer]


def test_a_violation_never_repeats_a_secret() -> None:
    found = violations({"endpoint": "http://me:hunter2@f/"}, {"type": "bearer", "token": "hunter2\n"})
    assert found
    assert "hunter2" not in repr(found)


def test_a_good_registration_has_no_violation() -> None:
    body = {"endpoint": "https://f.example:8443/a?b=c", "capability": [{"specification": "*", "action": "*"}]}
    assert violations(body, {"type": "header", "name": "X-API-Key", "value": "v"}) == []
