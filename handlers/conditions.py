"""Conditional requests (RFC 9110 13): the ETag of a resource is its revision."""

from collections.abc import Mapping
from typing import Any

from handlers.exchange import Request
from models.domain.errors import PreconditionFailed


def etag(revision: int) -> bytes:
    """The strong tag of a revision."""
    return b'"%d"' % revision


def check_if_match(request: Request, stored: Mapping[str, Any]) -> None:
    """Make sure that the client has seen the resource as it is now.

    Raises:
        PreconditionFailed: If-Match names other revisions only.
    """
    given = request.header(b"if-match")
    if given is None or _names(given, stored["rev"], weak=False):
        return
    raise PreconditionFailed(
        f"The resource is at {etag(stored['rev']).decode()}, which If-Match does not name: read it again, then decide."
    )


def is_unchanged(request: Request, stored: Mapping[str, Any]) -> bool:
    """Whether If-None-Match names the present revision, so that 304 says everything."""
    given = request.header(b"if-none-match")
    return given is not None and _names(given, stored["rev"], weak=True)


def has_if_match(request: Request) -> bool:
    """Whether the client insists on a revision."""
    return request.header(b"if-match") is not None


def _names(given: str, revision: int, *, weak: bool) -> bool:
    present = etag(revision).decode()
    for part in given.split(","):
        tag = part.strip()
        if weak:
            tag = tag.removeprefix("W/")
        if tag in ("*", present):
            return True
    return False
