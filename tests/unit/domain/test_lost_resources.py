"""A resource whose reservation is lost stays with the service, marked, and is drift until it is replaced."""

from typing import Any

from models.domain.drift import difference
from models.domain.lost_resources import drift_of, marked

Body = dict[str, Any]

AT = "2026-11-26T08:00:00.000Z"


def reference(key: str, fulfiller: str = "carrier") -> Body:
    return {"id": f"r-{key}", "reservation": {"id": key, "fulfiller": fulfiller}}


def test_what_belongs_to_the_reservation_is_marked_once_and_nothing_else() -> None:
    body = {"supportingResource": [{"id": "own"}, reference("1"), reference("1", "other"), reference("2")]}
    found = marked(body, "carrier", "1", AT)
    assert found is not None
    assert [one["reservation"].get("lost") for one in found[1:]] == [AT, None, None]
    assert (found[0], found[3:]) == ({"id": "own"}, [reference("2")])
    assert marked({"supportingResource": found}, "carrier", "1", "later") is None
    assert marked({}, "carrier", "1", AT) is None


def test_it_is_drift_whatever_was_ordered_but_of_a_service_that_has_ended() -> None:
    lost = marked({"supportingResource": [reference("1")]}, "carrier", "1", AT)
    body = {"state": "active", "supportingResource": lost}
    (found,) = difference({"state": "active"}, body)
    assert found == {
        "attribute": "supportingResource", "name": "r-1", "desired": reference("1"), "actual": None,
        "source": "reported", "by": "carrier", "at": AT,
    }  # fmt: skip
    assert difference({"state": "terminated"}, {**body, "state": "terminated"}) == []
    assert list(drift_of({"supportingResource": [reference("1")]})) == []
