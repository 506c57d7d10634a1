"""The server as the command line sees it: JSON over HTTP, and errors that a person can read."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Literal, Self
from urllib.parse import quote, urlsplit

import requests
from urllib3.exceptions import NewConnectionError

from som.cli.exits import Refused, Unreachable, Unusable

ORDERING = "/tmf-api/serviceOrdering/v4"
INVENTORY = "/tmf-api/serviceInventory/v4"
RESOURCES = "/tmf-api/resourceInventoryManagement/v4"
CATALOGUE = "/tmf-api/serviceCatalogManagement/v4"
ADMINISTRATION = "/som/v1"

MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"

Method = Literal["GET", "POST", "PATCH", "DELETE"]

_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 60.0
_REPEATS = (0.2, 1.0)  # seconds before the second and third attempt of what may be repeated


@dataclass(frozen=True, slots=True)
class Page:
    """A list as the server answered it, and how many there are in all."""

    items: list[dict[str, Any]]
    total: int


class Server:
    """One server, by its address. Use as a context manager."""

    def __init__(self, url: str) -> None:
        """Know the address; nothing is called yet.

        Raises:
            Unusable: it is no address.
        """
        self.url = url.rstrip("/")
        host = _host(url)
        self._session = requests.Session()
        self._session.headers["Accept"] = "application/json"
        if _is_loopback(host):
            self._session.trust_env = False  # a proxy knows another host by that name

    def __enter__(self) -> Self:
        """Nothing happens before the first call."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._session.close()

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """The resource, or the list, at the path."""
        return self._json(self._answer("GET", path, params=params))

    def find(self, path: str) -> dict[str, Any] | None:
        """The resource at the path, or None where there is none."""
        try:
            found: dict[str, Any] = self.get(path)
        except Refused as refusal:
            if refusal.status == requests.codes.not_found:
                return None
            raise
        return found

    def page(self, path: str, params: Mapping[str, Any]) -> Page:
        """A list and its length."""
        response = self._answer("GET", path, params=params)
        items: list[dict[str, Any]] = self._json(response)
        return Page(items, int(response.headers.get("X-Total-Count", len(items))))

    def versioned(self, path: str) -> tuple[dict[str, Any], str]:
        """The resource and its ETag."""
        response = self._answer("GET", path)
        return self._json(response), response.headers.get("ETag", "*")

    def post(self, path: str, body: Any, idempotency_key: str | None = None) -> Any:
        """Create something, or ask for something; with a key it may be, and is, repeated when no answer came."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self._json(
            self._answer("POST", path, body=body, headers=headers, pauses=_REPEATS if idempotency_key else ())
        )

    def patch(self, path: str, body: Any, media_type: str = MERGE_PATCH, if_match: str | None = None) -> Any:
        """Change something, if it is still what the ETag says."""
        headers = {"Content-Type": media_type} | ({"If-Match": if_match} if if_match else {})
        return self._json(self._answer("PATCH", path, body=body, headers=headers))

    def delete(self, path: str) -> None:
        """Remove something."""
        self._answer("DELETE", path)

    def stream(self, path: str, patience: float) -> Iterator[tuple[str, dict[str, Any]]]:
        """Type and data of server-sent events as they come.

        Args:
            path: of the stream.
            patience: seconds without any sign of life after which the stream counts as broken.

        Raises:
            Unreachable: it broke.
            Refused: there is none.
        """
        headers = {"Accept": "text/event-stream"}
        try:
            with self._session.get(
                self.url + path, headers=headers, stream=True, timeout=(_CONNECT_SECONDS, patience)
            ) as response:
                _raise_for(response)
                yield from _messages(response.iter_lines(chunk_size=1))
        except requests.RequestException as error:
            raise self._unreachable(error) from None

    def _answer(
        self,
        method: Method,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        pauses: tuple[float, ...] | None = None,
    ) -> requests.Response:
        if pauses is None:
            pauses = _REPEATS if method == "GET" else ()
        for pause in pauses:
            try:
                return self._once(method, path, params, body, headers)
            except Unreachable:
                time.sleep(pause)
        return self._once(method, path, params, body, headers)

    def _once(
        self, method: Method, path: str, params: Mapping[str, Any] | None, body: Any, headers: Mapping[str, str] | None
    ) -> requests.Response:
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        sent = ({} if body is None else {"Content-Type": "application/json"}) | dict(headers or {})
        try:
            response = self._session.request(
                method,
                self.url + path,
                params={name: value for name, value in (params or {}).items() if value is not None},
                data=data,
                headers=sent,
                timeout=(_CONNECT_SECONDS, _ANSWER_SECONDS),
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise self._unreachable(error) from None
        _raise_for(response)
        return response

    def _json(self, response: requests.Response) -> Any:
        if response.status_code == requests.codes.no_content:
            return None
        try:
            return response.json()
        except requests.JSONDecodeError:
            raise Unreachable(f"What answers at {self.url} is no service order manager: it sent no JSON.") from None

    def _unreachable(self, error: requests.RequestException) -> Unreachable:
        match error:
            case requests.Timeout():
                why = "no answer in time"
            case requests.exceptions.SSLError():
                why = "its certificate was not accepted"
            case requests.ConnectionError() if not _refused_connection(error):
                why = "the connection broke"
            case requests.ConnectionError():
                why = "nothing answers there; is it running? `som serve` starts one, --url names another"
            case _:
                why = type(error).__name__
        return Unreachable(f"The server at {self.url} cannot be reached: {why}.")


def _refused_connection(error: requests.RequestException) -> bool:
    """Whether there was nobody to talk to, rather than somebody who hung up."""
    return bool(error.args) and isinstance(getattr(error.args[0], "reason", None), NewConnectionError)


def at(*parts: str) -> str:
    """A path of these parts, the identifiers among them made safe."""
    return parts[0] + "".join("/" + quote(part, safe="") for part in parts[1:])


def _raise_for(response: requests.Response) -> None:
    if response.status_code < requests.codes.multiple_choices:
        return
    code, reason, message = _error(response)
    text = reason if not message or message == reason else f"{reason}\n{message}"
    if response.status_code >= requests.codes.internal_server_error:
        raise Unreachable(f"The server has a fault of its own ({response.status_code} {code}): {text}")
    raise Refused(response.status_code, f"Refused ({response.status_code} {code}): {text}", code)


def _error(response: requests.Response) -> tuple[str, str, str]:
    """Code, reason and message of a TM Forum error, or of whatever came instead."""
    try:
        body = response.json()
    except requests.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        return "", response.reason or "no reason given", ""
    return str(body.get("code", "")), str(body.get("reason", "")), str(body.get("message") or "")


def _messages(lines: Iterator[bytes]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Event and data fields of each message; everything else of the format is of no use here."""
    event, data = "message", ""
    for raw in lines:
        name, _, value = raw.decode().partition(":")
        value = value.removeprefix(" ")
        if not raw and data:
            yield event, json.loads(data)
        match name if raw else "":
            case "":
                event, data = ("message", "") if not raw else (event, data)
            case "event":
                event = value
            case "data":
                data += value


def _host(url: str) -> str:
    trouble = Unusable(f"{url!r} is no address of a server; one looks like http://127.0.0.1:8641.")
    try:
        parts = urlsplit(url)
        _ = parts.port  # looked at only to see whether it is a number
    except ValueError:
        raise trouble from None
    if not parts.hostname or parts.scheme not in {"http", "https"}:
        raise trouble
    return parts.hostname


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
