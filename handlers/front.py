"""What stands before the APIs: limits for all, paths without an API, and paths as proxies send them."""

import logging
from collections.abc import Awaitable, Callable, Mapping

from handlers.errors import MethodNotAllowed, TooManyRequests, error_reply, fault_reply
from handlers.exchange import ClientGone, Receive, Reply, Scope, Send, send_reply
from handlers.framework import Application
from handlers.settings import HttpSettings
from handlers.telemetry import HttpMetrics

FixedPath = Callable[[], Awaitable[Reply]]

_log = logging.getLogger("som.http")


class Front:
    """The outermost ASGI application."""

    def __init__(
        self,
        application: Application,
        fixed: Mapping[str, FixedPath],
        probes: frozenset[str],
        settings: HttpSettings,
        metrics: HttpMetrics,
    ) -> None:
        """Serve these fixed paths, and everything else by the application.

        Args:
            application: the APIs.
            fixed: replies by path, to GET.
            probes: the fixed paths that are answered however busy the server is.
            settings: the limits.
            metrics: for the number of requests under way.
        """
        self._application = application
        self._fixed = fixed
        self._probes = probes
        self._limit = settings.max_in_flight
        self._prefix = settings.path_prefix.rstrip("/")
        self._metrics = metrics
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        path = self._path(scope)
        if path in self._probes:
            await self._serve_fixed(path, scope, receive, send)
        elif self._in_flight >= self._limit:
            await send_reply(error_reply(TooManyRequests()), scope, receive, send)
        else:
            await self._counted(path, scope, receive, send)

    async def _counted(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        self._in_flight += 1
        self._metrics.in_flight.set(self._in_flight)
        try:
            if path in self._fixed:
                await self._serve_fixed(path, scope, receive, send)
            else:
                await self._application(scope, receive, send)
        except ClientGone:
            _log.debug("the client of %s %s went away", scope["method"], path)
        finally:
            self._in_flight -= 1
            self._metrics.in_flight.set(self._in_flight)

    def _path(self, scope: Scope) -> str:
        """Take off the proxy's prefix and a slash at the end, which some clients put there."""
        path: str = scope["path"]
        if self._prefix and path.startswith(self._prefix + "/"):
            path = path[len(self._prefix) :]
        if len(path) > 1 and path.endswith("/"):
            path = path.rstrip("/") or "/"
        if path != scope["path"]:
            scope["path"] = path
            scope["raw_path"] = path.encode()
        return path

    async def _serve_fixed(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        allow = [(b"allow", b"GET, HEAD, OPTIONS")]
        if scope["method"] in ("GET", "HEAD"):
            try:
                reply = await self._fixed[path]()
            except Exception as error:  # noqa: BLE001 - a probe must answer
                reply = fault_reply(error)
        elif scope["method"] == "OPTIONS":
            reply = Reply(204, headers=allow)
        else:
            reply = error_reply(MethodNotAllowed(f"{path} can only be read."), allow)
        await send_reply(reply, scope, receive, send)
