"""Runs of recipes, read: which there are, and what one has made of each element of its drawing."""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from handlers.dependencies import Dependencies
from handlers.exchange import Reply, Request
from handlers.settings import HttpSettings
from handlers.som.lists import AdminLists, Where, asked_fields, equals, flag, list_reply, narrowed, one_of
from handlers.som.recipe_run_bodies import full_run_body, listed_run_body
from models.domain.errors import NotFound
from models.plan_reading import picture
from models.recipe_run_reading import STATUSES, page_of_runs, task_flows_of

Document = dict[str, Any]

_FILTERS: Mapping[str, Where] = {
    "recipe": equals("recipe"),
    "version": equals("version"),
    "status": one_of("status", "status", STATUSES),
    "plan": equals("plan"),
    "held": flag("held", "held"),
}


class RecipeRuns:
    """Reads runs of recipes."""

    def __init__(self, dependencies: Dependencies, settings: HttpSettings, lists: AdminLists) -> None:
        """Read from this store."""
        self._store = dependencies.store
        self._settings = settings
        self._lists = lists

    async def list(self, request: Request) -> Reply:
        """Answer runs, those of the newest plans first."""
        query = self._lists.parse(request, _FILTERS)
        play = {name: value for name, value in query.where.items() if name != "plan"}
        total, found = await page_of_runs(
            self._store,
            request.caller.tenant,
            play,
            {"_id": query.where["plan"]} if "plan" in query.where else {},
            offset=query.offset,
            limit=query.limit,
            seconds=self._settings.query_seconds,
        )
        return list_reply(request, query, total, [listed_run_body(request, plan, task) for plan, task in found])

    async def retrieve(self, request: Request) -> Reply:
        """Answer one run, whole. Its tag is that of what is answered, for a run is told by several documents."""
        tenant = request.caller.tenant
        plan_id, _, task = request.id.rpartition(":")
        stored = await self._store.get("plan", plan_id, tenant=tenant)
        if stored is None or task not in stored.get("recipes", {}):
            raise NotFound(f"There is no run of a recipe with the id {request.id[:200]!r}.")
        flows = await task_flows_of(self._store, plan_id, tenant)
        body = full_run_body(request, await picture(self._store, stored), task, flows)
        answer = orjson.dumps(narrowed(body, asked_fields(request)))
        tag = f'"{hashlib.sha256(answer).hexdigest()[:24]}"'
        headers = [(b"etag", tag.encode())]
        if _names(request.header(b"if-none-match"), tag):
            return Reply(304, headers=headers)
        return Reply(200, answer, headers)


def _names(given: str | None, tag: str) -> bool:
    return given is not None and any(part.strip().removeprefix("W/") in ("*", tag) for part in given.split(","))
