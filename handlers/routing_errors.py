"""Answers to what no operation answers: unknown paths, methods that a path does not know, OPTIONS."""

import re
from collections.abc import Iterable
from typing import Any

from handlers.documents import ApiDocument
from handlers.errors import MethodNotAllowed, error_reply, fault_reply
from handlers.exchange import Reply
from handlers.framework import ConnexionRequest, ConnexionResponse, HTTPException
from models.domain.errors import NotFound

_PARAMETER = re.compile(r"\{[^}]+\}")


class RoutingErrors:
    """Knows every path and its methods."""

    def __init__(self, documents: Iterable[ApiDocument]) -> None:
        """Take the paths of these documents."""
        methods: dict[tuple[str, str], list[str]] = {}
        for document in documents:
            for operation in document.operations():
                methods.setdefault((document.base_path, operation.path), []).append(operation.method.upper())
        self._paths = [(_pattern(base + path), _allow(names)) for (base, path), names in methods.items()]

    async def __call__(self, request: ConnexionRequest, error: Exception) -> ConnexionResponse:
        """Answer an error that came up outside of the operations."""
        reply = self._reply(request.scope, error)
        headers = {name.decode(): value.decode() for name, value in reply.headers}
        body = b"" if request.scope["method"] == "HEAD" else reply.body
        media_type = reply.media_type.decode() if reply.body is not None else None
        return ConnexionResponse(reply.status, headers=headers, body=body, mimetype=media_type)

    def _reply(self, scope: dict[str, Any], error: Exception) -> Reply:
        if not isinstance(error, HTTPException):
            return fault_reply(error)
        path, method = scope["path"], scope["method"]
        allow = next((allow for pattern, allow in self._paths if pattern.fullmatch(path)), None)
        # The router knows no path with a line break in it, even where the method is right: nothing has such an id.
        if allow is None or (method != "OPTIONS" and method in allow.decode().split(", ")):
            return error_reply(NotFound(f"There is nothing at {path[:200]!r}."))
        headers = [(b"allow", allow)]
        if method == "OPTIONS":
            return Reply(204, headers=headers)
        return error_reply(
            MethodNotAllowed(f"{method[:20]} is not known here; what is known is {allow.decode()}."), headers
        )


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("[^/]+".join(re.escape(part) for part in _PARAMETER.split(path)))


def _allow(methods: list[str]) -> bytes:
    implied = ["HEAD"] if "GET" in methods else []
    return ", ".join([*methods, *implied, "OPTIONS"]).encode()
