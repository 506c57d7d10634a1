"""Secrets that recipes name: set, listed and removed. No answer ever has a value."""

from collections.abc import Mapping
from typing import Any

from handlers.body import require_body
from handlers.conditions import check_if_match, etag, is_unchanged
from handlers.dependencies import Dependencies
from handlers.exchange import Reply, Request
from handlers.som.lists import AdminLists, asked_fields, one_reply
from handlers.som.times import shown
from models.secrets import COLLECTION, Secrets

Document = dict[str, Any]


class SecretHandlers:
    """Keeps secrets."""

    def __init__(self, dependencies: Dependencies, lists: AdminLists) -> None:
        """Keep them in this store, sealed."""
        self._lists = lists
        self._secrets = Secrets(dependencies.store, dependencies.clock, dependencies.sealer)

    async def list(self, request: Request) -> Reply:
        """Answer which there are."""
        return await self._lists.answer(request, COLLECTION, {}, lambda found: _shown(request, found))

    async def retrieve(self, request: Request) -> Reply:
        """Answer who has set one, and when."""
        stored = await self._secrets.get(request.caller.tenant, request.id)
        if is_unchanged(request, stored):
            return Reply(304, headers=[(b"etag", etag(stored["rev"]))])
        return _reply(200, request, stored)

    async def create(self, request: Request) -> Reply:
        """Set a new one."""
        asked_fields(request)  # refused before anything is stored
        stored = await self._secrets.create(request.caller, require_body(request))
        reply = _reply(201, request, stored)
        reply.headers.append((b"location", request.url(f"/secret/{stored['name']}").encode()))
        return reply

    async def patch(self, request: Request) -> Reply:
        """Give one another value, or another description."""
        asked_fields(request)
        patch = require_body(request)
        stored = await self._secrets.change(
            request.caller, request.id, patch, lambda found: check_if_match(request, found)
        )
        return _reply(200, request, stored)

    async def delete(self, request: Request) -> Reply:
        """Remove one."""
        await self._secrets.delete(request.caller, request.id, lambda found: check_if_match(request, found))
        return Reply(204)


def _reply(status: int, request: Request, stored: Mapping[str, Any]) -> Reply:
    return one_reply(request, _shown(request, stored), [(b"etag", etag(stored["rev"]))], status)


def _shown(request: Request, stored: Mapping[str, Any]) -> Document:
    return {
        **stored["body"],
        "href": request.url(f"/secret/{stored['name']}"),
        "setBy": stored["who"],
        "createdDate": shown(stored["created"]),
        "lastUpdate": shown(stored["updated"]),
    }
