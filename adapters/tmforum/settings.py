"""What the settings of a kind that speaks a TM Forum API must be."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from adapters.rest import wrong_headers
from adapters.tmforum import mapping
from models.domain.fulfiller import FulfillerDefinition
from models.domain.violations import Violation

CATCH_UP_SECONDS = 600.0
_MOST_SECONDS = 86_400.0


def wrong_settings(definition: FulfillerDefinition, more: dict[str, "Rule"]) -> Iterator[Violation]:
    """What is wrong with endpoint, names and settings; `more` are the rules of the kind's own settings."""
    settings = definition.settings
    if not definition.endpoint:
        message = f"A fulfiller of the kind {definition.kind} needs the base path of its API as endpoint."
        yield Violation("/endpoint", "missing", message)
    elif urlsplit(definition.endpoint).query:
        yield Violation("/endpoint", "invalidAddress", "The endpoint must be a base path, without a query.")
    known = {"headers", *mapping.NAMES, *more}
    for name in sorted(settings.keys() - known):
        message = f"A fulfiller of the kind {definition.kind} knows only {', '.join(sorted(known))}."
        yield Violation(f"/settings/{name}", "unknownSetting", message)
    yield from wrong_headers(settings.get("headers", {}))
    yield from mapping.check(settings)
    for name, (fits, wanted) in more.items():
        if name in settings and not fits(settings[name]):
            yield Violation(f"/settings/{name}", "invalidValue", f"{name} must be {wanted}.")


def wrong_order_settings(definition: FulfillerDefinition) -> Iterator[Violation]:
    """What is wrong with the registration of an order manager."""
    return wrong_settings(definition, _OF_ORDERS)


Rule = tuple[Callable[[Any], bool], str]


def is_address(value: Any) -> bool:
    """Whether it is an absolute http or https address."""
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
        return parts is not None and parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.query
    except ValueError:
        return False


_OF_ORDERS: dict[str, Rule] = {
    "hub": (lambda value: isinstance(value, bool), "true or false"),
    "pendingAsks": (lambda value: isinstance(value, bool), "true or false"),
    "hubQuery": (lambda value: isinstance(value, str) and bool(value), "a query"),
    "catchUpInterval": (
        lambda value: isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= _MOST_SECONDS,
        "a number of seconds, at most a day",
    ),
    "inventory": (is_address, "the http or https address of an inventory's API"),
}
