"""Fallout: what is held, by cause, and who looks after it."""

from typing import Any

from handlers.body import require_body
from handlers.dependencies import Dependencies
from handlers.errors import invalid
from handlers.exchange import Reply, Request
from handlers.settings import HttpSettings
from handlers.som.fallout_bodies import fallout_body, group_body, task_flow_reference
from handlers.som.lists import AdminLists, Where, list_reply, one_reply, since
from models.domain.errors import Conflict, NotFound
from models.fallout import COLLECTION, condition, groups
from models.fallout_flows import last_flow_of, look_after

Document = dict[str, Any]

_NAMES = ("code", "fulfiller", "specification", "cause", "queue", "assignee", "order")
_HELD = {"state": "held"}
_BY_AGE = (("fallout.since", 1), ("_id", 1))


def _filter(name: str) -> Where:
    return lambda value: condition(name, value)


FILTERS: dict[str, Where] = {
    **{name: _filter(name) for name in _NAMES},
    "since": since("fallout.since", lambda moment: moment),
}


class FalloutQueue:
    """Reads fallout, and changes who looks after it."""

    def __init__(self, dependencies: Dependencies, settings: HttpSettings, lists: AdminLists) -> None:
        """Read from this store."""
        self._store = dependencies.store
        self._clock = dependencies.clock
        self._settings = settings
        self._lists = lists

    async def list(self, request: Request) -> Reply:
        """Answer held tasks, those held longest first."""
        return await self._lists.answer(
            request, COLLECTION, FILTERS, lambda task: fallout_body(request, task), sort=_BY_AGE, always=_HELD
        )

    async def retrieve(self, request: Request) -> Reply:
        """Answer one, also when it has gone on since."""
        return await self._answer(request)

    async def _answer(self, request: Request) -> Reply:
        task = await self._task(request)
        body, flow = fallout_body(request, task), await last_flow_of(self._store, task["_id"])
        if flow is not None:
            body["taskFlow"] = task_flow_reference(request, flow["body"])
        return one_reply(request, body)

    async def patch(self, request: Request) -> Reply:
        """Change queue or assignee, or add a comment."""
        change = require_body(request)
        if not any(name in change for name in ("queue", "assignee", "comment")):
            raise invalid("", "required", "Name what to change: queue, assignee or comment.")
        who = change.get("who") or request.caller.subject
        task = await self._task(request)
        if task["state"] != "held" or not await look_after(self._store, self._clock, task, change, who):
            raise Conflict("The task is not held any more, or is being helped; there is nothing to look after.")
        return await self._answer(request)

    async def list_groups(self, request: Request) -> Reply:
        """Answer fallout by cause."""
        query = self._lists.parse(request, FILTERS)
        where = {"tenant": request.caller.tenant, **_HELD, **query.where}
        found = await groups(self._store, where, self._settings.query_seconds)
        page = found[query.offset : query.offset + query.limit]
        return list_reply(request, query, len(found), [group_body(request, group) for group in page])

    async def _task(self, request: Request) -> Document:
        stored = await self._store.get(COLLECTION, request.id, tenant=request.caller.tenant)
        if stored is None or "fallout" not in stored:
            raise NotFound(f"There is no fallout with the id {request.id[:200]!r}.")
        return stored
