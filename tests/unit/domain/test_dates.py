"""Dates as the documents hold them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.dates import canonical_date, to_text


@pytest.mark.parametrize(
    ("given_text", "text"),
    [
        ("2026-01-31T14:00:00+02:00", "2026-01-31T12:00:00.000Z"),
        ("2026-01-31t12:00:00.1239z", "2026-01-31T12:00:00.123Z"),
        ("0205-10-16T02:23:48-17:35", "0205-10-16T19:58:48.000Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"),
        ("0001-01-01T00:00:00+01:00", None),
        ("2026-02-30T00:00:00Z", None),
    ],
)
def test_a_date_has_one_form(given_text: str, text: str | None) -> None:
    assert canonical_date(given_text) == text


MOMENTS = st.datetimes(
    min_value=datetime(1, 1, 2),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))]),
)


@given(MOMENTS, MOMENTS)
def test_the_order_of_texts_is_the_order_of_times(one: datetime, other: datetime) -> None:
    texts = to_text(one), to_text(other)
    assert [len(text) for text in texts] == [24, 24]
    milliseconds = [(moment - datetime(1, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1) for moment in (one, other)]
    assert (texts[0] < texts[1]) == (milliseconds[0] < milliseconds[1])
    assert canonical_date(texts[0]) == texts[0]
