"""JSON Schemas (draft 2020-12) that recipes declare: of what a step is given, and of what it answers.

They come from strangers: nothing is fetched that they refer to, their size is bounded, and patterns run in linear time.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NoReturn

import jsonschema_rs
import orjson

from models.domain.pointers import pointer

MAX_BYTES = 64 * 1024
MOST = 5
"""Violations that are told."""
_MAX_MESSAGE = 200


def fault(schema: Mapping[str, Any]) -> str | None:
    """What is wrong with a schema, in a sentence; None: it can be used."""
    if len(encoded := _encoded(schema)) > MAX_BYTES:
        return f"It has {len(encoded)} bytes; {MAX_BYTES} are allowed."
    try:
        _compiled(encoded)
    except jsonschema_rs.ValidationError as error:
        place = f"{pointer(*error.instance_path)}: " if error.instance_path else ""
        return f"It is no JSON Schema: {place}{_short(error.message)}."
    except (jsonschema_rs.ReferencingError, ValueError) as error:
        return f"It is no usable JSON Schema: {_short(str(error))}."
    return None


def violations(schema: Mapping[str, Any], value: Any) -> tuple[str, ...]:
    """What does not fit, each with the path of the value that is wrong; a schema that cannot be used lets all pass."""
    try:
        found = _compiled(_encoded(schema)).iter_errors(value)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError):
        return ()
    told = []
    for error, _ in zip(found, range(MOST), strict=False):
        told.append(f"{pointer(*error.instance_path) or '/'}: {_short(error.message)}")
    return tuple(told)


def _encoded(schema: Mapping[str, Any]) -> bytes:
    return orjson.dumps(schema, option=orjson.OPT_SORT_KEYS, default=dict)


def _short(message: str) -> str:
    return message.partition("\n")[0][:_MAX_MESSAGE].rstrip(".")


def _fetch_nothing(uri: str) -> NoReturn:
    message = f"a schema cannot refer to {uri}"
    raise ValueError(message)


@lru_cache(maxsize=1_000)
def _compiled(encoded: bytes) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        orjson.loads(encoded),
        validate_formats=True,
        pattern_options=jsonschema_rs.RegexOptions(),
        retriever=_fetch_nothing,
    )
