"""What a test of a fulfiller calls with, and where that fulfiller may report to."""

import asyncio
from typing import Any, Self

from aiohttp import web

from adapters.ports import FulfillerCall


def a_call(operation: Any = "fulfil", key: str = "key", **attributes: Any) -> FulfillerCall:
    """A task to be done."""
    given = {
        "order_id": "order-1",
        "order_item_id": "1",
        "input": {"speed": 100},
        "callback_url": "http://127.0.0.1:9/callback/token",
        "timeout": 5.0,
        **attributes,
    }
    service = {"id": "service-1", "serviceCharacteristic": [{"name": "vlan", "value": 7}]}
    return FulfillerCall("plan-1:00aa", "add", service, f"{key}:{operation}", operation, **given)


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
