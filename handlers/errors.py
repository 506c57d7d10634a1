"""Errors as TM Forum shapes them: one table from what went wrong to how HTTP says it."""

import logging
import secrets
from http import HTTPStatus
from typing import Any

import orjson

from handlers.exchange import Reply
from models.domain.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    PreconditionFailed,
    SomError,
    TooLarge,
    Unavailable,
    Unprocessable,
)
from models.domain.violations import Violation

_log = logging.getLogger("som.http")

RETRY_SECONDS = 2


class NotAcceptable(SomError):
    """None of the media types in the Accept header can be produced here."""

    code = "notAcceptable"


class UnsupportedMediaType(SomError):
    """The body's media type is none that this operation reads."""

    code = "unsupportedMediaType"


class MethodNotAllowed(SomError):
    """The path does not know this method."""

    code = "methodNotAllowed"


class CannotBePlanned(SomError):
    """The order is well formed, but cannot be carried out as it stands."""

    code = "unplannable"


class Gone(SomError):
    """Nobody takes anything under this address any more."""

    code = "gone"


class TooManyRequests(SomError):
    """The server is at its limit of requests under way."""

    code = "tooManyRequests"


STATUS: dict[type[SomError], HTTPStatus] = {
    InvalidRequest: HTTPStatus.BAD_REQUEST,
    NotFound: HTTPStatus.NOT_FOUND,
    MethodNotAllowed: HTTPStatus.METHOD_NOT_ALLOWED,
    NotAcceptable: HTTPStatus.NOT_ACCEPTABLE,
    Conflict: HTTPStatus.CONFLICT,
    Gone: HTTPStatus.GONE,
    PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    CannotBePlanned: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unprocessable: HTTPStatus.UNPROCESSABLE_ENTITY,
    TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}

_REASON = {
    HTTPStatus.BAD_REQUEST: "The request is not valid",
    HTTPStatus.NOT_FOUND: "Not found",
    HTTPStatus.METHOD_NOT_ALLOWED: "Method not allowed",
    HTTPStatus.NOT_ACCEPTABLE: "Not acceptable",
    HTTPStatus.CONFLICT: "In conflict with the present state",
    HTTPStatus.GONE: "Gone",
    HTTPStatus.PRECONDITION_FAILED: "Changed in the meantime",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Too large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "Unsupported media type",
    HTTPStatus.UNPROCESSABLE_ENTITY: "The Idempotency-Key was used before",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests",
    HTTPStatus.INTERNAL_SERVER_ERROR: "A fault of the server",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not available at the moment",
}


_OWN_REASON: dict[type[SomError], str] = {CannotBePlanned: "The order cannot be planned"}


def invalid(pointer: str, code: str, message: str) -> InvalidRequest:
    """A request with one violation."""
    return InvalidRequest([Violation(pointer, code, message)])


def error_body(status: int, code: str, reason: str, message: str) -> bytes:
    """The body of every refusal."""
    body: dict[str, Any] = {
        "code": code,
        "reason": reason,
        "message": message,
        "status": str(int(status)),
        "@type": "Error",
    }
    return orjson.dumps(body)


def error_reply(error: SomError, headers: list[tuple[bytes, bytes]] | None = None) -> Reply:
    """The reply that tells of an error; one that the table does not know is a fault of ours."""
    status = _status(error)
    if status is None:
        return fault_reply(error)
    extra = list(headers or ())
    if status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
        extra.append((b"retry-after", b"%d" % RETRY_SECONDS))
    reason = _OWN_REASON.get(type(error), _REASON[status])
    return Reply(status, error_body(status, _code(error), reason, str(error)), extra)


def fault_reply(error: BaseException) -> Reply:
    """The reply to a fault of ours: an id to find it in the log by, and nothing of our inside."""
    number = secrets.token_hex(6)
    _log.error("fault %s", number, exc_info=error)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    message = f"Something went wrong in the server. The operator finds it in the log as fault {number}."
    return Reply(status, error_body(status, "internalError", _REASON[status], message))


def _status(error: SomError) -> HTTPStatus | None:
    for kind in type(error).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    return None


def _code(error: SomError) -> str:
    """The violation's own word where a plain InvalidRequest carries one; it says more than `invalidRequest`."""
    if type(error) is InvalidRequest and error.violations:
        return error.violations[0].code
    return error.code
