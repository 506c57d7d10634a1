"""A demand as it is written: in the input of a task, or in the body of a request."""

from collections.abc import Callable, Mapping
from typing import Any

from models.domain.pools.demand import LOWEST_PRIORITY, Demand, Nearness
from models.domain.violations import Violation

MAX_COUNT = 1_000
MAX_SECONDS = 366 * 86_400
_MAX_TEXT = 255
_MAX_OF = 100

_NAMES = {
    "pool": "pool",
    "resourceSpecification": "specification",
    "count": "count",
    "adjacent": "adjacent",
    "prefixLength": "prefix_length",
    "amounts": "amounts",
    "value": "value",
    "where": "where",
    "near": "near",
    "seconds": "seconds",
    "priority": "priority",
}


def read_demand(written: Any) -> Demand | list[Violation]:
    """The demand that a JSON value means, or what is wrong with it.

    The attributes are those of `Demand` in the spelling of JSON: pool, resourceSpecification (id or name), count,
    adjacent, prefixLength, amounts, value, where ({name: value or list of values}), near ([{by, of: [id], apart}]),
    seconds, priority (number or text). Unknown attributes are refused, so that a slip of the pen is noticed.
    """
    if not isinstance(written, Mapping):
        return [Violation("", "wrongType", "A demand is an object.")]
    faults: list[Violation] = []
    values: dict[str, Any] = {}
    for name, given in written.items():
        if name not in _NAMES:
            known = ", ".join(_NAMES)
            faults.append(Violation(f"/{name}", "unknownAttribute", f"There is no such attribute; there are {known}."))
        elif given is not None:
            try:
                values[_NAMES[name]] = _READERS[name](given)
            except _WrongError as wrong:
                faults.append(Violation(f"/{name}", "invalidValue", str(wrong)))
    return faults or Demand(**values)


class _WrongError(ValueError):
    """The value is none that this attribute can have."""


def _text(given: Any) -> str:
    if isinstance(given, int) and not isinstance(given, bool):
        given = str(given)
    if not isinstance(given, str) or not 0 < len(given) <= _MAX_TEXT:
        raise _WrongError(f"It must be a text of 1 to {_MAX_TEXT} characters.")
    return given


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def read(given: Any) -> int:
        if isinstance(given, str) and given.strip().removeprefix("/").isdecimal():
            given = int(given.strip().removeprefix("/"))
        if isinstance(given, float) and given.is_integer():
            given = int(given)
        if isinstance(given, bool) or not isinstance(given, int) or not low <= given <= high:
            raise _WrongError(f"It must be a whole number from {low} to {high}.")
        return given

    return read


def _priority(given: Any) -> int:
    """As everywhere: 0 is highest; whatever is not 0 to 4 counts as 4."""
    text = str(given).strip()
    return int(text) if text in {"0", "1", "2", "3", "4"} else LOWEST_PRIORITY


def _flag(given: Any) -> bool:
    if not isinstance(given, bool):
        raise _WrongError("It must be true or false.")
    return given


def _seconds(given: Any) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 < given <= MAX_SECONDS:
        raise _WrongError(f"It must be a number of seconds above 0, at most {MAX_SECONDS}.")
    return float(given)


def _amounts(given: Any) -> dict[str, Any]:
    if not isinstance(given, Mapping) or not given:
        raise _WrongError('It must be an object such as {"cpu": 2, "memory": "4 GiB"}.')
    return dict(given)


def _where(given: Any) -> dict[str, tuple[str, ...]]:
    wrong = "It must be an object of allowed values by characteristic (or `place`), each a text or a list of texts."
    if not isinstance(given, Mapping):
        raise _WrongError(wrong)
    made: dict[str, tuple[str, ...]] = {}
    for name, values in given.items():
        listed = values if isinstance(values, list) else [values]
        if not listed or len(listed) > _MAX_OF or any(isinstance(one, Mapping | list | None) for one in listed):
            raise _WrongError(wrong)
        made[name] = tuple(trait_text(one) for one in listed)
    return made


def _near(given: Any) -> tuple[Nearness, ...]:
    wrong = "It must be a list of {by, of: [ids of services or resources], apart: true or false}."
    if not isinstance(given, list) or len(given) > _MAX_OF:
        raise _WrongError(wrong)
    made = []
    for one in given:
        if not isinstance(one, Mapping) or not set(one) <= {"by", "of", "apart"}:
            raise _WrongError(wrong)
        by, of, apart = one.get("by", "capacity"), one.get("of"), one.get("apart", True)
        listed = [of] if isinstance(of, str) else of
        if not isinstance(by, str) or not by or not isinstance(apart, bool) or not isinstance(listed, list):
            raise _WrongError(wrong)
        if len(listed) > _MAX_OF or any(not isinstance(each, str) or not each for each in listed):
            raise _WrongError(wrong)
        made.append(Nearness(by, tuple(listed), apart))
    return tuple(made)


def trait_text(value: Any) -> str:
    """A characteristic's value as conditions compare it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "pool": _text,
    "resourceSpecification": _text,
    "count": _whole(1, MAX_COUNT),
    "adjacent": _flag,
    "prefixLength": _whole(0, 128),
    "amounts": _amounts,
    "value": _text,
    "where": _where,
    "near": _near,
    "seconds": _seconds,
    "priority": _priority,
}
