"""What installing a release, or taking it back, does to recipes. Pure: from documents to a list of moves."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from models.domain.pointers import pointer
from models.domain.recipes.binding import bindings_of
from models.domain.releases.change import CatalogueChange, is_orderable
from models.domain.releases.package import Body, Package
from models.domain.releases.versions import InvalidVersion, Version
from models.domain.violations import Violation

Documents = Mapping[str, Mapping[str, Any]]
"""Versions of recipes as they are stored, by id: name, version, state, and as much of the body as was read."""

PUBLISHED, RETIRED = "published", "retired"


def installation(
    package: Package, known: Documents, former: Iterable[str], catalogue: Mapping[str, Body]
) -> tuple[CatalogueChange, list[Violation]]:
    """Return what installing a package does to recipes, and what stands against it.

    The versions that others replace stay published: of two that are for the same the newer one is taken, and services
    are changed and deleted by the recipe of the version that they were built from. Only a recipe that the package does
    not hold any more, and that new orders would still be carried out by, is retired.

    Args:
        package: to be installed.
        known: all recipes; those with the identity of one of the package with their whole bodies.
        former: ids of the recipes of the version that it replaces.
        catalogue: all specifications by id, as they will be.
    """
    own = {str(body["id"]): body for body in package.recipes}
    names = {body["name"] for body in package.recipes}
    moved: dict[str, tuple[str, str]] = {}
    for key in sorted(set(former) - own.keys()):
        stored = known.get(key)
        if stored is None or stored["state"] != PUBLISHED or stored["name"] in names:
            continue
        if _is_for_orders(stored["body"], catalogue.values()):
            moved[key] = (RETIRED, PUBLISHED)
    moved |= {key: (PUBLISHED, RETIRED) for key in own if key in known and known[key]["state"] == RETIRED}
    created = tuple(body for key, body in own.items() if key not in known)
    unchanged = tuple(key for key in own if key in known and key not in moved)
    return CatalogueChange(created, moved, unchanged), [*_taken(package, known), *_aimless(package, catalogue.values())]


def withdrawal(
    created: Iterable[str], moved: Mapping[str, tuple[str, str]], known: Documents
) -> tuple[CatalogueChange, list[str]]:
    """Return what taking back an installation does to recipes, and the sentences that say why it cannot be.

    Args:
        created: ids that it has published.
        moved: the moves that it has made.
        known: all recipes, as they are now.
    """
    back = {key: (RETIRED, PUBLISHED) for key in sorted(created) if key in known and known[key]["state"] == PUBLISHED}
    for key, (to, before) in moved.items():
        # Whoever has moved it since then had a reason, which is not ours to undo.
        if key in known and known[key]["state"] == to:
            back[key] = (before, to)
    reasons = [f"The recipe {key}, which would have to be published again, is not there any more."
               for key, (_, before) in sorted(moved.items()) if before == PUBLISHED and key not in known]  # fmt: skip
    return CatalogueChange((), back, ()), reasons


def _is_for_orders(body: Mapping[str, Any], catalogue: Iterable[Body]) -> bool:
    """Whether a recipe is for an action on something that can be ordered."""
    bindings = bindings_of(body)
    return any(
        binding.fits(str(one.get("name")), one.get("version"), binding.action)
        for one in catalogue
        if is_orderable(one)
        for binding in bindings
    )


def _taken(package: Package, known: Documents) -> Iterator[Violation]:
    for index, body in enumerate(package.recipes):
        key, at = str(body["id"]), pointer("recipe", index, "version")
        stored = known.get(key)
        if stored is None:
            newer = _newer(body, known.values())
            if newer is not None:
                text = f"{newer} is published, which is newer, so that this one would never be taken."
                yield Violation(at, "notNewer", text)
        elif stored["body"] != body:
            text = f"There is {key!r} with another content, and a version never changes: give this one a new version."
            yield Violation(at, "versionTaken", text)
        elif stored["state"] not in (PUBLISHED, RETIRED):
            text = f"There is {key!r}, {stored['state']}: publish it or remove it first."
            yield Violation(at, "versionTaken", text)


def _newer(body: Body, known: Iterable[Mapping[str, Any]]) -> str | None:
    try:
        version = Version.parse(body["version"])
    except InvalidVersion:
        return None
    family = [one for one in known if one["name"] == body["name"] and one["state"] == PUBLISHED]
    newer = [one["version"] for one in family if Version.parse(one["version"]) > version]
    return f"{body['name']}:{max(newer, key=Version.parse)}" if newer else None


def _aimless(package: Package, catalogue: Iterable[Body]) -> Iterator[Violation]:
    """Yield bindings to specifications that neither the catalogue nor the package has."""
    versions: dict[str, list[str | None]] = {}
    for one in catalogue:
        versions.setdefault(str(one.get("name")), []).append(one.get("version"))
    for index, body in enumerate(package.recipes):
        try:
            bindings = bindings_of(body)
        except InvalidVersion:
            continue  # told already
        for number, binding in enumerate(bindings):
            known = versions.get(binding.specification, ())
            if not any(binding.fits(binding.specification, version, binding.action) for version in known):
                text = f"Neither the catalogue nor the package has a specification {binding.specification!r}"
                wanted = f" in the versions {binding.versions.text}" if known else ""
                at = pointer("recipe", index, "binding", number, "specification")
                yield Violation(at, "unknownSpecification", f"{text}{wanted}.")
