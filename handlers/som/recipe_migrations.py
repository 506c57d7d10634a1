"""Runs of recipes, moved to another version: which can be, and why others cannot."""

from typing import Any

import orjson

from handlers.body import require_body
from handlers.dependencies import Dependencies
from handlers.exchange import Reply, Request
from handlers.settings import HttpSettings
from handlers.som.lists import asked_fields
from handlers.som.plan_bodies import owner_body
from models.recipe_migrations import Looked, RecipeMigrations
from models.recipe_versions import RecipeVersions

Document = dict[str, Any]

PAGE = 100
"""Runs that are looked at where the request does not say how many."""


class RecipeMigrationHandlers:
    """Looks at runs of a version, and asks their plans to move them."""

    def __init__(self, dependencies: Dependencies, settings: HttpSettings) -> None:
        """Find them in this store."""
        self._settings = settings
        self._versions = RecipeVersions(dependencies.store, dependencies.clock)
        self._migrations = RecipeMigrations(dependencies.store, dependencies.clock, dependencies.recipes)

    async def create(self, request: Request) -> Reply:
        """Say of each run whether it can be moved, and move it where no mere preview is asked for.

        Raises:
            NotFound: there is no such version.
            Conflict: the other version is not published.
        """
        asked_fields(request)
        body, tenant = require_body(request), request.caller.tenant
        stored = await self._versions.get(tenant, request.id)
        total, found = await self._migrations.look(
            tenant,
            (stored["name"], stored["version"]),
            body["to"],
            body.get("run"),
            offset=body.get("offset", 0),
            limit=body.get("limit", PAGE),
            seconds=self._settings.query_seconds,
        )
        preview = body.get("preview", False)
        if not preview:
            found = await self._migrations.ask(request.caller, found, body["to"], body.get("why"))
        made = {
            "from": stored["version"],
            "to": body["to"],
            "preview": preview,
            "total": total,
            "run": [_looked(request, one) for one in found],
        }
        return Reply(200 if preview else 202, orjson.dumps(made))


def _looked(request: Request, one: Looked) -> Document:
    key = f"{one.plan['_id']}:{one.task}"
    return {
        "id": key,
        "href": request.url(f"/recipeRun/{key}"),
        "owner": owner_body(request, one.plan["owner"]),
        "possible": not one.against,
        "asked": one.asked,
        "obstacle": [problem.to_document() for problem in one.against],
    }
