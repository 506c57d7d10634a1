"""Events, and the history that they make."""

from datetime import timedelta
from typing import Any

from handlers.dependencies import Dependencies
from handlers.exchange import Reply, Request
from handlers.som.lists import AdminLists, Where, equals, one_reply, since
from models import deliveries
from models.clock import to_text

Document = dict[str, Any]

# An event is stored after it happened, by the clock of the database; this is for clocks that are not quite together.
_SLACK = timedelta(minutes=1)


def _since(value: str) -> Document:
    """At or after a moment; the time of creation, by which the list is ordered, lets the database begin there."""
    stored = since("created", lambda moment: moment - _SLACK)
    return {**since("at", to_text)(value), **stored(value)}


_EVENT_FILTERS: dict[str, Where] = {
    "eventType": equals("type"),
    "resourceType": equals("resource.type"),
    "resourceId": equals("resource.id"),
    "order": lambda value: {"resource.type": "serviceOrder", "resource.id": value},
    "state": equals("state"),
    "since": _since,
}
_HISTORY_FILTERS: dict[str, Where] = {
    "resourceType": equals("resource.type"),
    "resourceId": equals("resource.id"),
    "who": equals("who"),
    "since": _since,
}
# Events of one resource that are relayed together have one time of creation; their numbers tell their order.
_IN_ORDER = (("created", 1), ("_id", 1))


class History:
    """Reads events."""

    def __init__(self, dependencies: Dependencies, lists: AdminLists) -> None:
        """Read from this store."""
        self._store = dependencies.store
        self._lists = lists

    async def list_events(self, request: Request) -> Reply:
        """Answer events with the resource as it was."""
        return await self._lists.answer(
            request, "event", _EVENT_FILTERS, lambda found: event_body(request, found), sort=_IN_ORDER
        )

    async def retrieve_event(self, request: Request) -> Reply:
        """Answer one event."""
        stored = await deliveries.retrieve_event(self._store, request.caller, request.id)
        return one_reply(request, event_body(request, stored))

    async def list_history(self, request: Request) -> Reply:
        """Answer who changed what, when and why."""
        return await self._lists.answer(request, "event", _HISTORY_FILTERS, _history_body, sort=_IN_ORDER)


def event_body(request: Request, stored: Document) -> Document:
    """An event as it is shown."""
    key = stored["_id"]
    return {
        "id": key,
        "href": request.url(f"/event/{key}"),
        "api": stored["api"],
        "eventType": stored["type"],
        "eventTime": stored["at"],
        "resourceType": stored["resource"]["type"],
        "resourceId": stored["resource"]["id"],
        "sequence": stored["seq"],
        "state": stored.get("state"),
        "resource": stored["body"],
    }


def _history_body(stored: Document) -> Document:
    return {
        "id": stored["_id"],
        "resourceType": stored["resource"]["type"],
        "resourceId": stored["resource"]["id"],
        "sequence": stored["seq"],
        "at": stored["at"],
        "who": stored.get("who"),
        "what": stored["type"],
        "why": stored.get("why"),
        "state": stored.get("state"),
        "before": stored.get("before"),
        "after": stored.get("after"),
    }
