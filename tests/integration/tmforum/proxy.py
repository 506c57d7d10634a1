"""Stands between a client and a real server, and lets orders go wrong on their way as it is told."""

import asyncio
from collections import Counter
from typing import Literal, Self

import aiohttp
from aiohttp import web

Trouble = Literal["none", "slow", "late", "throttling", "garbling", "lost"]

_DROPPED = frozenset({"transfer-encoding", "content-length", "connection", "content-encoding"})


class Proxy:
    """Passes everything on; what happens to a POST at one of `paths` is told by `trouble`.

    Attributes:
        trouble: slow: is not passed on, and not answered; late: is passed on, and the first one is not answered;
            throttling, garbling: is answered by us; lost: is passed on, and the connection breaks.
        requests: how often each method and path was asked for.
    """

    def __init__(self, target: str, *paths: str) -> None:
        self.trouble: Trouble = "none"
        self.requests: Counter[str] = Counter()
        self._target = target
        self._paths = paths
        self._troubled: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{path:.*}", self._take)
        self._session = aiohttp.ClientSession(auto_decompress=False)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
        await self._session.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def _take(self, request: web.Request) -> web.StreamResponse:
        self.requests[f"{request.method} {request.path}"] += 1
        if request.method != "POST" or not request.path.endswith(self._paths):
            return await self._passed_on(request)
        self._troubled[self.trouble] += 1
        match self.trouble:
            case "throttling":
                return web.json_response({"reason": "slowly"}, status=429, headers={"Retry-After": "17"})
            case "garbling":
                return web.Response(text="<html>It works!", content_type="text/html", status=201)
            case "slow":
                await asyncio.sleep(30)
            case "late" if self._troubled["late"] == 1:
                await self._passed_on(request)
                await asyncio.sleep(30)
            case "lost":
                await self._passed_on(request)
                if request.transport is not None:
                    request.transport.abort()
        return await self._passed_on(request)

    async def _passed_on(self, request: web.Request) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        async with self._session.request(
            request.method, f"{self._target}{request.path_qs}", data=await request.read(), headers=headers
        ) as answer:
            body = await answer.read()
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _DROPPED}
            return web.Response(status=answer.status, body=body, headers=kept)
