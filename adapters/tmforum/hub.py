"""Our subscription at a fulfiller's hub. It only shortens the wait: without it everything is found by asking."""

import asyncio
import time
from typing import Any

import structlog

from adapters.ports import Refused, Unreachable
from adapters.tmforum.client import Answered, Budget, TmfClient

RENEWAL_SECONDS = 3600.0
RETRY_SECONDS = 60.0
_SHARE = 0.4  # of a call's time: the call itself matters more

_log = structlog.get_logger(__name__)


class Hub:
    """Registers our address, again now and then: a hub may have lost what it was told."""

    def __init__(self, client: TmfClient, callback: str | None, query: str | None) -> None:
        """Subscribe with this address and query; without an address there is nothing to be told."""
        self._client = client
        self._body: dict[str, Any] = {"callback": callback, **({"query": query} if query else {})}
        self._wanted = callback is not None
        self._tells = False
        self._due = 0.0
        self._lock = asyncio.Lock()

    @property
    def tells(self) -> bool:
        """Whether the hub took our address, as far as is known."""
        return self._tells

    def doubt(self) -> None:
        """The fulfiller was away: ask again before relying on its hub."""
        self._due = 0.0

    async def ensure(self, budget: Budget) -> None:
        """Be subscribed, if that can be had; whether or not, the work goes on."""
        if not self._wanted or time.monotonic() < self._due:
            return
        async with self._lock:
            if time.monotonic() < self._due:
                return
            answer = await self._register(budget)
            self._tells = isinstance(answer, Answered)
            self._due = time.monotonic() + (RETRY_SECONDS if isinstance(answer, Unreachable) else RENEWAL_SECONDS)
            if isinstance(answer, Refused | Unreachable):
                _log.info("hub does not take our address, asking instead", at=self._client.base, reason=answer.reason)

    async def _register(self, budget: Budget) -> Answered | Refused | Unreachable:
        share = Budget(budget.left * _SHARE)
        answer = await self._client.write("POST", "/hub", share, self._body, bears={409})
        if isinstance(answer, Refused) and "query" in self._body:  # some take none
            plain = {"callback": self._body["callback"]}
            return await self._client.write("POST", "/hub", share, plain, bears={409})
        return answer
