"""Reading a body: its size while it arrives, and its JSON."""

import asyncio
import json
from typing import Any

import orjson

from handlers.errors import invalid
from handlers.exchange import ClientGone, Receive, Request, header
from models.domain.errors import InvalidRequest, TooLarge
from models.domain.violations import Violation

MAX_INTEGER = 2**63 - 1
MIN_INTEGER = -(2**63)

# Digits that may make an integer which the database cannot hold: 2^63 has nineteen. Twenty times as quick as a regex.
_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"0" * 9)
_LONG_NUMBER = b"0" * 19


async def read_body(headers: list[tuple[bytes, bytes]], receive: Receive, limit: int, seconds: float) -> bytes:
    """Read the body, at most `limit` bytes of it, within that many seconds.

    Raises:
        TooLarge: it says that it is larger, or turns out to be.
        InvalidRequest: it took too long to arrive.
        ClientGone: the connection ended before it was complete.
    """
    declared = header(headers, b"content-length")
    if declared and declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    try:
        async with asyncio.timeout(seconds):
            return await _receive_all(receive, limit)
    except TimeoutError:
        raise invalid("", "bodyTimeout", f"The body did not arrive within {seconds:g} seconds.") from None


async def _receive_all(receive: Receive, limit: int) -> bytes:
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")
        if len(body) > limit:
            raise _too_large(limit)
        return body
    chunks: list[bytes] = []
    size = 0
    while True:
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise _too_large(limit)
        if not message.get("more_body"):
            return b"".join(chunks)
        message = await receive()


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The body is larger than the {limit} bytes that this server takes.")


def parse(raw: bytes) -> Any:
    """Parse JSON.

    Raises:
        InvalidRequest: it is no JSON, or has an integer beyond 64 bits.
    """
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise invalid("", "malformedJson", f"The body is no valid JSON: {error.msg} at {where}.") from None
    if _LONG_NUMBER in raw.translate(_DIGITS_TO_ZERO):
        _check_integers(raw)
    return body


def _check_integers(raw: bytes) -> None:
    """Again with the standard library, which keeps large integers as they are (orjson rounds them).

    orjson has parsed the text before, so its nesting is within what recursion can bear.
    """

    def checked(text: str) -> int:
        # Longer texts need not be converted to be known as too large, and conversion takes quadratic time.
        if len(text) > 20 or not MIN_INTEGER <= int(text) <= MAX_INTEGER:
            raise InvalidRequest(
                [Violation("", "integerTooLarge", f"The integer {text[:30]} needs more than 64 bits; send it as text.")]
            )
        return 0

    json.loads(raw, parse_int=checked)


def require_body(request: Request) -> dict[str, Any]:
    """The body where it is an object, as the schemas of most operations demand."""
    if not isinstance(request.body, dict):
        raise invalid("", "wrongType", "The body must be an object.")
    return request.body
