"""What events of other TM Forum APIs are about."""

from typing import Any

import pytest

from models.domain.foreign_events import Subjects, subjects_of


def test_an_event_names_its_resource_in_every_version() -> None:
    v4 = {"eventType": "ServiceOrderStateChangeEvent", "event": {"serviceOrder": {"id": "o1", "externalId": "k"}}}
    v5 = {"eventType": "ServiceOrderStateChangeEvent", "event": {"serviceOrder": {"id": "o1", "href": "/o1"}}}
    assert subjects_of([v4, v5]) == Subjects(("o1",), ("k",))


def test_a_cancellation_names_the_order_that_it_is_for_too() -> None:
    event = {"event": {"cancelServiceOrder": {"id": "c1", "serviceOrder": {"id": "o1"}}}}
    assert subjects_of([event]) == Subjects(("c1", "o1"), ())


@pytest.mark.parametrize(
    "event",
    [None, 1, [], {}, {"event": None}, {"event": "o1"}, {"event": {"serviceOrder": None}},
     {"event": {"serviceOrder": {"id": 7, "externalId": {}}}}, {"event": {"x": {"serviceOrder": "o1"}}}],
)  # fmt: skip
def test_what_has_another_shape_tells_of_nothing(event: Any) -> None:
    assert subjects_of([event]) == Subjects((), ())
