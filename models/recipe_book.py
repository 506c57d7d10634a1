"""The published recipes, kept at hand: who runs a recipe or calls one finds it here, and a change within a moment."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.aside import aside
from models.domain.recipes.binding import ANY, Binding, bindings_of
from models.domain.recipes.model import Recipe
from models.domain.releases.versions import InvalidVersion, Range, Version
from models.recipe_decisions import RecipeDecisions
from models.recipe_port import Playable
from models.recipe_versions import COLLECTION
from models.recipes import InvalidRecipe, read_recipe
from models.reference_cache import ReferenceCache
from models.store import Store

Document = dict[str, Any]

MOST_VERSIONS = 500
"""Versions that are kept as read, for those that run."""


MOST_CHOICES = 20
"""Times that the versions of called recipes are chosen again because of what those call in turn."""

NOTHING = Range.parse("<0.0.0-0")


@dataclass(frozen=True, slots=True)
class PublishedRecipe:
    """One published version.

    Attributes:
        id: `<name>:<version>`.
        recipe: the drawing as read.
        body: all of it.
        bindings: what it is for.
        revision, updated: of its document, which changes no more but by being retired.
    """

    id: str
    name: str
    version: str
    recipe: Recipe
    body: Mapping[str, Any]
    bindings: tuple[Binding, ...]
    revision: int
    updated: datetime


class PublishedRecipes:
    """The published recipes of a tenant."""

    def __init__(self, recipes: Iterable[PublishedRecipe]) -> None:
        """Know these."""
        self._families: dict[str, list[PublishedRecipe]] = {}
        for one in sorted(recipes, key=lambda one: Version.parse(one.version), reverse=True):
            self._families.setdefault(one.name, []).append(one)

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._families)

    def __iter__(self) -> Iterator[PublishedRecipe]:
        """All of them; of one recipe, the newest version first."""
        return (one for family in self._families.values() for one in family)

    def changed(self, added: Iterable[PublishedRecipe], removed: Collection[str]) -> "PublishedRecipes":
        """The same with others in addition, and without those of these ids."""
        return PublishedRecipes([*(one for one in self if one.id not in removed), *added])

    def find(self, name: str, versions: str | None = None) -> PublishedRecipe | None:
        """The newest published version of a recipe in a range of versions; without one, the newest of all.

        Raises:
            InvalidVersion: the range is none.
        """
        wanted = Range.parse(versions or ANY)
        return next((one for one in self._families.get(name, ()) if wanted.contains(one.version)), None)

    def bound(self, specification: str, version: str | None, action: str) -> PublishedRecipe | None:
        """The newest published version that is for this action on this version of a specification, unless chosen."""
        return next(
            (one for one, bound in self._fitting(specification, version, action) if not bound.by_policy),
            None,
        )

    def choices(self, specification: str, version: str | None, action: str) -> tuple[tuple[str, str], ...]:
        """Name and version of all that are for this action, chosen or not; of one recipe, the newest version first."""
        found = self._fitting(specification, version, action)
        return tuple(dict.fromkeys((one.name, one.version) for one, _ in found))

    def _fitting(
        self, specification: str, version: str | None, action: str
    ) -> Iterator[tuple[PublishedRecipe, Binding]]:
        return ((one, bound) for one in self for bound in one.bindings if bound.fits(specification, version, action))

    def linked(self, recipe: Recipe) -> Recipe:
        """A recipe with those that it calls, directly or not, as far as they are published."""
        others = {name: found.recipe for name, found in self._called_by(recipe).items()}
        return recipe.linked(others) if others else recipe

    def called_by(self, recipe: Recipe) -> dict[str, str]:
        """The versions of the recipes that one calls, directly or not, as far as they are published."""
        return {name: found.version for name, found in self._called_by(recipe).items()}

    def _called_by(self, recipe: Recipe) -> dict[str, PublishedRecipe]:
        """Those that a recipe calls, directly or not, each in one version, which is in every range that asks for it.

        Another choice for one of them may call others, in other ranges: it is chosen again until nothing changes.
        """
        chosen: dict[str, PublishedRecipe] = {}
        for _ in range(MOST_CHOICES):
            wanted = _wanted(recipe, chosen)
            found = {name: one for name, ranges in wanted.items() if (one := self._newest(name, ranges)) is not None}
            if found == chosen:
                break
            chosen = found
        return chosen

    def _newest(self, name: str, ranges: Iterable[Range]) -> PublishedRecipe | None:
        fitting = (
            one for one in self._families.get(name, ()) if all(wanted.contains(one.version) for wanted in ranges)
        )
        return next(fitting, None)


def _wanted(recipe: Recipe, chosen: Mapping[str, PublishedRecipe]) -> dict[str, list[Range]]:
    """The recipes that one calls, with those that these call, and the ranges; one that is none fits nothing."""
    wanted: dict[str, list[Range]] = {}
    callers, seen = [recipe], set[str]()
    for one in callers:
        for name, versions in one.calls:
            if name in recipe.processes or name in one.processes:
                continue
            wanted.setdefault(name, []).append(range_of(versions))
            if name in chosen and name not in seen:
                seen.add(name)
                callers.append(chosen[name].recipe)
    return wanted


def range_of(versions: str | None) -> Range:
    """The range of a call; one that cannot be read holds no version."""
    try:
        return Range.parse(versions or ANY)
    except InvalidVersion:
        return NOTHING


class RecipeBook:
    """The published recipes of all tenants."""

    def __init__(self, store: Store) -> None:
        """Read recipes from this store."""
        self._store = store
        self._versions: dict[tuple[str, str], PublishedRecipe] = {}
        self._cache: ReferenceCache[PublishedRecipes] = ReferenceCache(store, COLLECTION, self._published)

    def invalidate(self) -> None:
        """Recipes have changed, or may have."""
        self._cache.invalidate()

    async def playable(
        self, tenant: str, name: str, version: str, called: Mapping[str, str] | None = None
    ) -> Playable | None:
        """One version, ready to be run (`RecipeSource`): also one that was retired while its runs went on.

        Raises:
            Unavailable: the database cannot be reached.
        """
        main = await self._version(tenant, name, version)
        if main is None:
            return None
        if called is None:
            called = (await self.of(tenant)).called_by(main.recipe)
        others = {other: await self._version(tenant, other, of) for other, of in called.items()}
        found = {other: one for other, one in others.items() if one is not None}
        forms: dict[str, Any] = {}
        tables: dict[str, Mapping[str, Any]] = {}
        for one in (*found.values(), main):
            forms |= {form["name"]: form["schema"] for form in one.body.get("form") or ()}
            tables |= {table["name"]: table for table in one.body.get("decisionTable") or ()}
        decisions = await aside(RecipeDecisions, tables.values()) if tables else None
        recipe = main.recipe.linked({other: one.recipe for other, one in found.items()})
        if recipe.unlinked:
            return None
        return Playable(recipe, called, forms, decisions.decide if decisions else None)

    async def _version(self, tenant: str, name: str, version: str) -> PublishedRecipe | None:
        """A version that was published once: it never changes, so it is read once."""
        key = f"{name}:{version}"
        known = self._versions.get((tenant, key))
        if known is None:
            stored = await self._store.get(COLLECTION, key, tenant=tenant)
            known = self._read(stored) if stored is not None and stored["state"] in ("published", "retired") else None
        return known

    def _published(self, documents: list[Document]) -> PublishedRecipes:
        found = (self._read(one) for one in documents if one["state"] == "published")
        return PublishedRecipes(one for one in found if one is not None)

    def _read(self, stored: Mapping[str, Any]) -> PublishedRecipe | None:
        """One as read, which is kept: reading a drawing anew with every change of another recipe is dear."""
        key = (stored["tenant"], stored["_id"])
        known = self._versions.get(key)
        if known is None or known.body != stored["body"]:
            known = as_published(stored)
            if known is not None:
                if len(self._versions) >= MOST_VERSIONS:
                    self._versions.pop(next(iter(self._versions)))
                self._versions[key] = known
        return known

    async def of(self, tenant: str) -> PublishedRecipes:
        """The published recipes of a tenant.

        Raises:
            Unavailable: the database cannot be reached.
        """
        return await self._cache.get(tenant)


def as_published(stored: Mapping[str, Any]) -> PublishedRecipe | None:
    """One as read; None where this version of the program cannot read it any more, which is told when it is used."""
    body = stored["body"]
    try:
        recipe = read_recipe(body["bpmn"])
    except InvalidRecipe:
        return None
    made = (stored["_id"], stored["name"], stored["version"], recipe, body, bindings_of(body))
    return PublishedRecipe(*made, stored["rev"], stored["updated"])
