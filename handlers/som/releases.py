"""Releases: packages of specifications and recipes, examined, installed, compared and taken back as one."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import orjson

from handlers.body import require_body
from handlers.conditions import etag, is_unchanged
from handlers.dependencies import Dependencies
from handlers.documents import load
from handlers.exchange import Reply, Request
from handlers.placing import new_order_check
from handlers.som.lists import AdminLists, Where, asked_fields, equals, one_of, one_reply, parameter
from handlers.som.times import shown
from handlers.validation import body_check
from models import recipe_bindings
from models.aside import aside
from models.domain.caller import Caller
from models.domain.errors import AlreadyExists, Conflict, InvalidRequest, NotFound
from models.domain.lifecycles import RELEASE
from models.domain.releases import recipes
from models.domain.releases.change import withdrawal
from models.domain.releases.difference import difference
from models.domain.releases.resource_specifications import allocating
from models.domain.violations import Violation
from models.release_examination import Examination, Examiner, Schemas, requiring
from models.release_parts import (
    RESOURCE_SPECIFICATIONS,
    Part,
    RecipePart,
    ResourceSpecificationPart,
    SpecificationPart,
)
from models.release_recipes import foreseen, left_behind, recipe_differences
from models.releases import COLLECTION, Releases

Document = dict[str, Any]

_TRIES = 4

_FILTERS: dict[str, Where] = {
    "name": equals("name"),
    "state": one_of("state", "state", sorted(RELEASE.states)),
}


class InvalidRelease(InvalidRequest):
    """The package cannot be installed."""

    code = "invalidRelease"

    def __init__(self, violations: Iterable[Violation]) -> None:
        """Name every violation: a package is mended as a whole."""
        super().__init__(list(violations))
        self.args = ("; ".join(str(violation) for violation in self.violations),)


class ReleaseHandlers:
    """Reads, examines, installs, compares and takes back releases."""

    def __init__(self, dependencies: Dependencies, lists: AdminLists) -> None:
        """Keep them in this store."""
        catalog = load("tmf633")
        specification = body_check(catalog, catalog.schema("ServiceSpecification_Create"))
        ours = load("som")
        resource_specification = body_check(ours, ours.schema("ResourceSpecification_Create"))
        schemas = Schemas(specification.check, resource_specification.check, new_order_check().check)
        self._lists = lists
        self._store = dependencies.store
        self._releases = Releases(dependencies.store, dependencies.clock)
        self._examiner = Examiner(
            dependencies.store, dependencies.clock, dependencies.patterns, schemas, dependencies.recipes
        )
        self._catalogue = dependencies.catalogue
        self._resource_catalogue = dependencies.resource_catalogue
        self._recipes = dependencies.recipes

    async def list(self, request: Request) -> Reply:
        """Answer releases, without what they hold."""
        return await self._lists.answer(request, COLLECTION, _FILTERS, lambda found: _shown(request, found))

    async def retrieve(self, request: Request) -> Reply:
        """Answer one, whole."""
        stored = await self._stored(request.caller, request.id)
        if is_unchanged(request, stored):
            return Reply(304, headers=[(b"etag", etag(stored["rev"]))])
        return self._reply(200, request, stored)

    async def preview(self, request: Request) -> Reply:
        """Answer what installing a package would do, and everything that stands against it."""
        found = await self._examiner.examine(request.caller, require_body(request))
        return Reply(200, orjson.dumps(await aside(_preview, found)))

    async def install(self, request: Request) -> Reply:
        """Install a package: all of it, or nothing. What is installed already is answered as it is."""
        asked_fields(request)  # refused before anything is stored
        caller = request.caller
        for _ in range(_TRIES):
            found = await self._examiner.examine(caller, require_body(request))
            _refuse(found)
            if not found.is_installed:
                try:
                    done = await self._releases.install(
                        caller, found.package, found.parts, found.present, found.installed
                    )
                except AlreadyExists:
                    continue
                if not done:
                    continue
                self._changed()
            reply = self._reply(201, request, await self._stored(caller, found.package.id))
            reply.headers.append((b"location", request.url(f"/release/{found.package.id}").encode()))
            return reply
        raise Conflict("Others change the catalogue or its releases all the time; please repeat the request.")

    async def roll_back(self, request: Request) -> Reply:
        """Take the installed version of a release back: the one before it is installed again."""
        asked_fields(request)
        caller = request.caller
        for _ in range(_TRIES):
            stored = await self._stored(caller, request.id)
            RELEASE.move(stored["state"], "rolledBack")
            former, parts = await self._withdrawal(caller, stored)
            with suppress(AlreadyExists):  # somebody was quicker with the first recipe for a specification
                if await self._releases.roll_back(caller, stored, former, parts):
                    self._changed()
                    return self._reply(200, request, await self._stored(caller, request.id))
        raise Conflict("Others change the catalogue or its releases all the time; please repeat the request.")

    async def compare(self, request: Request) -> Reply:
        """Answer what differs between a version and another one."""
        stored = await self._stored(request.caller, request.id)
        asked = parameter(request, "from") or stored.get("supersedes")
        other = await self._stored(request.caller, asked) if asked else None
        differing = await aside(_differences, other["body"] if other else {}, stored["body"])
        made = {"from": other["_id"] if other else None, "to": stored["_id"], **differing}
        return Reply(200, orjson.dumps(made))

    def _changed(self) -> None:
        self._catalogue.invalidate()
        self._resource_catalogue.invalidate()
        self._recipes.invalidate()

    async def _withdrawal(self, caller: Caller, stored: Document) -> tuple[Document | None, Sequence[Part]]:
        """What taking one back does.

        Raises:
            Conflict: it cannot be; every reason is listed.
        """
        before = stored.get("supersedes")
        former = await self._releases.get(caller.tenant, before) if before else None
        specifications = await self._releases.specifications(caller.tenant)
        bodies = {key: one["body"] for key, one in specifications.items()}
        change, reasons = withdrawal(stored["createdSpecification"], _moves(stored.get("moved")), bodies)
        kinds, more = await self._resource_specifications_withdrawn(caller, stored, change.after(bodies).values())
        reasons += more
        drawn, more = await self._recipes_withdrawn(caller, stored)
        installed = await self._releases.installed(caller.tenant)
        version = former["version"] if former else None
        reasons += [*more, *(f"{other} requires {stored['name']} {text}." for other, text in
                             sorted(requiring(stored["name"], version, installed)))]  # fmt: skip
        if reasons:
            raise Conflict(f"{stored['_id']} cannot be rolled back. {' '.join(reasons)}")
        return former, [SpecificationPart(change, specifications), kinds, drawn]

    async def _resource_specifications_withdrawn(
        self, caller: Caller, stored: Document, services: Iterable[Document]
    ) -> tuple[ResourceSpecificationPart, Sequence[str]]:
        """What taking one back does to resource specifications, and what stands against it.

        Args:
            caller: who does it.
            stored: the release.
            services: the service specifications, as they will be.
        """
        known = await self._releases.specifications(caller.tenant, RESOURCE_SPECIFICATIONS)
        created, moves = (
            stored.get(name) for name in (ResourceSpecificationPart.created, ResourceSpecificationPart.moved)
        )
        bodies = {key: one["body"] for key, one in known.items()}
        change, reasons = withdrawal(created or (), _moves(moves), bodies, allocating(services))
        return ResourceSpecificationPart(change, known), reasons

    async def _recipes_withdrawn(self, caller: Caller, stored: Document) -> tuple[RecipePart, Sequence[str]]:
        """What taking one back does to recipes, and what stands against it."""
        latches = await recipe_bindings.seen(self._store, caller.tenant)
        moves = _moves(stored.get("movedRecipe"))
        again = [key for key, (_, before) in moves.items() if before == recipes.PUBLISHED]
        known = await self._releases.recipes(caller.tenant, again)
        change, reasons = recipes.withdrawal(stored.get("createdRecipe") or (), moves, known)
        if change.moved:
            self._recipes.invalidate()  # what this process knows may be a moment old
            published = await self._recipes.of(caller.tenant)
            after = await aside(foreseen, published, change, known)
            reasons += left_behind(published, after)
        return RecipePart(change, known, latches), reasons

    async def _stored(self, caller: Caller, key: str) -> Document:
        stored = await self._releases.get(caller.tenant, key)
        if stored is None:
            raise NotFound(f"There is no release with the id {key[:100]!r}.")
        return stored

    @staticmethod
    def _reply(status: int, request: Request, stored: Document) -> Reply:
        body = {**_shown(request, stored), **{name: stored["body"][name] for name in _HELD if name in stored["body"]}}
        return one_reply(request, body, [(b"etag", etag(stored["rev"]))], status)


_HELD = ("serviceSpecification", "recipe", "check", RESOURCE_SPECIFICATIONS)


def _shown(request: Request, stored: Document) -> Document:
    key = stored["_id"]
    shown_body: Document = {
        "id": key,
        "href": request.url(f"/release/{key}"),
        "state": stored["state"],
        **{name: value for name, value in stored["body"].items() if name not in _HELD},
        "specification": [_reference(one) for one in stored["body"]["serviceSpecification"]],
        "moved": stored["moved"],
        "resourceSpecificationVersion": [_reference(one) for one in stored["body"].get(RESOURCE_SPECIFICATIONS) or ()],
        "movedResourceSpecification": stored.get("movedResourceSpecification") or [],
        "recipeVersion": [_reference(one) for one in stored["body"].get("recipe") or ()],
        "movedRecipe": stored.get("movedRecipe") or [],
        "createdDate": shown(stored["created"]),
        "lastUpdate": shown(stored["updated"]),
    }
    if stored.get("supersedes"):
        shown_body["supersedes"] = {"id": stored["supersedes"], "href": request.url(f"/release/{stored['supersedes']}")}
    return shown_body


def _refuse(found: Examination) -> None:
    """Refuse a package against which something stands.

    Raises:
        AlreadyExists: this version is there with another content, and nothing else is wrong.
        InvalidRelease: everything that is wrong.
    """
    match found.violations:
        case []:
            return
        case [Violation(pointer="/version", code="versionTaken", message=message)]:
            raise AlreadyExists(message)
        case violations:
            raise InvalidRelease(violations)


def _reference(body: Document) -> Document:
    return {name: body[name] for name in ("id", "name", "version") if name in body}


def _moves(stored: Iterable[Document] | None) -> dict[str, tuple[str, str]]:
    return {one["id"]: (one["to"], one["from"]) for one in stored or ()}


def _moved(moves: Mapping[str, tuple[str, str]]) -> list[Document]:
    return [{"id": key, "to": to, "from": before} for key, (to, before) in moves.items()]


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Document:
    specifications, drawn, kinds = (
        [one.get(name) or () for one in (before, after)]
        for name in ("serviceSpecification", "recipe", RESOURCE_SPECIFICATIONS)
    )
    return {
        "specification": difference(*specifications),
        "resourceSpecification": difference(*kinds),
        "recipe": recipe_differences(*drawn),
    }


def _preview(found: Examination) -> Document:
    package, change, drawn, former = found.package, found.change, found.recipe_change, found.former
    kinds = found.resource_change
    differing = _differences(former["body"] if former else {}, package.body)
    return {
        "id": package.id,
        "valid": not found.violations,
        "installed": found.is_installed,
        "violation": [{"pointer": one.pointer, "code": one.code, "message": one.message} for one in found.violations],
        "supersedes": former["_id"] if former else None,
        "created": [_reference(body) for body in change.created],
        "moved": _moved(change.moved),
        "unchanged": list(change.unchanged),
        "difference": differing["specification"],
        "createdResourceSpecification": [_reference(body) for body in kinds.created],
        "movedResourceSpecification": _moved(kinds.moved),
        "unchangedResourceSpecification": list(kinds.unchanged),
        "resourceSpecificationDifference": differing["resourceSpecification"],
        "createdRecipe": [_reference(body) for body in drawn.created],
        "movedRecipe": _moved(drawn.moved),
        "unchangedRecipe": list(drawn.unchanged),
        "recipeDifference": differing["recipe"],
        "check": [{"name": name, **plan} for name, plan in found.plans.items()],
    }
