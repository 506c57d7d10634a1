"""Inputs of which nothing is kept, sealed beside their order until it has ended."""

from collections.abc import Mapping
from typing import Any

from models.domain.transients import ByItem
from models.sealing import Sealer

Document = dict[str, Any]

FIELD = "transient"
"""Of the order's document; it is gone when the order has ended."""


def seal(sealer: Sealer, order: str, taken: ByItem) -> Document:
    """What stands beside the order: unreadable without a key that the database does not have.

    Raises:
        NoSecretKey: there is no key.
    """
    return sealer.seal(taken, _place(order))


def opened(sealer: Sealer, stored: Mapping[str, Any]) -> ByItem:
    """What an order's document holds, by item path; nothing where there is none.

    Raises:
        SecretUnreadable: its key is not among those of the server any more.
    """
    found: ByItem = sealer.open(stored.get(FIELD), _place(str(stored["_id"]))) or {}
    return found


def _place(order: str) -> str:
    return f"serviceOrder/{order}/{FIELD}"
