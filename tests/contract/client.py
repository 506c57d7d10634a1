"""A client of the whole HTTP side, in process, that holds every answer against the published document.

`ContractClient` raises an AssertionError when an answer has a status that its operation does not declare, or a body,
media type or header that does not fit; so whichever test makes a request tests the contract, too.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from openapi_core.validation.exceptions import ValidationError

from handlers.documents import FILES, ApiDocument, load
from tests.contract.unanswerable import reason

BASE_URL = "http://testserver"


@cache
def documents() -> dict[str, ApiDocument]:
    """The published documents by base path."""
    loaded = [load(api) for api in FILES]
    return {document.base_path: document for document in loaded}


@cache
def _contract(base_path: str, *, narrowed: bool) -> OpenAPI:
    """The contract of an API; of a narrowed answer (`fields`) no attribute is required."""
    node = documents()[base_path].node
    return OpenAPI.from_dict(_without_required(node) if narrowed else node, config=Config(spec_validator_cls=None))


def _without_required(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_required(value) for value in node]
    if not isinstance(node, dict):
        return node
    return {
        name: _without_required(value)
        for name, value in node.items()
        if name != "required" or not isinstance(value, list)
    }


class _Request:
    """A request as openapi-core wants it."""

    def __init__(self, request: httpx.Request, method: str) -> None:
        parts = urlsplit(str(request.url))
        self.host_url = f"{parts.scheme}://{parts.netloc}"
        self.path = parts.path
        self.method = method.lower()
        self.content_type = request.headers.get("content-type", "")
        self.body = None  # only answers are checked
        self.parameters = RequestParameters()


class _Response:
    """A response as openapi-core wants it."""

    def __init__(self, response: httpx.Response) -> None:
        self.status_code = response.status_code
        self.content_type = response.headers.get("content-type", "")
        self.headers = response.headers
        self.data = response.content


class ContractClient:
    """Sends requests to the application and checks every answer."""

    def __init__(self, application: Any, headers: Mapping[str, str] | None = None) -> None:
        """Talk to this ASGI application."""
        transport = httpx.ASGITransport(app=application, raise_app_exceptions=False)
        self._http = httpx.AsyncClient(transport=transport, base_url=BASE_URL, headers=dict(headers or {}))
        self.answers: dict[tuple[str, str], set[int]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def get(self, url: str, **options: Any) -> httpx.Response:
        return await self.request("GET", url, **options)

    async def post(self, url: str, **options: Any) -> httpx.Response:
        return await self.request("POST", url, **options)

    async def patch(self, url: str, **options: Any) -> httpx.Response:
        return await self.request("PATCH", url, **options)

    async def delete(self, url: str, **options: Any) -> httpx.Response:
        return await self.request("DELETE", url, **options)

    async def request(
        self, method: str, url: str, *, may_fail: bool = False, declared_by: str | None = None, **options: Any
    ) -> httpx.Response:
        """Send a request and check the answer.

        Args:
            method: HTTP method.
            url: absolute, or below the server.
            may_fail: a 500 is a failure unless the test has caused it.
            declared_by: method of the path's operation that declares the answer, where it is not the method sent.
            options: those of httpx.
        """
        response = await self._http.request(method, url, **options)
        assert may_fail or response.status_code != 500, response.text
        self._check(response, declared_by or method)
        return response

    def _check(self, response: httpx.Response, method: str) -> None:
        request = response.request
        path = urlsplit(str(request.url)).path
        found = operation_of(method, path)
        if found is None:
            return
        if response.status_code >= 400:
            check_error(response)
        base_path, operation_id, declared = found
        self.answers.setdefault((base_path, operation_id), set()).add(response.status_code)
        assert str(response.status_code) in declared, (
            f"{request.method} {path} answered {response.status_code}, which it does not declare: {response.text[:500]}"
        )
        why = reason(documents()[base_path].api, operation_id, str(response.status_code))
        assert why is None, f"{request.method} {path} answered {response.status_code}, which it cannot, since: {why}"
        if response.headers.get("content-type", "").startswith("text/event-stream"):
            return
        try:
            narrowed = "fields=" in str(request.url)
            _contract(base_path, narrowed=narrowed).validate_response(_Request(request, method), _Response(response))
        except (OpenAPIError, ValidationError) as error:
            cause = error.__cause__
            details = [str(one.message) for one in getattr(cause, "schema_errors", [])]
            raise AssertionError(
                f"{request.method} {path} {response.status_code}: {error} {cause} {details} {response.text[:800]}"
            ) from error


def check_error(response: httpx.Response) -> None:
    """Every refusal has TM Forum's shape."""
    assert response.headers["content-type"] == "application/json", response.headers
    body = response.json()
    assert {"code", "reason", "message", "status", "@type"} == set(body), body
    assert body["status"] == str(response.status_code)
    assert body["@type"] == "Error"
    assert re.fullmatch(r"[a-z][A-Za-z]+", body["code"]), body
    assert body["message"], body


@cache
def _templates() -> list[tuple[str, str, str, re.Pattern[str], frozenset[str]]]:
    found = []
    for base_path, document in documents().items():
        for operation in document.operations():
            pattern = "[^/]+".join(re.escape(part) for part in re.split(r"\{[^}]+\}", base_path + operation.path))
            declared = frozenset(operation.node["responses"])
            found.append((base_path, operation.id, operation.method.upper(), re.compile(pattern), declared))
    return found


def operation_of(method: str, path: str) -> tuple[str, str, frozenset[str]] | None:
    """Base path, operationId and declared statuses of the operation that a request is for."""
    for base_path, operation_id, known, pattern, declared in _templates():
        if known == method and pattern.fullmatch(path):
            return base_path, operation_id, declared
    return None
