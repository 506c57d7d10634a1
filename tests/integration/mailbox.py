"""A place that takes whatever is POSTed: callbacks of fulfillers, notifications of hubs."""

import asyncio
from typing import Any, Self

from aiohttp import web


class Mailbox:
    """Listens while its context is open, and answers the same to everything."""

    def __init__(self, status: int = 204, answer: Any = None) -> None:
        self._status = status
        self._answer = answer
        self._came: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/{place:.*}", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def address(self, place: str) -> str:
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/{place}"

    async def next(self) -> tuple[str, Any]:
        """The first part of the path and the body of what came, one after the other, waiting for it."""
        return await self._came.get()

    def received(self) -> list[tuple[str, Any]]:
        """What has come and was not taken out yet."""
        return [self._came.get_nowait() for _ in range(self._came.qsize())]

    async def _take(self, request: web.Request) -> web.Response:
        place = request.match_info["place"].partition("/")[0]
        self._came.put_nowait((place, await request.json()))
        if self._answer is None:
            return web.Response(status=self._status)
        return web.json_response(self._answer, status=self._status)
