"""Fulfillers and change sources are made with their credentials opened, which nothing else in the program does."""

from collections.abc import Callable, Mapping
from typing import Any

from adapters.http_session import Tools
from adapters.kinds import Kinds, UnusableFulfiller
from adapters.ports import Fulfiller
from adapters.tmforum.change_requests import ChangeRequestServer
from models import changes
from models.domain.fulfiller import FulfillerDefinition
from models.fulfillers import place_of
from models.sealing import Sealer, SecretUnreadable


def opening(kinds: Kinds, sealer: Sealer) -> Callable[[FulfillerDefinition, Mapping[str, Any]], Fulfiller]:
    """What makes fulfillers from their definition and their credentials as stored."""

    def make(definition: FulfillerDefinition, stored: Mapping[str, Any]) -> Fulfiller:
        try:
            return kinds.make(definition, sealer.open(stored, place_of(definition.id)))
        except SecretUnreadable as unreadable:
            return UnusableFulfiller(definition.kind, f"Credentials of {definition.name}: {unreadable}")

    return make


def opening_sources(tools: Tools, sealer: Sealer) -> Callable[[Mapping[str, Any]], ChangeRequestServer | None]:
    """What makes the servers of change sources from their documents; None where the credentials cannot be read.

    Args:
        tools: has the process's HTTP client, and the addresses at which news is taken that hubs tell.
        sealer: opens the credentials.
    """

    def make(source: Mapping[str, Any]) -> ChangeRequestServer | None:
        key = source["_id"]
        try:
            secret = sealer.open(source.get("secret"), changes.place_of(key))
        except SecretUnreadable:
            return None
        address = tools.notification_url(changes.hub_name(key)) if tools.notification_url else None
        return ChangeRequestServer(source, secret, tools.session(), address)

    return make
