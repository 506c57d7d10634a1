"""Lengths of time as ISO 8601 writes them, in seconds."""

import re

from models.domain.errors import SomError

_DURATION = re.compile(
    r"P(?:(?P<weeks>\d{1,6})W|(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,9}(?:\.\d{1,6})?)S)?)?)"
)
_SECONDS = {"weeks": 604_800, "days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}


class InvalidDuration(SomError):
    """This is not an ISO 8601 duration of weeks, days, hours, minutes and seconds, such as `PT30S` or `P1DT12H`."""

    code = "invalidDuration"


def duration_seconds(text: str) -> float:
    """Return the seconds of a duration. Years and months are refused: they have no fixed length.

    Raises:
        InvalidDuration: the text is none.
    """
    match = _DURATION.fullmatch(text)
    parts = {unit: value for unit, value in (match.groupdict() if match else {}).items() if value is not None}
    if not parts:
        raise InvalidDuration(f"{text[:40]!r} is no duration of weeks, days, hours, minutes, seconds, as `PT30S` is.")
    return float(sum(float(value) * _SECONDS[unit] for unit, value in parts.items()))
