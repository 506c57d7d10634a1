"""The callback of one order: where its own events go, signed, from its creation to its end.

It stands beside the order's body, in the same document: so it comes with the order, goes with it, and is told whatever
its creation owes. To the notifier it is a subscription like those of hubs, under an id of its own.
"""

from collections.abc import Mapping
from typing import Any

from models.domain.errors import InvalidRequest
from models.domain.patterns import PatternEngine
from models.domain.subscriptions import ACTIVE, Subscription, callback_violations, parse_query
from models.domain.violations import Violation
from models.patterns import Re2Patterns

Document = dict[str, Any]

ATTRIBUTE = "notificationCallback"
FIELD = "callback"
API, VERSION = "tmf641", "v4"
_PREFIX = "order:"


def take(body: Document, patterns: PatternEngine) -> Document | None:
    """Take the callback out of the body of a new order, so that nobody reads its secret there.

    Raises:
        InvalidRequest: it cannot be called, or its query cannot be understood.
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
    return {**given, "state": ACTIVE}


def key_of(order: str) -> str:
    """The id under which an order's callback is told of."""
    return f"{_PREFIX}{order}"


def order_of(key: str) -> str | None:
    """The order whose callback has this id; None where it is none of an order."""
    return key.removeprefix(_PREFIX) if key.startswith(_PREFIX) else None


def subscription_of(order: Mapping[str, Any]) -> Subscription | None:
    """The callback of a stored order as the notifier serves it; None where it has none, or has ended it."""
    given = order.get(FIELD)
    if not given or given.get("state") != ACTIVE:
        return None
    known = {"_id": key_of(order["_id"]), "tenant": order["tenant"], "api": API, "version": VERSION}
    return Subscription.of({**known, **given}, Re2Patterns())
