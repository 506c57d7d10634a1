"""Catalogue and inventory as they are not: what orders would meet if specifications and services were these."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from models.catalogue import Catalogue, Families, Reference
from models.domain.patterns import PatternEngine
from models.domain.snapshot import RELIES_ON, Builder, Wish, characteristics_of, related_ids
from models.inventory import Inventory
from models.recipe_book import PublishedRecipes
from models.resource_catalogue import ResourceCatalogue
from models.store import Store

Document = dict[str, Any]


class _ForeseenRecipes:
    """These published recipes and no others."""

    def __init__(self, recipes: PublishedRecipes) -> None:
        self._recipes = recipes

    def invalidate(self) -> None:
        """They stay as they are."""

    async def of(self, tenant: str) -> PublishedRecipes:  # noqa: ARG002 - they are of one tenant
        """All of them."""
        return self._recipes


class ForeseenCatalogue(Catalogue):
    """The catalogue that holds these specifications, and the recipes for them, and no others."""

    def __init__(
        self, store: Store, patterns: PatternEngine, bodies: Iterable[Mapping[str, Any]], recipes: PublishedRecipes
    ) -> None:
        """Hold these, whatever the store has."""
        super().__init__(store, patterns, _ForeseenRecipes(recipes))
        self._foreseen = _families(bodies)

    async def _find(self, tenant: str, reference: Reference) -> Document | None:  # noqa: ARG002 - it is for one tenant
        return self._foreseen.find(reference)


class ForeseenResourceCatalogue(ResourceCatalogue):
    """The catalogue that holds these resource specifications and no others."""

    def __init__(self, store: Store, patterns: PatternEngine, bodies: Iterable[Mapping[str, Any]]) -> None:
        """Hold these, whatever the store has."""
        super().__init__(store, patterns)
        self._foreseen = _families(bodies)

    async def _find(self, tenant: str, reference: Reference) -> Document | None:  # noqa: ARG002 - it is for one tenant
        return self._foreseen.find(reference)


def _families(bodies: Iterable[Mapping[str, Any]]) -> Families:
    return Families([{"_id": str(body["id"]), "rev": 0, "body": dict(body)} for body in bodies])


class ForeseenInventory(Inventory):
    """The inventory that holds these services and no others."""

    def __init__(self, store: Store, bodies: Iterable[Mapping[str, Any]]) -> None:
        """Hold these, whatever the store has."""
        super().__init__(store)
        self._bodies = {str(body["id"]): dict(body) for body in bodies}

    async def services(self, tenant: str, ids: Iterable[str]) -> dict[str, Document]:  # noqa: ARG002
        """Those of the services that exist, by id."""
        return {key: self._bodies[key] for key in ids if key in self._bodies}

    async def shared_with(self, tenant: str, wish: Wish, limit: int = 1) -> list[Document]:  # noqa: ARG002
        """Active services that fit a wish."""
        found = (
            body
            for body in self._bodies.values()
            if body.get("state") == "active"
            and (body.get("serviceSpecification") or {}).get("id") == wish.specification
            and wish.match.items() <= characteristics_of(body).items()
        )
        return list(islice(found, limit))

    async def being_built(self, tenant: str, wish: Wish, besides: str) -> Builder | None:  # noqa: ARG002
        """Nobody builds anything here."""
        return None

    async def claimed(self, tenant: str, keys: Sequence[str], besides: str) -> dict[str, Builder]:  # noqa: ARG002
        """Nor has anybody claimed to."""
        return {}

    async def dependents(self, tenant: str, ids: Iterable[str], besides: str | None = None) -> dict[str, list[str]]:  # noqa: ARG002
        """For each of the services the ids of the living services that rely on it."""
        wanted = set(ids)
        found: dict[str, list[str]] = {}
        for key, body in sorted(self._bodies.items()):
            if body.get("state") != "terminated":
                for other in wanted.intersection(related_ids(body, RELIES_ON)):
                    found.setdefault(other, []).append(key)
        return found
