"""What absolute addresses begin with."""

import re

from handlers.exchange import Scope, header
from handlers.settings import HttpSettings

# A client writes the Host header; what is no host must not get into our answers.
_HOST = re.compile(r"[A-Za-z0-9._~-]+(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?")
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")


class Addresses:
    """Tells the root of absolute addresses: the public one, what a trusted proxy says, or what the client called."""

    def __init__(self, settings: HttpSettings) -> None:
        """Follow these settings."""
        self._public = settings.public_url.rstrip("/") if settings.public_url else None
        self._prefix = settings.path_prefix.rstrip("/")
        self._trust = settings.trust_forwarded

    def root(self, scope: Scope) -> str:
        """The root for one request, without a slash at its end."""
        if self._public is not None:
            return self._public
        host = header(scope["headers"], b"host")
        scheme = scope.get("scheme", "http")
        prefix = self._prefix
        if self._trust:
            host = _first(scope, b"x-forwarded-host") or host
            proto = (_first(scope, b"x-forwarded-proto") or scheme).lower()
            scheme = proto if proto in ("http", "https") else scheme
            told = (_first(scope, b"x-forwarded-prefix") or "").rstrip("/")
            prefix = told + prefix if _PREFIX.fullmatch(told) else prefix
        if host is None or not _HOST.fullmatch(host):
            host = _server(scope)
        return f"{scheme}://{host}{prefix}"


def _first(scope: Scope, name: bytes) -> str | None:
    """The first value: that of the proxy nearest to the client."""
    value = header(scope["headers"], name)
    return value.partition(",")[0].strip() if value else None


def _server(scope: Scope) -> str:
    host, port = scope.get("server") or ("localhost", None)
    return f"{host}:{port}" if port else str(host)
