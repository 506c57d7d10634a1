"""JSON Schemas (draft 2020-12) of strangers: of forms, and of what steps of recipes are given and answer.

Nothing is fetched that they refer to, their size is bounded, patterns run in linear time, and what would look at a
value over and over is no usable one (`schema_bounds`).
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NoReturn

import jsonschema_rs
import orjson

from models.domain.expressions import meter
from models.domain.pointers import pointer
from models.domain.schema_bounds import endless

MAX_BYTES = 64 * 1024
MOST = 5
"""Violations that are told."""
_MAX_MESSAGE = 200
_BYTES_A_STEP = 64
"""Of a schema and a value: holding 100 KB against it takes as long as so many steps of an expression, about 1 ms."""


def fault(schema: Mapping[str, Any]) -> str | None:
    """What is wrong with a schema, in a sentence; None: it can be used."""
    try:
        if len(text := encoded(schema)) > MAX_BYTES:
            return f"It has {len(text)} bytes; {MAX_BYTES} are allowed."
        compiled(text)
    except jsonschema_rs.ValidationError as error:
        place = f"{pointer(*error.instance_path)}: " if error.instance_path else ""
        return f"It is no JSON Schema: {place}{_short(error.message)}."
    except (jsonschema_rs.ReferencingError, ValueError, TypeError) as error:
        return f"It is no usable JSON Schema: {_short(str(error))}."
    return None


def violations(schema: Mapping[str, Any], value: Any) -> tuple[str, ...]:
    """What does not fit, each with the path of the value that is wrong; a schema that cannot be used lets all pass.

    It counts as work of expressions (`meter`), of which a run of a recipe may do so much at a time.
    """
    try:
        text = encoded(schema)
        found = compiled(text).iter_errors(value)
        meter.note((len(text) + _size(value)) // _BYTES_A_STEP)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError, TypeError):
        return ()
    told = []
    for error, _ in zip(found, range(MOST), strict=False):
        told.append(f"{pointer(*error.instance_path) or '/'}: {_short(error.message)}")
    return tuple(told)


def encoded(schema: Mapping[str, Any]) -> bytes:
    """A schema as `compiled` takes it: equal ones are equal texts."""
    return orjson.dumps(schema, option=orjson.OPT_SORT_KEYS, default=dict)


def _size(value: Any) -> int:
    try:
        return len(orjson.dumps(value))
    except TypeError:
        return 0  # no JSON: that is what the schema is asked about


def _short(message: str) -> str:
    return message.partition("\n")[0][:_MAX_MESSAGE].rstrip(".")


def _fetch_nothing(uri: str) -> NoReturn:
    message = f"a schema cannot refer to {uri}"
    raise ValueError(message)


@lru_cache(maxsize=1_000)
def _why_endless(text: bytes) -> str | None:
    return endless(orjson.loads(text))


@lru_cache(maxsize=1_000)
def compiled(text: bytes) -> jsonschema_rs.Draft202012Validator:
    """What checks values against a schema.

    Raises:
        jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError: it cannot be used.
    """
    made = jsonschema_rs.Draft202012Validator(
        orjson.loads(text),
        validate_formats=True,
        pattern_options=jsonschema_rs.RegexOptions(),
        retriever=_fetch_nothing,
    )
    if (why := _why_endless(text)) is not None:
        raise ValueError(why)
    return made
