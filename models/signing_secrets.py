"""Signing secrets of subscriptions as they are stored: sealed, each for its own subscription."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from models.sealing import Sealer, SecretUnreadable

Document = dict[str, Any]


def place_of(subscription: str) -> str:
    """What the secrets of this subscription are sealed for."""
    return f"subscription/{subscription}"


def opened(document: Mapping[str, Any], sealer: Sealer) -> Document:
    """A stored registration with its secrets as texts.

    A former secret that cannot be read is left out: it only helped those who had not changed over yet.

    Raises:
        SecretUnreadable: the present secret cannot be read.
    """
    place = place_of(document["_id"])
    found = {**document, "secret": sealer.open_text(document.get("secret"), place)}
    if found.get("credentials"):
        found["credentials"] = sealer.open(found["credentials"], place)
    former = found.pop("former", None)
    if former:
        with suppress(SecretUnreadable):
            found["former"] = {**former, "secret": sealer.open_text(former["secret"], place)}
    return found


def trouble(document: Mapping[str, Any], sealer: Sealer) -> str | None:
    """Why nothing can be sent to the subscriber: the secret that signs cannot be read; None where it can."""
    try:
        opened(document, sealer)
    except SecretUnreadable:
        return (
            "Its signing secret was encrypted with a key that the server does not have any more, so nothing is sent to "
            "it. Give the server that key again, or make a new secret (POST /som/v1/hubListener/"
            f"{document['_id']}/secret) and tell it to the subscriber."
        )
    return None
