"""uvicorn as this server runs it: on a socket of ours, with limits on heads, and refusals as we shape them."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from handlers.errors import error_body

# The most that the parser of addresses can bear, too.
MAX_HEAD_BYTES = 65_535
HEAD_SECONDS = 30.0

_TOO_LARGE = f"The first line and the headers of a request may have {MAX_HEAD_BYTES} bytes together."
_TOO_SLOW = "The first line and the headers of the request did not arrive in time."
_MALFORMED = "What arrived is no HTTP request that can be read."


class _Config(uvicorn.Config):
    """What connections are told, and one thing more."""

    head_seconds: float = HEAD_SECONDS


class HttpServer(uvicorn.Server):
    """uvicorn on our own socket, with signals left to us."""

    def __init__(self, app: Any, listening: socket.socket, head_seconds: float = HEAD_SECONDS) -> None:
        """Serve this ASGI application on this socket; heads of requests may take so long to arrive."""
        config = _Config(
            app,
            http=Connection,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,  # whom to believe about addresses is a setting of ours (`handlers.address`)
            timeout_graceful_shutdown=5,
            timeout_keep_alive=30,
        )
        config.head_seconds = head_seconds
        super().__init__(config)
        self._listening = listening

    async def serve_until_stopped(self) -> None:
        """Serve until `should_exit` is set."""
        await self.serve(sockets=[self._listening])

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to whoever runs the server."""
        yield


class Connection(HttpToolsProtocol):
    """One connection.

    The parser takes heads of any size, for as long as they take to come; here both are bounded. What it cannot read
    reaches no operation, and is answered here.
    """

    _in_head = False
    _refused = False
    # Bytes that have come since the head began, the present piece among them; some may belong to what stood before it.
    _head_bytes = 0
    _overdue: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request, but not for ever."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """There is nothing more to wait for."""
        self._expect_nothing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Hand on what has come, unless a head has grown too large; one that is incomplete has a time limit."""
        if self._refused:
            return
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(HTTPStatus.BAD_REQUEST, "headTooLarge", _TOO_LARGE)
            return
        self._head_bytes = len(data) + (self._head_bytes if self._in_head else 0)
        super().data_received(data)
        if self._in_head and self._overdue is None:
            self._expect_head()

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        """A head is complete."""
        self._in_head = False
        self._expect_nothing()
        if self._head_bytes > MAX_HEAD_BYTES and self._head_size() > MAX_HEAD_BYTES:
            self._refuse(HTTPStatus.BAD_REQUEST, "headTooLarge", _TOO_LARGE)
            raise ValueError(_TOO_LARGE)  # the parser gives up, and then asks for a refusal, which has been given
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words say no more than ours
        """Refuse what the parser has given up."""
        self._refuse(HTTPStatus.BAD_REQUEST, "malformedHttp", _MALFORMED)

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _refuse(self, status: HTTPStatus, code: str, message: str) -> None:
        """Answer and close. Whatever else comes over this connection is not looked at any more."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete and (cycle.response_started or not cycle.more_body):
            cycle.keep_alive = False  # the answer to an earlier request is on its way: it is the last one
            return
        body = error_body(status, code, "The request is not valid", message)
        head = f"HTTP/1.1 {status} {status.phrase}\r\ncontent-type: application/json\r\n"
        self.transport.write(f"{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body)
        self.transport.close()

    def _expect_head(self) -> None:
        seconds = self.config.head_seconds if isinstance(self.config, _Config) else HEAD_SECONDS
        self._overdue = self.loop.call_later(seconds, self._head_is_overdue)

    def _expect_nothing(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None

    def _head_is_overdue(self) -> None:
        self._overdue = None
        self._refuse(HTTPStatus.REQUEST_TIMEOUT, "headTimeout", _TOO_SLOW)
