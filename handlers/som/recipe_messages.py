"""Messages and signals to runs of recipes, from outside."""

from collections.abc import Mapping
from typing import Any

import orjson

from handlers.body import require_body
from handlers.dependencies import Dependencies
from handlers.exchange import Reply, Request
from handlers.idempotency import idempotency_key
from handlers.som.lists import AdminLists, Where, asked_fields, equals, one_of, one_reply
from handlers.som.times import shown
from models.domain.durations import InvalidDuration, duration_seconds
from models.domain.errors import InvalidRequest, NotFound
from models.domain.lifecycles import RECIPE_MESSAGE
from models.domain.recipe_messages import KINDS
from models.domain.violations import Violation
from models.ids import new_id
from models.recipe_messages import COLLECTION, RecipeMessages, new_message

Document = dict[str, Any]

LONGEST_SECONDS = 31 * 86_400
"""For which a message can be kept."""

MOST_BYTES = 64 * 1024
"""Of what a message carries, as JSON."""

_FILTERS: dict[str, Where] = {
    "name": equals("body.name"),
    "state": one_of("state", "state", sorted(RECIPE_MESSAGE.states)),
    "kind": one_of("body.kind", "kind", KINDS),
}


class RecipeMessageHandlers:
    """Takes messages and signals to runs of recipes, and says what became of them."""

    def __init__(self, dependencies: Dependencies, lists: AdminLists) -> None:
        """Keep them in this store."""
        self._lists = lists
        self._store = dependencies.store
        self._clock = dependencies.clock
        self._messages = RecipeMessages(dependencies.store, dependencies.clock)

    async def list(self, request: Request) -> Reply:
        """Answer messages and signals."""
        return await self._lists.answer(request, COLLECTION, _FILTERS, lambda found: _shown(request, found))

    async def retrieve(self, request: Request) -> Reply:
        """Answer one."""
        stored = await self._store.get(COLLECTION, request.id, tenant=request.caller.tenant)
        if stored is None:
            raise NotFound(f"There is no message with the id {request.id[:100]!r}.")
        return one_reply(request, _shown(request, stored))

    async def create(self, request: Request) -> Reply:
        """Send one to whoever awaits it."""
        asked_fields(request)  # refused before anything is stored
        body = require_body(request)
        seconds = _seconds(body.get("timeToLive"))
        if len(orjson.dumps(body.get("data"))) > MOST_BYTES:
            text = f"A message carries {MOST_BYTES // 1024} KB at most."
            raise InvalidRequest([Violation("/data", "tooLarge", text)])
        key = idempotency_key(request, body)
        message = new_message(
            key.id if key else new_id(), request.caller.tenant, body.get("kind", "message"), body["name"],
            self._clock.after(seconds or 0.0), correlation=body.get("correlation"), data=body.get("data"),
        )  # fmt: skip
        if "description" in body:
            message["body"]["description"] = body["description"]
        stored = await self._store.get(COLLECTION, key.id, tenant=request.caller.tenant) if key else None
        if key is not None:
            message["idem"] = key.document()
        if stored is None:
            stored = await self._messages.send(message, request.caller.subject, kept=seconds is not None)
        if key is not None:
            key.check_same(stored)
        location = request.url(f"/recipeMessage/{stored['_id']}").encode()
        return one_reply(request, _shown(request, stored), [(b"location", location)], status=201)


def _seconds(duration: str | None) -> float | None:
    """How long a message is kept; None where it is not.

    Raises:
        InvalidRequest: this is no such time.
    """
    if duration is None:
        return None
    try:
        seconds = duration_seconds(duration)
    except InvalidDuration as error:
        raise InvalidRequest([Violation("/timeToLive", error.code, str(error))]) from None
    if seconds > LONGEST_SECONDS:
        text = f"A message is kept for {LONGEST_SECONDS // 86_400} days at most."
        raise InvalidRequest([Violation("/timeToLive", "tooLong", text)])
    return seconds


def _shown(request: Request, stored: Mapping[str, Any]) -> Document:
    made: Document = {**stored["body"], "state": stored["state"], "createdDate": shown(stored["created"])}
    made |= {"href": request.url(f"/recipeMessage/{stored['_id']}"), "lastUpdate": shown(stored["updated"])}
    if "reached" in stored:
        made["reached"] = stored["reached"]
    else:
        made["validUntil"] = shown(stored["until"])
        if "plan" in stored:
            made["plan"] = stored["plan"]
    return made
