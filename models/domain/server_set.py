"""Attributes that are the server's to say."""

from collections.abc import Mapping
from typing import Any

from models.domain.errors import InvalidRequest
from models.domain.violations import Violation


def refuse_server_set(body: Mapping[str, Any], server_set: frozenset[str]) -> None:
    """Make sure that a new resource says nothing that is the server's to say (RULES, resources).

    Raises:
        InvalidRequest: it does; each such attribute is named.
    """
    given = server_set.intersection(body)
    if given:
        raise InvalidRequest(
            [
                Violation(f"/{name}", "serverSetAttribute", f"{name} is set by the server and must not be sent.")
                for name in sorted(given)
            ]
        )
