"""Fulfillers are made with their credentials opened, which nothing else in the program does."""

from collections.abc import Callable, Mapping
from typing import Any

from adapters.kinds import Kinds, UnusableFulfiller
from adapters.ports import Fulfiller
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
