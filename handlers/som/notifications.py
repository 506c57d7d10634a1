"""Listeners (what is registered at hubs; stored as subscriptions) and deliveries, for those who look after them."""

from typing import Any

import orjson

from handlers.dependencies import Dependencies
from handlers.exchange import Reply, Request
from handlers.settings import HttpSettings
from handlers.som.lists import AdminLists, equals, list_reply, one_of, one_reply
from handlers.som.times import shown
from models import deliveries
from models.clock import parse
from models.domain.errors import NotFound
from models.domain.subscriptions import ACTIVE
from models.reading import page, reading
from models.signing_secrets import trouble

Document = dict[str, Any]

_LISTENER_FILTERS = {
    "state": one_of("state", "state", ("active", "ended")),
    "api": one_of("api", "api", ("tmf641", "tmf638", "tmf639", "tmf633", "tmf701")),
    "callback": equals("callback"),
}
_DELIVERY_FILTERS = {
    "state": one_of("state", "state", ("pending", "delivered", "dead")),
    "listener": equals("subscription"),
    "event": equals("event"),
    "eventType": equals("type"),
    "resourceId": equals("lane"),
}


class Notifications:
    """Reads, replays, and signs anew."""

    def __init__(self, dependencies: Dependencies, settings: HttpSettings, lists: AdminLists) -> None:
        """Look after what stands in this store."""
        self._store = dependencies.store
        self._clock = dependencies.clock
        self._sealer = dependencies.sealer
        self._settings = settings
        self._lists = lists

    async def list_listeners(self, request: Request) -> Reply:
        """Answer listeners with what waits for them."""
        query = self._lists.parse(request, _LISTENER_FILTERS)
        total, documents = await page(
            self._store,
            "subscription",
            {"tenant": request.caller.tenant, "sink": {"$exists": False}, **query.where},
            sort=(("created", 1), ("_id", 1)),
            offset=query.offset,
            limit=query.limit,
            seconds=self._settings.query_seconds,
        )
        counts = await self._counts([document["_id"] for document in documents])
        return list_reply(request, query, total, [self._shown(request, found, counts) for found in documents])

    async def retrieve_listener(self, request: Request) -> Reply:
        """Answer one listener."""
        stored = await self._store.get("subscription", request.id, tenant=request.caller.tenant)
        if stored is None:
            raise NotFound(f"There is no listener with the id {request.id[:100]!r}.")
        return one_reply(request, self._shown(request, stored, await self._counts([request.id])))

    async def rotate_secret(self, request: Request) -> Reply:
        """Answer a new secret, this once."""
        secret = await deliveries.rotate_secret(self._store, self._clock, self._sealer, request.caller, request.id)
        return Reply(200, orjson.dumps({"id": request.id, "secret": secret}), [(b"cache-control", b"no-store")])

    async def replay_listener(self, request: Request) -> Reply:
        """Queue deliveries once more."""
        wish = request.body or {}
        what = deliveries.Replay(
            since=parse(wish["since"]) if "since" in wish else None, dead_only=wish.get("state", "dead") == "dead"
        )
        with reading():
            count = await deliveries.replay_subscription(self._store, self._clock, request.caller, request.id, what)
        return Reply(200, orjson.dumps({"replayed": count}))

    async def list_deliveries(self, request: Request) -> Reply:
        """Answer deliveries."""
        return await self._lists.answer(
            request, "delivery", _DELIVERY_FILTERS, lambda document: _delivery(request, document)
        )

    async def retrieve_delivery(self, request: Request) -> Reply:
        """Answer one delivery."""
        stored = await deliveries.retrieve_delivery(self._store, request.caller, request.id)
        return one_reply(request, _delivery(request, stored))

    async def replay_delivery(self, request: Request) -> Reply:
        """Queue one delivery once more."""
        stored = await deliveries.replay_delivery(self._store, self._clock, request.caller, request.id)
        return one_reply(request, _delivery(request, stored))

    def _shown(self, request: Request, stored: Document, counts: dict[tuple[str, str], int]) -> Document:
        signed = stored.get("secret") is not None
        problem = trouble(stored, self._sealer) if stored["state"] == ACTIVE else None
        return _listener(request, stored, counts) | {"signed": signed, "problem": problem}

    async def _counts(self, subscriptions: list[str]) -> dict[tuple[str, str], int]:
        """How many deliveries are pending and dead, by subscription and state; the index alone answers it."""
        wanted = {"subscription": {"$in": subscriptions}, "state": {"$in": ["pending", "dead"]}}
        grouped = {"_id": {"subscription": "$subscription", "state": "$state"}, "count": {"$sum": 1}}
        with reading():
            cursor = await self._store.collection("delivery").aggregate(
                [{"$match": wanted}, {"$group": grouped}], maxTimeMS=int(self._settings.query_seconds * 1000)
            )
            rows = await cursor.to_list()
        return {(row["_id"]["subscription"], row["_id"]["state"]): row["count"] for row in rows}


def _listener(request: Request, stored: Document, counts: dict[tuple[str, str], int]) -> Document:
    key = stored["_id"]
    return {
        "id": key,
        "href": request.url(f"/hubListener/{key}"),
        "api": stored["api"],
        "version": stored["version"],
        "callback": stored["callback"],
        "query": stored.get("query"),
        "appendListenerPath": stored.get("appendListenerPath", False),
        "state": stored["state"],
        "endedReason": stored.get("endedReason"),
        "pending": counts.get((key, "pending"), 0),
        "dead": counts.get((key, "dead"), 0),
        "createdDate": shown(stored["created"]),
    }


def _delivery(request: Request, stored: Document) -> Document:
    key = stored["_id"]
    last = stored.get("last")
    return {
        "id": key,
        "href": request.url(f"/delivery/{key}"),
        "listener": stored["subscription"],
        "event": stored["event"],
        "eventType": stored["type"],
        "resourceId": stored["lane"],
        "sequence": stored["seq"],
        "state": stored["state"],
        "attempts": stored["attempts"],
        "due": shown(stored.get("due")),
        "createdDate": shown(stored["created"]),
        "last": None
        if last is None
        else {
            "at": shown(last["at"]),
            "status": last.get("status"),
            "error": last.get("error"),
            "duration": last.get("ms") or 0,
        },
    }
