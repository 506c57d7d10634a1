"""Following an order live: server-sent events, resumable by the event's number."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import orjson

from handlers.dependencies import Dependencies
from handlers.errors import invalid
from handlers.exchange import Reply, Request
from handlers.settings import HttpSettings
from handlers.som.history import event_body
from models import deliveries
from models.domain.errors import NotFound, SomError
from models.domain.lifecycles import SERVICE_ORDER
from models.event_watch import EventWatch
from models.reading import reading

Document = dict[str, Any]

_BATCH = 100
_HEADERS = [(b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]


class OrderStream:
    """Streams the events of single orders."""

    def __init__(self, dependencies: Dependencies, settings: HttpSettings) -> None:
        """Stream from this store until the server stops."""
        self._store = dependencies.store
        self._stopping = dependencies.stopping
        self._watch = EventWatch(dependencies.store)
        self._heartbeat = settings.heartbeat_seconds

    async def follow(self, request: Request) -> Reply:
        """Answer all events of an order, or those after Last-Event-ID, and new ones as they come."""
        after = _last_seen(request)
        stored = await self._store.get("serviceOrder", request.id, tenant=request.caller.tenant)
        if stored is None:
            raise NotFound(f"There is no service order with the id {request.id[:100]!r}.")
        return Reply(200, None, list(_HEADERS), b"text/event-stream", self._messages(request, after))

    async def _messages(self, request: Request, after: int) -> AsyncGenerator[bytes, None]:
        """The stream.

        It ends when the order has ended and all is told, or when the server stops; the client reconnects then with the
        number it has seen.
        """
        yield b"retry: 2000\n\n"
        with self._watch.follow(request.id) as signal:
            while not self._stopping.is_set():
                signal.clear()
                events = await self._read(request, after)
                for event in events:
                    after = event["seq"]
                    yield _message(request, event)
                if len(events) == _BATCH:
                    continue
                if await self._ended(request, after):
                    return
                if not await self._woken(signal):
                    yield b": alive\n\n"

    async def _woken(self, signal: asyncio.Event) -> bool:
        """Wait for something new, or for the server to stop; False when nothing came in the time of a heartbeat."""
        waits = [asyncio.ensure_future(signal.wait()), asyncio.ensure_future(self._stopping.wait())]
        try:
            done, _ = await asyncio.wait(waits, timeout=self._heartbeat, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return bool(done)

    async def _read(self, request: Request, after: int) -> list[Document]:
        try:
            with reading():
                return await deliveries.order_events(self._store, request.caller, request.id, after, _BATCH)
        except SomError:  # the database is away for a moment; the stream waits for it
            return []

    async def _ended(self, request: Request, after: int) -> bool:
        try:
            stored = await self._store.get("serviceOrder", request.id, tenant=request.caller.tenant)
        except SomError:
            return False
        if stored is None:
            return True
        told: bool = stored["seq"] <= after
        return told and stored["body"]["state"] in SERVICE_ORDER.final


def _message(request: Request, event: Document) -> bytes:
    data = orjson.dumps(event_body(request, event))
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (event["seq"], event["type"].encode(), data)


def _last_seen(request: Request) -> int:
    given = request.header(b"last-event-id")
    if not given:
        return 0
    if not (given.isascii() and given.isdigit()) or len(given) > 18:
        raise invalid("Last-Event-ID", "invalidNumber", "Last-Event-ID must be the number of an event.")
    return int(given)
