"""An operation, compiled once from its document and its handler, and served as an ASGI application."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from handlers.address import Addresses
from handlers.body import parse, read_body
from handlers.documents import ApiDocument, DocumentedOperation
from handlers.errors import error_reply, fault_reply, invalid
from handlers.exchange import ClientGone, Handler, Receive, Request, Scope, Send, header, send_reply
from handlers.media import JSON, check_accept, check_encoding, media_type_of
from handlers.parameters import ParameterLengths
from handlers.settings import HttpSettings
from handlers.telemetry import OperationMetrics
from handlers.validation import BodyCheck, body_check
from models.aside import aside_if_big
from models.domain.caller import Caller
from models.domain.errors import NotFound, SomError

Headers = list[tuple[bytes, bytes]]
Identify = Callable[[Headers], Caller]

MERGE_PATCHES = frozenset({"application/merge-patch+json", JSON})
_SUCCESS = ("200", "201", "202")


class Operation:
    """One operation of one API."""

    def __init__(  # noqa: PLR0913, PLR0917 - all that an operation is made of
        self,
        document: ApiDocument,
        described: DocumentedOperation,
        handler: Handler,
        settings: HttpSettings,
        identify: Identify,
        metrics: OperationMetrics,
    ) -> None:
        """Compile it."""
        self.id = described.id
        self._handler = handler
        self._settings = settings
        self._identify = identify
        self._metrics = metrics
        self._addresses = Addresses(settings)
        self._base_path = document.base_path
        self._produces = _produces(document, described)
        self._bodies, self._body_required = _bodies(document, described)
        self._consumes = frozenset(self._bodies)
        lengths = _max_lengths(document, described)
        self._path_lengths = lengths["path"]
        self._parameter_lengths = ParameterLengths(lengths["query"], lengths["header"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        started = time.perf_counter()
        try:
            reply = await self._handler(await self._request(scope, receive))
        except SomError as error:
            reply = error_reply(error)
        except ClientGone:
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, the client is told that the fault is ours
            reply = fault_reply(error)
        await send_reply(reply, scope, receive, send)
        self._metrics.answered(reply.status, time.perf_counter() - started)

    async def _request(self, scope: Scope, receive: Receive) -> Request:
        headers: Headers = scope["headers"]
        if self._produces is not None:
            check_accept(header(headers, b"accept"), self._produces)
        request = Request(
            caller=self._identify(headers),
            operation=self.id,
            base_path=self._base_path,
            root=self._addresses.root(scope),
            path=scope["path"].removeprefix(self._base_path),
            path_params=self._path_params(scope),
            query=scope["query_string"].decode("latin-1"),
            raw_headers=headers,
        )
        self._parameter_lengths.check(request)
        if self._bodies:
            await self._read(request, receive)
        return request

    def _path_params(self, scope: Scope) -> Mapping[str, str]:
        params: Mapping[str, str] = scope.get("path_params", {})
        for name, limit in self._path_lengths.items():
            if len(params[name]) > limit or "\0" in params[name]:
                raise NotFound  # nothing has such an identifier
        return params

    async def _read(self, request: Request, receive: Receive) -> None:
        headers = request.raw_headers
        request.media_type = media_type_of(header(headers, b"content-type"), self._consumes)
        check_encoding(header(headers, b"content-encoding"))
        raw = await read_body(headers, receive, self._settings.max_body_bytes, self._settings.body_seconds)
        if not raw:
            if self._body_required:
                raise invalid("", "bodyMissing", "This operation needs a body.")
            return
        request.size = len(raw)
        check = self._bodies[request.media_type]
        request.body = await aside_if_big(len(raw), _read_json, raw, self._settings.max_body_values, check)


def _read_json(raw: bytes, most_values: int, check: BodyCheck) -> Any:
    body = parse(raw, most_values)
    check.check(body)
    return body


def _produces(document: ApiDocument, described: DocumentedOperation) -> str | None:
    for status in _SUCCESS:
        answer = document.resolve(described.node["responses"].get(status, {}))
        for media_type in answer.get("content", {}):
            return str(media_type)
    return None


def _bodies(document: ApiDocument, described: DocumentedOperation) -> tuple[dict[str, BodyCheck], bool]:
    body = document.resolve(described.node.get("requestBody", {}))
    checks = {}
    for media_type, content in body.get("content", {}).items():
        schema: dict[str, Any] = content["schema"]
        checks[media_type.lower()] = body_check(document, schema)
    return checks, bool(body.get("required"))


def _max_lengths(document: ApiDocument, described: DocumentedOperation) -> dict[str, dict[str, int]]:
    """The greatest lengths of parameters, by where they stand and by name."""
    item = document.node["paths"][described.path]
    nodes = [*item.get("parameters", []), *described.node.get("parameters", [])]
    found: dict[str, dict[str, int]] = {"path": {}, "query": {}, "header": {}}
    for parameter in map(document.resolve, nodes):
        if "maxLength" in parameter["schema"]:
            found[parameter["in"]][parameter["name"]] = parameter["schema"]["maxLength"]
    return found
