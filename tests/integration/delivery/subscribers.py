"""Subscribers for the tests: real HTTP servers that note what they are told and answer as the test wants."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Answering = Callable[["Call"], Awaitable[int | web.Response] | int | web.Response]


@dataclass
class Call:
    """One notification as it came in."""

    path: str
    headers: dict[str, str]
    raw: bytes
    number: int

    @property
    def envelope(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(self.raw)
        return loaded

    @property
    def event(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Subscriber:
    """What a subscriber has seen, and how it answers."""

    answer: Answering = lambda _call: 204
    url: str = ""
    calls: list[Call] = field(default_factory=list)
    taken: list[Call] = field(default_factory=list)
    most_at_once: int = 0
    _now: int = 0

    async def handle(self, request: web.Request) -> web.Response:
        call = Call(request.path, dict(request.headers), await request.read(), len(self.calls))
        call.headers = {name.lower(): value for name, value in call.headers.items()}
        self.calls.append(call)
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            answer = self.answer(call)
            if not isinstance(answer, int | web.Response):
                answer = await answer
        finally:
            self._now -= 1
        response = web.Response(status=answer) if isinstance(answer, int) else answer
        if 200 <= response.status < 300:
            self.taken.append(call)
        return response

    def states_by_lane(self) -> dict[str, list[str]]:
        """Of every order: the events taken, each at its first time, in the order in which they came."""
        seen: set[str] = set()
        lanes: dict[str, list[str]] = defaultdict(list)
        for call in self.taken:
            if call.event not in seen:
                seen.add(call.event)
                body = next(iter(call.envelope["event"].values()))
                lanes[body["id"]].append(body["state"])
        return dict(lanes)

    async def has(self, count: int, seconds: float = 10.0) -> None:
        """Wait until it has taken so many different events."""
        await until(lambda: len({call.event for call in self.taken}) >= count, seconds, lambda: len(self.taken))

    async def takes(self, count: int, seconds: float = 10.0) -> None:
        """Wait until it has taken so many notifications, repeated ones counted, too."""
        await until(lambda: len(self.taken) >= count, seconds, lambda: len(self.taken))


async def until(fact: Callable[[], bool], seconds: float = 10.0, shown: Callable[[], object] = lambda: None) -> None:
    """Wait for something to become true."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not fact():
        assert loop.time() < end, f"did not happen within {seconds} s: {shown()}"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def listening(answer: Answering = lambda _call: 204) -> AsyncIterator[Subscriber]:
    """A subscriber on a free port of this machine."""
    subscriber = Subscriber(answer)
    app = web.Application(client_max_size=50_000_000)
    app.router.add_post("/{path:.*}", subscriber.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    subscriber.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield subscriber
    finally:
        await runner.cleanup()
