"""A release package looked at as a whole, before anything is installed: everything that is wrong with it, and where."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from models.aside import aside, aside_if_big
from models.catalogue import Reference
from models.clock import Clock
from models.domain.caller import Caller
from models.domain.draft import Unplannable
from models.domain.errors import InvalidRequest
from models.domain.order_check import check_order
from models.domain.order_items import items_of
from models.domain.patterns import PatternEngine
from models.domain.pointers import pointer
from models.domain.publishing import check_publishable
from models.domain.releases import recipes
from models.domain.releases.change import NOTHING, CatalogueChange, installation
from models.domain.releases.coverage import capability_of
from models.domain.releases.expectations import Picture, picture, unexpected
from models.domain.releases.package import Package, read_package, same_content
from models.domain.releases.versions import InvalidVersion, Version
from models.domain.resource_specification import check_resource_specification
from models.domain.selection import Selection
from models.domain.specification import Specification
from models.domain.violations import Violation
from models.foresight import ForeseenCatalogue, ForeseenInventory, ForeseenResourceCatalogue
from models.planning import load_relations, load_surface, plan_order
from models.reading import reading
from models.recipe_bindings import Seen, seen
from models.recipe_book import RecipeBook
from models.registrations import registered
from models.release_parts import (
    RESOURCE_SPECIFICATIONS,
    SPECIFICATIONS,
    Part,
    RecipePart,
    ResourceSpecificationPart,
    SpecificationPart,
)
from models.release_recipes import RecipesLook, foreseen, unreadable, with_drawings
from models.releases import Releases
from models.store import Store

Body = dict[str, Any]
Document = dict[str, Any]
Check = Callable[[Body], None]
"""Puts the dates of a body into their one form; raises InvalidRequest for one that does not follow its schema."""


@dataclass(frozen=True, slots=True)
class Schemas:
    """The schemas of what a package holds."""

    specification: Check
    resource_specification: Check
    order: Check


@dataclass(slots=True)
class Examination:
    """What came of looking at a package.

    Attributes:
        package: as read.
        violations: everything that stands against installing it; pointers are into the package.
        change: what installing it would do to the catalogue.
        resource_change: what it would do to resource specifications.
        recipe_change: what it would do to recipes.
        specifications: the catalogue that this was worked out from, by id.
        resource_specifications: the resource specifications likewise.
        recipes: the recipes likewise.
        installed: the installed releases by name.
        present: this very version, where it was installed before.
        latches: of what recipes are bound to, as they stood before all of this was read.
        plans: by the name of the check the plan that its order leads to.
    """

    package: Package
    violations: list[Violation]
    specifications: dict[str, Document]
    resource_specifications: dict[str, Document]
    recipes: dict[str, Document]
    installed: dict[str, Document]
    present: Document | None
    latches: Seen
    change: CatalogueChange = NOTHING
    resource_change: CatalogueChange = NOTHING
    recipe_change: CatalogueChange = NOTHING
    plans: dict[str, Picture] = field(default_factory=dict)

    @property
    def parts(self) -> list[Part]:
        """All that installing it would do, to be written."""
        return [
            SpecificationPart(self.change, self.specifications),
            ResourceSpecificationPart(self.resource_change, self.resource_specifications),
            RecipePart(self.recipe_change, self.recipes, self.latches),
        ]

    @property
    def former(self) -> Document | None:
        """The installed version that this one would take the place of."""
        found = self.installed.get(self.package.name)
        return found if found is not None and found["_id"] != self.package.id else None

    @property
    def is_installed(self) -> bool:
        """Whether this very version is installed, so that nothing is left to do."""
        return self.present is not None and self.present["state"] == "installed"


class Examiner:
    """Examines packages."""

    def __init__(
        self, store: Store, clock: Clock, patterns: PatternEngine, schemas: Schemas, recipes: RecipeBook
    ) -> None:
        """Examine them against this store, and the recipes in this book."""
        self._store = store
        self._recipes = recipes
        self._clock = clock
        self._patterns = patterns
        self._schemas = schemas
        self._releases = Releases(store, clock)

    async def examine(self, caller: Caller, body: Body) -> Examination:
        """Look at a package, which follows its schema.

        Raises:
            Unavailable: the database cannot be reached.
        """
        body, undrawn = await aside(with_drawings, body)
        package, violations = read_package(body)
        violations += undrawn
        latches = await seen(self._store, caller.tenant)
        found = Examination(
            package,
            violations,
            await self._releases.specifications(caller.tenant),
            await self._releases.specifications(caller.tenant, RESOURCE_SPECIFICATIONS),
            await self._releases.recipes(caller.tenant, [str(one["id"]) for one in package.recipes]),
            await self._releases.installed(caller.tenant),
            await self._releases.get(caller.tenant, package.id),
            latches,
        )
        for schema, name, bodies in (
            (self._schemas.specification, SPECIFICATIONS, package.specifications),
            (self._schemas.resource_specification, RESOURCE_SPECIFICATIONS, package.resource_specifications),
        ):
            for index, specification in enumerate(bodies):
                await self._follow(schema, specification, pointer(name, index), found)
        for index, check in enumerate(package.checks):
            await self._follow(self._schemas.order, check["order"], pointer("check", index, "order"), found)
        found.violations += await aside(unreadable, package)
        if found.violations:
            return found  # what does not follow its schema cannot be looked at any further
        await self._look(caller, found)
        return found

    async def _follow(self, schema: Check, body: Body, at: str, found: Examination) -> None:
        try:
            await aside_if_big(len(orjson.dumps(body)), schema, body)
        except InvalidRequest as refusal:
            found.violations += _below(at, refusal.violations)

    async def _look(self, caller: Caller, found: Examination) -> None:
        package = found.package
        found.violations += _version(found)
        former = found.former.get("body", {}) if found.former else {}
        bodies, replaced = _as_before(found.specifications, former, SPECIFICATIONS)
        found.change, taken = installation(package.specifications, bodies, replaced)
        found.violations += [*taken, *_requirements(found)]
        after = found.change.after(bodies)
        bodies, replaced = _as_before(found.resource_specifications, former, RESOURCE_SPECIFICATIONS)
        found.resource_change, taken = installation(
            package.resource_specifications, bodies, replaced, RESOURCE_SPECIFICATIONS
        )
        found.violations += [*taken, *self._resources_published(package)]
        resources = ForeseenResourceCatalogue(self._store, self._patterns, found.resource_change.after(bodies).values())
        replaced = [one["id"] for one in former.get("recipe", ())]
        found.recipe_change, taken = recipes.installation(package, found.recipes, replaced, after)
        found.violations += taken
        self._recipes.invalidate()  # what this process knows may be a moment old
        published = await self._recipes.of(caller.tenant)
        if not taken:
            published = await aside(foreseen, published, found.recipe_change, found.recipes)
        catalogue = ForeseenCatalogue(self._store, self._patterns, after.values(), published)
        for index, body in enumerate(package.specifications):
            at = pointer("serviceSpecification", index)
            found.violations += _below(at, await self._published(caller, body, catalogue, resources))
        if found.violations:
            return  # a plan is made of what can be published
        selection = await registered(self._store, caller.tenant)
        found.violations += await self._needs(caller, package, catalogue, selection)
        found.violations += await self._drawn(caller, RecipesLook(package, published, selection), catalogue)
        for index, check in enumerate(package.checks):
            found.violations += await self._checked(caller, check, pointer("check", index), catalogue, found)

    async def _drawn(self, caller: Caller, look: RecipesLook, catalogue: ForeseenCatalogue) -> list[Violation]:
        named = {name: await _named(caller, name, catalogue) for name in await aside(look.named)}
        return await look.violations(named)

    async def _published(
        self, caller: Caller, body: Body, catalogue: ForeseenCatalogue, resources: ForeseenResourceCatalogue
    ) -> list[Violation]:
        snapshot = await load_relations(caller, body, catalogue, self._clock.text())
        allocated = await resources.allocated_by(caller.tenant, body)
        size = len(orjson.dumps(body))
        return await aside_if_big(size, check_publishable, body, self._patterns, snapshot.specification, allocated)

    def _resources_published(self, package: Package) -> Iterator[Violation]:
        for index, body in enumerate(package.resource_specifications):
            at = pointer(RESOURCE_SPECIFICATIONS, index)
            yield from _below(at, check_resource_specification(body, self._patterns))

    async def _needs(
        self, caller: Caller, package: Package, catalogue: ForeseenCatalogue, selection: Selection
    ) -> list[Violation]:
        found = []
        for index, need in enumerate(package.needs):
            if need.pool is not None and not await self._has_pool(caller, need.pool):
                text = f"There is no resource pool {need.pool!r}."
                found.append(Violation(pointer("needs", index, "pool"), "missingPool", text))
            if need.specification is None:
                continue
            known = await _named(caller, need.specification, catalogue)
            if not selection.fits(capability_of(need.specification, need.action, known)):
                text = f"No registered fulfiller can do {need.action} of {need.specification}."
                found.append(Violation(pointer("needs", index), "missingCapability", text))
        return found

    async def _has_pool(self, caller: Caller, pool: str) -> bool:
        with reading():
            wanted = {"tenant": caller.tenant, "$or": [{"_id": pool}, {"body.name": pool}]}
            return await self._store.collection("resourcePool").find_one(wanted, {"_id": 1}) is not None

    async def _checked(
        self, caller: Caller, check: Body, at: str, catalogue: ForeseenCatalogue, found: Examination
    ) -> list[Violation]:
        """Try a sample order on the catalogue as it will be, and an inventory of what the check says."""
        inventory = ForeseenInventory(self._store, check.get("service") or ())
        order, now = check["order"], self._clock.text()
        refused = check_order(order, await load_surface(caller, items_of(order), catalogue, inventory, now))
        if refused:
            return _below(f"{at}/order", refused)
        try:
            plan, _ = await plan_order(f"check {check['name']}", caller, order, catalogue, inventory, now)
        except Unplannable as refusal:
            return _below(f"{at}/order", refusal.violations)
        found.plans[check["name"]] = seen = picture(plan)
        return list(unexpected(check.get("expect") or {}, seen, f"{at}/expect"))


async def _named(caller: Caller, name: str, catalogue: ForeseenCatalogue) -> Specification | None:
    """The specification of this id, or else of this name."""
    known = await catalogue.compiled(caller.tenant, Reference(name))
    return known or await catalogue.compiled(caller.tenant, Reference(name=name))


def _as_before(
    stored: Mapping[str, Document], former: Mapping[str, Any], attribute: str
) -> tuple[dict[str, Body], list[str]]:
    """What there is of a kind, by id, and the ids of those that the version before this one holds."""
    bodies = {key: one["body"] for key, one in stored.items()}
    return bodies, [one["id"] for one in former.get(attribute, ())]


def _below(at: str, violations: Iterable[Violation]) -> list[Violation]:
    return [Violation(f"{at}{one.pointer}", one.code, one.message) for one in violations]


def _version(found: Examination) -> Iterator[Violation]:
    package, former = found.package, found.former
    if found.present is not None and not same_content(found.present["body"], package.body):
        text = f"Version {package.version} of {package.name} was installed with another content; give it a new version."
        yield Violation("/version", "versionTaken", text)
    if former is not None and Version.parse(former["version"]) > Version.parse(package.version):
        text = f"{former['_id']} is installed, which is newer; to get an older version back, roll it back."
        yield Violation("/version", "notNewer", text)


def _requirements(found: Examination) -> Iterator[Violation]:
    package = found.package
    for index, requirement in enumerate(package.requires):
        one, at = found.installed.get(requirement.name), pointer("requires", index)
        wanted = f"{requirement.name} {requirement.version.text}"
        if one is None:
            yield Violation(at, "missingRelease", f"It requires {wanted}, which is not installed.")
        elif not requirement.version.contains(one["version"]):
            yield Violation(at, "missingRelease", f"It requires {wanted}; {one['version']} is installed.")
    for other, text in sorted(requiring(package.name, package.version, found.installed)):
        yield Violation("/version", "requiredOtherwise", f"{other} requires {package.name} {text}.")


def requiring(name: str, version: str | None, installed: Mapping[str, Document]) -> Iterator[tuple[str, str]]:
    """Which installed releases require one in a version that this one is not, and which they require.

    Args:
        name: of the release.
        version: that it will have; None where it will not be installed at all.
        installed: the installed releases by name.
    """
    for one in installed.values():
        for requirement in read_package(one["body"])[0].requires:
            if requirement.name != name or one["name"] == name:
                continue
            try:
                fits = version is not None and requirement.version.contains(version)
            except InvalidVersion:
                fits = False
            if not fits:
                yield one["_id"], requirement.version.text
