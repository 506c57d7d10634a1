"""Configuration sinks: registered, listed, removed."""

from typing import Any

import orjson

from handlers.body import require_body
from handlers.dependencies import Dependencies
from handlers.exchange import Reply, Request
from handlers.settings import HttpSettings
from handlers.som.lists import AdminLists, list_reply, one_of, one_reply
from handlers.som.times import shown
from models import sinks
from models.deliveries import backlogs
from models.domain.delivery import DEAD, PENDING
from models.domain.errors import AlreadyExists
from models.domain.sinks import KINDS
from models.reading import page, reading
from models.signing_secrets import trouble

Document = dict[str, Any]

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
        return one_reply(request, self._body(request, stored, counts))

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
            "pending": counts.get((key, PENDING), 0),
            "dead": counts.get((key, DEAD), 0),
        }
