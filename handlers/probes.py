"""Paths for those who watch over the server: is it alive, is it ready, how is it doing."""

import asyncio

import orjson
from prometheus_client import CollectorRegistry, generate_latest

from handlers.exchange import Reply
from models.store import Store

_READY_SECONDS = 2.0


class Probes:
    """Answers of `/healthz`, `/readyz` and `/metrics`."""

    def __init__(self, store: Store, registry: CollectorRegistry, roles: tuple[str, ...], version: str) -> None:
        """Watch this store and these metrics."""
        self._store = store
        self._registry = registry
        self._about = {"roles": list(roles), "version": version}

    async def healthz(self) -> Reply:
        """The process answers; that is all this says."""
        return Reply(200, orjson.dumps({"status": "up", **self._about}))

    async def readyz(self) -> Reply:
        """Whether requests can be served: the database answers."""
        try:
            async with asyncio.timeout(_READY_SECONDS):
                await self._store.get("migration", "")
        except (TimeoutError, Exception) as error:  # noqa: BLE001 - whatever it is, we are not ready
            problem = "The database does not answer." if isinstance(error, TimeoutError) else str(error)
            return Reply(503, orjson.dumps({"status": "notReady", "problem": problem, **self._about}))
        return Reply(200, orjson.dumps({"status": "ready", **self._about}))

    async def metrics(self) -> Reply:
        """Prometheus's text format."""
        return Reply(200, generate_latest(self._registry), media_type=b"text/plain; version=0.0.4; charset=utf-8")
