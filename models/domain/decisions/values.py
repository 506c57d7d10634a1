"""JSON values as FEEL has them: what a type calls a date is read from its text, numbers become exact."""

from decimal import Decimal
from typing import Any

from models.domain.expressions.types import Constrained, ContextOf, ListOf, Simple, Type
from models.domain.expressions.values.calendar_text import date_of, duration_of, moment_of, time_of

_READERS = {
    "date": date_of,
    "time": time_of,
    "date and time": lambda text: moment_of(text, relaxed=True),
    "days and time duration": duration_of,
    "years and months duration": duration_of,
}


def typed(wanted: Type | None, value: Any) -> Any:  # noqa: PLR0911  # one for each kind
    """Return a JSON value as a type wants it. What does not fit is left as it is, for others to judge."""
    base = wanted.base if isinstance(wanted, Constrained) else wanted
    match value:
        case float():
            return Decimal(repr(value))
        case str() if isinstance(base, Simple) and base.kind in _READERS:
            read = _READERS[base.kind](value)
            return value if read is None else read
        case list():
            item = base.item if isinstance(base, ListOf) else base
            return [typed(item, part) for part in value]
        case dict():
            fields = dict(base.fields) if isinstance(base, ContextOf) else {}
            if isinstance(base, ListOf):
                return typed(base.item, value)
            return {key: typed(fields.get(key), part) for key, part in value.items()}
        case str() if isinstance(base, ListOf):
            return typed(base.item, value)
        case _:
            return value
