"""Plans and tasks, read."""

from dataclasses import replace
from typing import Any

from handlers.conditions import etag, is_unchanged
from handlers.dependencies import Dependencies
from handlers.exchange import Reply, Request
from handlers.settings import HttpSettings
from handlers.som.lists import AdminLists, equals, list_reply, one_of, one_reply
from handlers.som.plan_bodies import full_task_body, plan_body
from models.domain.errors import NotFound
from models.domain.lifecycles import TASK
from models.domain.plan import PlannedTask
from models.plan_reading import PlanPicture, picture
from models.reading import page, reading
from models.store import Store

Document = dict[str, Any]

# A page of whole plans is a lot to read and to write down; so many at most.
_MAX_PLANS = 100

_PLAN_FILTERS = {
    "state": one_of("state", "state", ("running", "cancelling", "done")),
    "order": equals("owner.id"),
}
_TASK_FILTERS = {
    "state": one_of("state", "state", sorted(TASK.states)),
    **{name: equals(name) for name in ("name", "item", "service", "fulfiller", "specification")},
}


class Plans:
    """Reads plans."""

    def __init__(self, dependencies: Dependencies, settings: HttpSettings, lists: AdminLists) -> None:
        """Read from this store."""
        self._store = dependencies.store
        self._settings = settings
        self._lists = lists

    async def list(self, request: Request) -> Reply:
        """Answer plans."""
        query = self._lists.parse(request, _PLAN_FILTERS)
        query = replace(query, limit=min(query.limit, _MAX_PLANS))
        total, documents = await page(
            self._store,
            "plan",
            {"tenant": request.caller.tenant, **query.where},
            sort=(("created", 1), ("_id", 1)),
            offset=query.offset,
            limit=query.limit,
            seconds=self._settings.query_seconds,
        )
        bodies = [plan_body(request, await picture(self._store, found)) for found in documents]
        return list_reply(request, query, total, bodies)

    async def retrieve(self, request: Request) -> Reply:
        """Answer one plan. Its tag covers running tasks, which are told by their own documents."""
        stored = await self._stored(request, request.id)
        if is_unchanged(request, stored):
            return Reply(304, headers=[(b"etag", etag(stored["rev"]))])
        body = plan_body(request, await picture(self._store, stored))
        return one_reply(request, body, [(b"etag", etag(stored["rev"]))])

    async def list_tasks(self, request: Request) -> Reply:
        """Answer the tasks of a plan."""
        query = self._lists.parse(request, _TASK_FILTERS)
        shown = await picture(self._store, await self._stored(request, request.id))
        documents = await _documents(self._store, request.id)
        bodies = [full_task_body(request, shown, task, documents.get(task.key)) for task in shown.tasks]
        found = [body for body in bodies if all(body.get(name) == value for name, value in query.where.items())]
        return list_reply(request, query, len(found), found[query.offset : query.offset + query.limit])

    async def retrieve_task(self, request: Request) -> Reply:
        """Answer one task."""
        plan_id, _, key = request.id.rpartition(":")
        stored = await self._store.get("plan", plan_id, tenant=request.caller.tenant)
        shown = await picture(self._store, stored) if stored is not None else None
        task = _task(shown, key)
        if shown is None or task is None:
            raise NotFound(f"There is no task with the id {request.id[:200]!r}.")
        document = await self._store.get("task", request.id, tenant=request.caller.tenant)
        return one_reply(request, full_task_body(request, shown, task, document))

    async def _stored(self, request: Request, key: str) -> Document:
        stored = await self._store.get("plan", key, tenant=request.caller.tenant)
        if stored is None:
            raise NotFound(f"There is no plan with the id {key[:100]!r}.")
        return stored


def _task(shown: PlanPicture | None, key: str) -> PlannedTask | None:
    tasks = shown.tasks if shown is not None else []
    return next((task for task in tasks if task.key == key), None)


async def _documents(store: Store, plan_id: str) -> dict[str, Document]:
    with reading():
        found = await store.collection("task").find({"plan": plan_id}).to_list()
    return {document["key"]: document for document in found}
