"""Those who are called: a fulfiller that is done at once, and subscribers, some of them slow. They note when they were.

    python -m bench.sink --port 9000

POST /fulfil is a task, POST /hang one that is never answered, POST /slow/{name} takes 200 ms, POST /fast/{name} takes
no time. GET /arrivals tells, by order, when its first task came; GET /subscribers tells, by path, how much came and
when the last did. The times are of the machine's monotonic clock, which all its processes share.
"""

import argparse
import asyncio
import json
import time
from typing import Any

from aiohttp import web

SLOW_SECONDS = 0.2


class Sink:
    """Takes, and counts."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self._arrivals: dict[str, float] = {}
        self._counts: dict[str, dict[str, Any]] = {}

    async def fulfil(self, request: web.Request) -> web.Response:
        """POST: a task, which is done at once."""
        now = time.monotonic()
        self._arrivals.setdefault(json.loads(await request.read())["orderId"], now)
        return web.json_response({})

    async def hang(self, request: web.Request) -> web.Response:
        """POST: a task, upon which nothing comes back for an hour."""
        await request.read()
        await asyncio.sleep(3600)
        return web.Response(status=503)

    async def notified(self, request: web.Request) -> web.Response:
        """POST: a notification."""
        await request.read()
        if request.path.startswith("/slow"):
            await asyncio.sleep(SLOW_SECONDS)
        seen = self._counts.setdefault(request.path, {"count": 0})
        seen["count"] += 1
        seen["last"] = time.monotonic()
        return web.Response(status=204)

    async def arrivals(self, _: web.Request) -> web.Response:
        """GET: when the first task of each order came."""
        return web.json_response(self._arrivals)

    async def subscribers(self, _: web.Request) -> web.Response:
        """GET: what has come to each subscriber."""
        return web.json_response(self._counts)


def main() -> None:
    """Serve until ended."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--port", type=int, required=True)
    sink, app = Sink(), web.Application(client_max_size=16 * 2**20)
    app.router.add_post("/fulfil", sink.fulfil)
    app.router.add_post("/hang", sink.hang)
    app.router.add_post("/{speed}/{name}", sink.notified)
    app.router.add_get("/arrivals", sink.arrivals)
    app.router.add_get("/subscribers", sink.subscribers)
    web.run_app(app, host="127.0.0.1", port=options.parse_args().port, access_log=None, print=None, shutdown_timeout=1)


if __name__ == "__main__":
    main()
