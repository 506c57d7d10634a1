"""Recipes: drawn, looked at, tried, published and compared, version by version."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from handlers.body import require_body
from handlers.conditions import check_if_match, etag, is_unchanged
from handlers.dependencies import Dependencies
from handlers.exchange import Reply, Request
from handlers.som.lists import AdminLists, Where, asked_fields, equals, one_of, one_reply, parameter
from handlers.som.recipe_bodies import examination_body, recipe_body
from models import recipe_bindings
from models.aside import aside
from models.domain.caller import Caller
from models.domain.errors import AlreadyExists, Conflict, InvalidRequest
from models.domain.fulfilment import ACTIONS
from models.domain.lifecycles import RECIPE
from models.domain.recipes.difference import difference
from models.domain.recipes.model import Recipe
from models.domain.releases.versions import InvalidVersion, Version
from models.domain.violations import Violation
from models.recipe_examination import RecipeExaminer, cases_of, content_violations, given_cases
from models.recipe_sources import converted, drawn, redrawn
from models.recipe_versions import COLLECTION, RecipeVersions
from models.recipes import InvalidRecipe, read_recipe
from models.transactions import write_all

Document = dict[str, Any]

_TRIES = 8

_FILTERS: dict[str, Where] = {
    "name": equals("name"),
    "state": one_of("state", "state", sorted(RECIPE.states)),
    "specification": equals("body.binding.specification"),
    "action": one_of("body.binding.action", "action", ACTIONS),
}


class NotPublishable(Conflict):
    """The recipe cannot be published as it is."""

    code = "recipeNotPublishable"

    def __init__(self, key: str, objections: Iterable[str]) -> None:
        """Name everything that stands against it: a recipe is mended as a whole."""
        super().__init__("\n".join([f"{key} cannot be published:", *objections]))


class RecipeHandlers:
    """Keeps recipes, and moves them along their life."""

    def __init__(self, dependencies: Dependencies, lists: AdminLists) -> None:
        """Keep them in this store."""
        self._lists = lists
        self._store = dependencies.store
        self._book = dependencies.recipes
        self._versions = RecipeVersions(dependencies.store, dependencies.clock)
        self._examiner = RecipeExaminer(dependencies.store, dependencies.recipes)

    async def list(self, request: Request) -> Reply:
        """Answer recipes, without what is drawn."""
        return await self._lists.answer(
            request, COLLECTION, _FILTERS, lambda found: recipe_body(request, found, whole=False)
        )

    async def retrieve(self, request: Request) -> Reply:
        """Answer one, whole."""
        stored = await self._stored(request)
        if is_unchanged(request, stored):
            return Reply(304, headers=[(b"etag", etag(stored["rev"]))])
        return _reply(200, request, stored)

    async def create(self, request: Request) -> Reply:
        """Make a draft."""
        asked_fields(request)  # refused before anything is stored
        body = await aside(drawn, require_body(request))
        _check_content(body)
        stored = await self._versions.create(request.caller, body)
        reply = _reply(201, request, stored)
        reply.headers.append((b"location", request.url(f"/recipe/{stored['_id']}").encode()))
        return reply

    async def patch(self, request: Request) -> Reply:
        """Change a draft by a merge patch."""
        asked_fields(request)
        patch = await aside(redrawn, require_body(request))
        _check_content(patch)
        stored = await self._versions.change(
            request.caller, request.id, patch, lambda found: check_if_match(request, found)
        )
        return _reply(200, request, stored)

    async def delete(self, request: Request) -> Reply:
        """Remove a draft."""
        await self._versions.delete(request.caller, request.id, lambda found: check_if_match(request, found))
        return Reply(204)

    async def review(self, request: Request) -> Reply:
        """Put a draft up for review."""
        return await self._step(request, "inReview")

    async def give_back(self, request: Request) -> Reply:
        """Give a recipe in review back to its author."""
        return await self._step(request, "draft")

    async def retire(self, request: Request) -> Reply:
        """Let nothing new begin with a published recipe."""
        reply = await self._step(request, "retired")
        self._book.invalidate()
        return reply

    async def publish(self, request: Request) -> Reply:
        """Publish a recipe in review whose checks and test cases say that it can be run."""
        asked_fields(request)
        why = require_body(request).get("why")
        for _ in range(_TRIES):
            known = await recipe_bindings.seen(self._store, request.caller.tenant)  # before looking what is published
            stored = await self._stored(request)
            check_if_match(request, stored)
            RECIPE.move(stored["state"], "published")
            await self._refuse(request.caller, stored)
            if await self._published(request.caller, stored, why, known):
                self._book.invalidate()
                return _reply(200, request, await self._stored(request))
        raise Conflict("Others change this recipe all the time; please repeat the request.")

    async def _published(self, caller: Caller, stored: Document, why: str | None, known: recipe_bindings.Seen) -> bool:
        """Publish a version as it was read; False where it, or what is published for the same, has changed since."""
        turning = recipe_bindings.turning(caller.tenant, [stored["body"]], known)
        try:
            return await write_all(self._store, [self._versions.moving(caller, stored, "published", why), *turning])
        except AlreadyExists:  # somebody was quicker with the first one for a specification
            return False

    async def compare(self, request: Request) -> Reply:
        """Answer what differs between a version and another one."""
        stored = await self._stored(request)
        asked = parameter(request, "from") or await self._former(request.caller, stored)
        other = await self._versions.get(request.caller.tenant, asked) if asked else None
        before = other["body"] if other else None
        made = {
            "from": asked or None,
            "to": stored["_id"],
            "difference": await aside(_difference, before, stored["body"]),
        }
        return Reply(200, orjson.dumps(made))

    async def try_out(self, request: Request) -> Reply:
        """Run a version with simulated answers: its test cases, or a case that is given."""
        given = require_body(request).get("case")
        stored = await self._stored(request)
        body = stored["body"]
        cases = cases_of(body) if given is None else given_cases([given], "/case")
        found = await self._examiner.try_out(request.caller.tenant, body, cases or given_cases([{}], "/case"))
        return Reply(200, orjson.dumps(examination_body(found)))

    async def check_drawing(self, request: Request) -> Reply:
        """Say what is wrong with a drawing that is stored nowhere yet."""
        body = await aside(drawn, require_body(request))
        _check_content(body)
        return Reply(200, orjson.dumps(examination_body(await self._examiner.check(request.caller.tenant, body))))

    async def convert(self, request: Request) -> Reply:
        """Answer a recipe both as a drawing, laid out where it was not, and as YAML."""
        return Reply(200, orjson.dumps(await aside(converted, require_body(request))))

    async def try_drawing(self, request: Request) -> Reply:
        """Run a drawing that is stored nowhere yet, with simulated answers."""
        body = await aside(drawn, require_body(request))
        cases = given_cases([body.get("case") or {}], "/case")
        found = await self._examiner.try_out(request.caller.tenant, body, cases)
        return Reply(200, orjson.dumps(examination_body(found)))

    async def _refuse(self, caller: Caller, stored: Mapping[str, Any]) -> None:
        """Refuse to publish what something stands against.

        Raises:
            NotPublishable: everything that does.
        """
        body = stored["body"]
        found = await self._examiner.try_out(caller.tenant, body, cases_of(body))
        objections = [*found.objections(), *await self._examiner.taken(caller.tenant, body)]
        if objections:
            raise NotPublishable(stored["_id"], objections)

    async def _step(self, request: Request, to: str) -> Reply:
        asked_fields(request)
        why = require_body(request).get("why")
        stored = await self._versions.step(
            request.caller, request.id, to, why, lambda found: check_if_match(request, found)
        )
        return _reply(200, request, stored)

    async def _former(self, caller: Caller, stored: Mapping[str, Any]) -> str | None:
        """The version before: the highest one below, published ones first."""
        bound = Version.parse(stored["version"])
        known = await self._versions.of_name(caller.tenant, stored["name"])
        below = [one for one in known if Version.parse(one["version"]) < bound]
        ranked = max(below, default=None, key=lambda one: (one["state"] == "published", Version.parse(one["version"])))
        return None if ranked is None else str(ranked["_id"])

    async def _stored(self, request: Request) -> Document:
        return await self._versions.get(request.caller.tenant, request.id)


def _check_content(body: Mapping[str, Any]) -> None:
    found = list(content_violations(body))
    try:
        Version.parse(body.get("version", "1.0.0"))
    except InvalidVersion as error:
        found.append(Violation("/version", "invalidVersion", str(error)))
    if found:
        raise InvalidRequest(found)


def _difference(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[Document]:
    old = _read(before["bpmn"]) if before is not None else None
    return difference(before, after, old, _read(after["bpmn"]))


def _read(bpmn: str) -> Recipe | None:
    try:
        return read_recipe(bpmn)
    except InvalidRecipe:
        return None


def _reply(status: int, request: Request, stored: Mapping[str, Any]) -> Reply:
    body = recipe_body(request, stored, whole=True)
    return one_reply(request, body, [(b"etag", etag(stored["rev"]))], status)
