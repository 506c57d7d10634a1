"""Dates as the documents hold them: text in one canonical form, so that the order of texts is the order of times."""

import re
from datetime import UTC, datetime, timedelta

_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:)(\d\d)(\.\d+)?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)", re.ASCII)
_CANONICAL_LENGTH = len("2026-11-22T10:15:00.000Z")


def to_text(moment: datetime) -> str:
    """A moment as TM Forum bodies carry it: `2026-01-31T12:00:00.000Z`. Text order is time order."""
    # Not strftime, whose %Y writes years before 1000 with fewer than four digits here and with four elsewhere.
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def canonical_date(text: str) -> str | None:
    """The same moment as `YYYY-MM-DDTHH:MM:SS.mmmZ` in UTC, or None where the text is no RFC 3339 date-time.

    What is finer than a millisecond is cut off. A leap second (`:60`, section 5.7) is the second after it. Moments
    outside the years 1 to 9999, reached by an offset, have no such text and count as invalid.
    """
    found = _RFC3339.fullmatch(text)
    if found is None:
        return None
    day, minute, second, fraction, offset = found.groups()
    leap = second == "60"
    try:
        moment = datetime.fromisoformat(
            f"{day}T{minute}{'59' if leap else second}{fraction or ''}{offset.upper()}"
        ).astimezone(UTC)
        if leap:
            moment = moment.replace(microsecond=0) + timedelta(seconds=1)
    except (ValueError, OverflowError):
        return None
    return moment.isoformat(timespec="milliseconds")[: _CANONICAL_LENGTH - 1] + "Z"
