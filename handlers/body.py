"""Reading a body: its size while it arrives, and its JSON."""

import asyncio
import gc
from typing import Any

import orjson

from handlers.errors import invalid
from handlers.exchange import ClientGone, Receive, Request, header
from handlers.json_text import has_more_values, oversized_integer
from models.domain.errors import TooLarge, TooManyValues


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


def parse(raw: bytes, most_values: int) -> Any:
    """Parse JSON.

    Raises:
        TooManyValues: it has more values than that, see `handlers.json_text`.
        InvalidRequest: it is no JSON, or has an integer beyond 64 bits.
    """
    if has_more_values(raw, most_values):
        raise TooManyValues(
            f"The body has more than {most_values} values (attributes, elements of arrays), which is all that this "
            "server takes; send several smaller requests."
        )
    gc.disable()  # no JSON holds circles, and the search for them would take longer than parsing
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise invalid("", "malformedJson", f"The body is no valid JSON: {error.msg} at {where}.") from None
    finally:
        gc.enable()
    number = oversized_integer(raw)
    if number is not None:
        message = f"The integer {number[:30]} needs more than 64 bits; send it as text."
        raise invalid("", "integerTooLarge", message)
    return body


def require_body(request: Request) -> dict[str, Any]:
    """The body where it is an object, as the schemas of most operations demand."""
    if not isinstance(request.body, dict):
        raise invalid("", "wrongType", "The body must be an object.")
    return request.body
