"""Watching objects of a Kubernetes API server while work on them is open.

A change that is seen is a hint to look at the object at once. What the watch misses, because the connection broke or
the account may not watch, is found by polling, a little later.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from typing import Any

import aiohttp
import orjson
import structlog

from models.domain.errors import SomError

Hint = Callable[[str], Awaitable[object]]
"""Told the name of an object that has changed."""
RequestContext = AbstractAsyncContextManager[aiohttp.ClientResponse]
Ask = Callable[[Mapping[str, str]], RequestContext]
"""GET of the collection with these parameters."""

STREAM_SECONDS = 300
MAX_EVENT = 2_000_000
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_MAY_NOT = frozenset({401, 403, 404, 405})

log = structlog.get_logger(__name__)


class MayNotWatch(Exception):
    """The account may not list or watch these objects."""


class Watch:
    """Follows those objects of one collection that somebody waits for."""

    def __init__(self, ask: Ask, hint: Hint) -> None:
        """Watch nothing yet."""
        self._ask = ask
        self._hint = hint
        self._names: set[str] = set()
        self._watching: asyncio.Task[None] | None = None
        self._may = True

    def expect(self, name: str) -> None:
        """Watch this object, until it is `settled`. Safe to repeat."""
        self._names.add(name)
        if self._may and (self._watching is None or self._watching.done()):
            self._watching = asyncio.create_task(self._watch(), name="kubernetes watch")

    def settled(self, name: str) -> None:
        """Nobody waits for this object any more."""
        self._names.discard(name)

    async def aclose(self) -> None:
        """Stop watching."""
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching

    async def _watch(self) -> None:
        pause = _FIRST_PAUSE
        while self._names:
            try:
                await self._follow()
                pause = _FIRST_PAUSE
            except MayNotWatch:
                self._may = False
                log.info("objects cannot be watched, they are polled only")
                return
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError, LookupError, SomError) as error:
                log.info("watch broke, trying again", error=f"{type(error).__name__}: {error}"[:200])
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _follow(self) -> None:
        """One stream of changes, from now on; what changed before it began is looked at first."""
        async with self._ask({"limit": "1"}) as response:
            listed = await _checked(response).json()
        version = str(listed["metadata"]["resourceVersion"])
        for name in list(self._names):
            await self._hint(name)
        wish = {"watch": "1", "resourceVersion": version, "timeoutSeconds": str(STREAM_SECONDS)}
        async with self._ask(wish) as response, aclosing(_events(_checked(response))) as events:
            async for event in events:
                if event["type"] == "ERROR":  # the version is too old by now, for instance
                    return
                name = event["object"]["metadata"]["name"]
                if name in self._names:
                    await self._hint(name)
                if not self._names:
                    return


def _checked(response: aiohttp.ClientResponse) -> aiohttp.ClientResponse:
    if response.status in _MAY_NOT:
        raise MayNotWatch
    response.raise_for_status()
    return response


async def _events(response: aiohttp.ClientResponse) -> AsyncGenerator[dict[str, Any], None]:
    """The events of a stream, one JSON object a line.

    Raises:
        ValueError: a line is no JSON, or longer than an object can be.
    """
    rest = b""
    async for part in response.content.iter_any():
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            if line.strip():
                yield orjson.loads(line)
        if len(rest) > MAX_EVENT:
            raise ValueError("an event is longer than an object can be")
