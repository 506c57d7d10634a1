"""Configuration sinks: registered, listed, changed, removed; and the whole inventory sent to one."""

from typing import Any

import orjson

from handlers.body import require_body
from handlers.conditions import check_if_match, etag
from handlers.dependencies import Dependencies
from handlers.exchange import Reply, Request
from handlers.settings import HttpSettings
from handlers.som.lists import AdminLists, asked_fields, list_reply, one_of, one_reply
from handlers.som.times import shown
from models import sinks
from models.deliveries import backlogs
from models.domain.delivery import DEAD, PENDING
from models.domain.errors import AlreadyExists, Conflict
from models.domain.merge_patch import with_defaults
from models.domain.sinks import KINDS
from models.reading import page, reading
from models.signing_secrets import trouble

Document = dict[str, Any]

_TRIES = 5
_FILTERS = {
    "kind": one_of("sink.kind", "kind", KINDS),
    "state": one_of("state", "state", ("active", "ended")),
}


class Sinks:
    """Where actual instances go."""

    def __init__(self, dependencies: Dependencies, settings: HttpSettings, lists: AdminLists) -> None:
        """Keep them in this store."""
        self._store = dependencies.store
        self._clock = dependencies.clock
        self._sealer = dependencies.sealer
        self._patterns = dependencies.patterns
        self._settings = settings
        self._lists = lists

    async def list(self, request: Request) -> Reply:
        """Answer sinks with what waits for them."""
        query = self._lists.parse(request, _FILTERS)
        total, documents = await page(
            self._store,
            sinks.COLLECTION,
            {"tenant": request.caller.tenant, "sink": {"$exists": True}, **query.where},
            sort=(("created", 1), ("_id", 1)),
            offset=query.offset,
            limit=query.limit,
            seconds=self._settings.query_seconds,
        )
        with reading():
            counts = await backlogs(self._store, request.caller, [document["_id"] for document in documents])
        return list_reply(request, query, total, [self._body(request, one, counts) for one in documents])

    async def retrieve(self, request: Request) -> Reply:
        """Answer one."""
        stored = await sinks.find(self._store, request.caller.tenant, request.id)
        with reading():
            counts = await backlogs(self._store, request.caller, [stored["_id"]])
        return one_reply(request, self._body(request, stored, counts), _tag(stored))

    async def patch(self, request: Request) -> Reply:
        """Change one by a merge patch."""
        asked_fields(request)
        patch = require_body(request)
        for _ in range(_TRIES):
            stored = await sinks.find(self._store, request.caller.tenant, request.id)
            check_if_match(request, stored)
            sinks.require_active(stored)
            present = sinks.body_of(stored)
            body = with_defaults(present, {name: value for name, value in patch.items() if name != "credentials"}, {})
            if body == present and "credentials" not in patch:
                return await self.retrieve(request)
            named = {"credentials": patch["credentials"]} if patch.get("credentials") is not None else {}
            sinks.check({**body, **named}, self._patterns)
            if await sinks.change(self._store, self._clock, self._sealer, stored, body, patch):
                return await self.retrieve(request)
        raise Conflict("Others change this sink all the time; please repeat the request.")

    async def copy(self, request: Request) -> Reply:
        """Have the whole inventory sent to one."""
        stored = await sinks.begin_copy(self._store, self._clock, request.caller.tenant, request.id)
        body = self._body(request, stored, {})["copy"]
        return Reply(202, orjson.dumps(body), [(b"location", request.url(f"/sink/{stored['_id']}").encode())])

    async def create(self, request: Request) -> Reply:
        """Register one; the secret that signs is told this once."""
        body = require_body(request)
        sinks.check(body, self._patterns)
        try:
            stored, secret = await sinks.register(self._store, self._clock, self._sealer, request.caller, body)
        except AlreadyExists:
            raise AlreadyExists(f"The id {body.get('id')!r} is taken.") from None
        made = self._body(request, stored, {})
        if secret is not None:
            made["secret"] = secret
        headers = [(b"location", made["href"].encode()), (b"cache-control", b"no-store")]
        return Reply(201, orjson.dumps(made), headers)

    async def delete(self, request: Request) -> Reply:
        """Remove one; what it has stays there."""
        await sinks.remove(self._store, request.caller, request.id)
        return Reply(204)

    def _body(self, request: Request, stored: Document, counts: dict[tuple[str, str], int]) -> Document:
        key, sink = stored["_id"], stored["sink"]
        return {
            "id": key,
            "href": request.url(f"/sink/{key}"),
            "name": sink.get("name"),
            "kind": sink["kind"],
            "address": sink["address"],
            "resource": "service" if stored["api"] == "tmf638" else "resource",
            "specification": sink.get("specification", []),
            "query": stored.get("query"),
            "state": stored["state"],
            "endedReason": stored.get("endedReason") or trouble(stored, self._sealer),
            "hasCredentials": bool(stored.get("credentials")),
            "createdDate": shown(stored["created"]),
            **({"copy": _copy(stored["copy"])} if "copy" in stored else {}),
            "pending": counts.get((key, PENDING), 0),
            "dead": counts.get((key, DEAD), 0),
        }


def _tag(stored: Document) -> list[tuple[bytes, bytes]]:
    return [(b"etag", etag(stored["rev"]))]


def _copy(stored: Document) -> Document:
    """How far a copy of the inventory is."""
    ended = {"endedDate": shown(stored["ended"])} if "ended" in stored else {}
    return {
        "number": stored["number"],
        "state": stored["state"],
        "copied": stored["copied"],
        "startedDate": shown(stored["started"]),
        **ended,
    }
