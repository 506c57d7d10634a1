"""Idempotency-Key: repeating a POST makes nothing twice.

The new resource's id is derived from the key's scope, so that the primary key itself keeps the promise: whoever is
second finds the document there.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from handlers.errors import invalid
from handlers.exchange import Request
from models.domain.errors import Unprocessable
from models.domain.ids import derived_id

MAX_LENGTH = 255


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A key and what it was used with.

    Attributes:
        key: as the client chose it.
        hash: of the body in canonical form.
        id: of the resource, derived from tenant, client, operation, the ids in its path, and key.
    """

    key: str
    hash: str
    id: str

    def document(self) -> dict[str, str]:
        """As stored with the resource."""
        return {"key": self.key, "hash": self.hash}

    def is_of(self, stored: Mapping[str, Any]) -> bool:
        """Whether the resource came of this key."""
        return bool(stored.get("idem")) and stored["idem"]["key"] == self.key

    def check_same(self, stored: Mapping[str, Any]) -> None:
        """Make sure that the resource, which came of this key, came of the same body.

        Raises:
            Unprocessable: it did not.
        """
        if stored["idem"]["hash"] != self.hash:
            raise Unprocessable(
                f"The Idempotency-Key {self.key[:60]!r} was used before with another body; "
                "use a new key for a new request."
            )


def idempotency_key(request: Request, body: Mapping[str, Any]) -> IdempotencyKey | None:
    """The request's key, which stands for this body; None where it has none.

    Raises:
        InvalidRequest: it is empty or too long.
    """
    given = request.header(b"idempotency-key")
    if given is None:
        return None
    if not 0 < len(given) <= MAX_LENGTH:
        raise invalid("Idempotency-Key", "wrongLength", f"The key must have 1 to {MAX_LENGTH} characters.")
    canonical = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    caller = request.caller
    place = request.path_params.values()  # what is made in two other resources is two
    identity = derived_id("idempotency", caller.tenant, caller.subject, request.operation, *place, given)
    return IdempotencyKey(given, hashlib.sha256(canonical).hexdigest(), identity)
