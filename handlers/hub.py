"""The hubs of the TM Forum APIs: who wants to be told of events, and where."""

from typing import Any

import orjson

from handlers.body import require_body
from handlers.dependencies import Dependencies
from handlers.exchange import Reply, Request
from models.deliveries import remove_subscription
from models.domain.errors import AlreadyExists, InvalidRequest, NotFound
from models.domain.ids import derived_id
from models.domain.signatures import new_secret
from models.domain.subscriptions import ACTIVE, callback_violations, parse_query
from models.reading import reading
from models.signing_secrets import place_of

Document = dict[str, Any]

COLLECTION = "subscription"
_ANSWERED = ("callback", "query", "appendListenerPath")
_WITHOUT_CLASS = ("v4", "v1")
"""Versions in which a registration is just that; v1 is our own API's."""


class Hub:
    """The hub of one API in one version."""

    def __init__(self, api: str, version: str, dependencies: Dependencies) -> None:
        """Take registrations for the events of this API."""
        self._api = api
        self._version = version
        self._store = dependencies.store
        self._clock = dependencies.clock
        self._patterns = dependencies.patterns
        self._sealer = dependencies.sealer

    async def register(self, request: Request) -> Reply:
        """Take a registration; the same one again is refused.

        Without a key to keep secrets with, one that brings a secret is refused, and others are not signed.

        Raises:
            AlreadyExists: callback and query are registered already.
            NoSecretKey: it brings a secret, and there is no key to keep it with.
        """
        body = require_body(request)
        violations = callback_violations(body["callback"])
        if violations:
            raise InvalidRequest(violations)
        parse_query(body.get("query"), self._api, self._patterns, self._version)
        document = self._document(request, body)
        await self._insert(document)
        location = request.url(f"/hub/{document['_id']}").encode()
        return Reply(201, orjson.dumps(self._shown(request, document)), [(b"location", location)])

    async def retrieve(self, request: Request) -> Reply:
        """Answer a registration."""
        return Reply(200, orjson.dumps(self._shown(request, await self._stored(request))))

    async def unregister(self, request: Request) -> Reply:
        """End a registration; what was not delivered is dropped."""
        await self._stored(request)
        with reading():
            await remove_subscription(self._store, request.caller, request.id)
        return Reply(204)

    async def _stored(self, request: Request) -> Document:
        stored = await self._store.get(COLLECTION, request.id, tenant=request.caller.tenant)
        here = {"api": self._api, "version": self._version, "state": ACTIVE}
        if stored is None or any(stored[name] != value for name, value in here.items()):
            raise NotFound(f"There is no subscription with the id {request.id[:100]!r} here.")
        return stored

    def _shown(self, request: Request, document: Document) -> Document:
        shown = {"id": document["_id"]}
        if self._version not in _WITHOUT_CLASS:
            shown |= {"href": request.url(f"/hub/{document['_id']}"), "@type": "Hub"}
        return {**shown, **{name: document[name] for name in _ANSWERED if document.get(name) is not None}}

    def _document(self, request: Request, body: Document) -> Document:
        now = self._clock.now()
        return {
            "tenant": request.caller.tenant,
            "rev": 1,
            "created": now,
            "updated": now,
            "api": self._api,
            "version": self._version,
            "callback": body["callback"],
            "query": body.get("query"),
            "secret": body.get("secret"),
            "appendListenerPath": body.get("appendListenerPath", False),
            "state": ACTIVE,
        }

    async def _insert(self, document: Document) -> None:
        """Store a registration under an id that follows from what it asks for; one that had ended begins anew.

        So of two equal ones that arrive together one is refused. Its secret is sealed for that id.
        """
        identity = (document["tenant"], self._api, self._version, document["callback"], document["query"] or "")
        document["_id"] = derived_id("subscription", *identity)
        secret = document["secret"] or (new_secret() if self._sealer.can_seal else None)
        document["secret"] = None if secret is None else self._sealer.seal_text(secret, place_of(document["_id"]))
        try:
            await self._store.insert(COLLECTION, document)
        except AlreadyExists:
            ended = {"_id": document["_id"], "state": {"$ne": ACTIVE}}
            anew = {name: value for name, value in document.items() if name not in ("_id", "rev")}
            gone = dict.fromkeys(("endedReason", "endedAt", "former"), "")
            if not await self._store.update(COLLECTION, ended, {"$set": anew, "$inc": {"rev": 1}, "$unset": gone}):
                raise AlreadyExists(
                    f"This callback is registered with this query already, as subscription {document['_id']}."
                ) from None
