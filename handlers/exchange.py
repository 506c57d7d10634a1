"""One request and its reply, as handlers see them."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from models.domain.caller import Caller

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(slots=True)
class Request:
    """A request that has passed the checks of its operation.

    Attributes:
        caller: who asks.
        operation: operationId in the API's document.
        base_path: path that the API stands under, such as `/tmf-api/serviceOrdering/v4`.
        root: what absolute addresses begin with; no slash at its end.
        path: below the base path, decoded.
        path_params: values of the path's parameters, decoded.
        query: the query string as it came.
        raw_headers: names in lower case, and values.
        media_type: of the body, without parameters; empty where there is no body.
        size: bytes of the body.
        body: the parsed JSON, checked by the document's schema, dates in their one form; None where there is no body.
    """

    caller: Caller
    operation: str
    base_path: str
    root: str
    path: str
    path_params: Mapping[str, str]
    query: str
    raw_headers: list[tuple[bytes, bytes]]
    media_type: str = ""
    size: int = 0
    body: Any = None

    @property
    def id(self) -> str:
        """The path's `id`."""
        return self.path_params["id"]

    def header(self, name: bytes) -> str | None:
        """The value of a header (its name in lower case), repeated ones joined by commas; None when it is absent."""
        return header(self.raw_headers, name)

    def url(self, path: str) -> str:
        """The absolute address of a path below this API's base path."""
        return f"{self.root}{self.base_path}{path}"


def header(headers: list[tuple[bytes, bytes]], name: bytes) -> str | None:
    """The value of a header, repeated ones joined by commas; None when it is absent."""
    values = [value for key, value in headers if key == name]
    return b", ".join(values).decode("latin-1") if values else None


@dataclass(slots=True)
class Reply:
    """An answer.

    Attributes:
        status: HTTP status.
        body: the encoded body; None for none.
        headers: further headers.
        media_type: of the body.
        stream: chunks that follow one another as they come, instead of a body.
    """

    status: int
    body: bytes | None = None
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    media_type: bytes = b"application/json"
    stream: AsyncGenerator[bytes, None] | None = None


Handler = Callable[[Request], Awaitable[Reply]]


class ClientGone(Exception):
    """The client closed the connection before its request was complete."""


async def send_reply(reply: Reply, scope: Scope, receive: Receive, send: Send) -> None:
    """Send a reply; a HEAD request gets its headers only."""
    headers = reply.headers
    if reply.stream is not None:
        await _send_stream(reply, reply.stream, scope, receive, send)
        return
    if reply.body is not None:
        headers = [(b"content-type", reply.media_type), (b"content-length", b"%d" % len(reply.body)), *headers]
    body = b"" if reply.body is None or scope["method"] == "HEAD" else reply.body
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _send_stream(
    reply: Reply, stream: AsyncGenerator[bytes, None], scope: Scope, receive: Receive, send: Send
) -> None:
    headers = [(b"content-type", reply.media_type), *reply.headers]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    gone = asyncio.ensure_future(_until_gone(receive))
    try:
        while scope["method"] != "HEAD":
            chunk = asyncio.ensure_future(anext(stream, None))
            await asyncio.wait({gone, chunk}, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                chunk.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await chunk
                return
            data = chunk.result()
            if data is None:
                break
            await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        gone.cancel()
        await stream.aclose()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
