"""The callback of one order: where its own events go, signed, from its creation to its end.

It stands beside the order's body, in the same document: so it comes with the order, goes with it, and is told whatever
its creation owes. To the notifier it is a subscription like those of hubs, under an id of its own.
"""

from collections.abc import Mapping
from typing import Any

from models.domain.errors import InvalidRequest
from models.domain.patterns import PatternEngine
from models.domain.subscriptions import ACTIVE, callback_violations, parse_query
from models.domain.violations import Violation
from models.sealing import Sealer
from models.signing_secrets import place_of

Document = dict[str, Any]

ATTRIBUTE = "notificationCallback"
FIELD = "callback"
API, VERSION = "tmf641", "v4"
_PREFIX = "order:"


def take(body: Document, order: str, patterns: PatternEngine, sealer: Sealer) -> Document | None:
    """Take the callback out of the body of a new order, with its secret sealed, so that nobody reads it anywhere.

    Raises:
        InvalidRequest: it cannot be called, or its query cannot be understood.
        NoSecretKey: there is no key to keep its secret with.
    """
    given = body.pop(ATTRIBUTE, None)
    if given is None:
        return None
    violations = [
        Violation(f"/{ATTRIBUTE}{found.pointer}", found.code, found.message)
        for found in callback_violations(given["callback"])
    ]
    if violations:
        raise InvalidRequest(violations)
    parse_query(given.get("query"), API, patterns)
    return {**given, "secret": sealer.seal_text(given["secret"], place_of(key_of(order))), "state": ACTIVE}


def key_of(order: str) -> str:
    """The id under which an order's callback is told of."""
    return f"{_PREFIX}{order}"


def order_of(key: str) -> str | None:
    """The order whose callback has this id; None where it is none of an order."""
    return key.removeprefix(_PREFIX) if key.startswith(_PREFIX) else None


def registered_with(order: Mapping[str, Any]) -> Document | None:
    """What was registered with a stored order, in the shape of a registration at a hub; None where nothing is now."""
    given = order.get(FIELD)
    if not given or given.get("state") != ACTIVE:
        return None
    known = {"_id": key_of(order["_id"]), "tenant": order["tenant"], "api": API, "version": VERSION}
    return {**known, **given}
