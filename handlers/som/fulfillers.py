"""The registry of fulfillers. Credentials go in and never come out."""

from collections.abc import Mapping
from typing import Any

from handlers.body import require_body
from handlers.conditions import check_if_match, etag, has_if_match, is_unchanged
from handlers.dependencies import Dependencies
from handlers.errors import invalid
from handlers.exchange import Reply, Request
from handlers.som.fulfiller_health import FulfillerHealth
from handlers.som.lists import AdminLists, Where, asked_fields, equals, one_of, one_reply
from handlers.som.times import shown
from models import fulfillers, outbox
from models.domain.errors import AlreadyExists, Conflict, InvalidRequest, NotFound
from models.domain.fulfiller import ADMINISTRATIVE_STATES, DEFAULTS
from models.domain.merge_patch import with_defaults
from models.fulfillers import COLLECTION
from models.ids import new_id
from models.sealing import SecretUnreadable

Document = dict[str, Any]

_TRIES = 8

_FILTERS: dict[str, Where] = {
    "name": equals("body.name"),
    "kind": equals("body.kind"),
    "administrativeState": one_of("body.administrativeState", "administrativeState", ADMINISTRATIVE_STATES),
    "specification": equals("body.capability.specification"),
    "category": equals("body.capability.category"),
}


class Fulfillers:
    """Registers, reads, changes and removes fulfillers."""

    def __init__(self, dependencies: Dependencies, lists: AdminLists) -> None:
        """Keep them in this store, by the rules of their kinds."""
        self._store = dependencies.store
        self._clock = dependencies.clock
        self._lists = lists
        self._rules = dependencies.fulfiller_rules
        self._sealer = dependencies.sealer
        self._health = FulfillerHealth(dependencies)

    async def list(self, request: Request) -> Reply:
        """Answer fulfillers."""
        states = await self._health.states(request.caller.tenant)

        def rendered(found: Document) -> Document:
            return {**_shown(request, found), "health": self._health.summary(found, states.get(found["_id"], {}))}

        return await self._lists.answer(request, COLLECTION, _FILTERS, rendered)

    async def retrieve(self, request: Request) -> Reply:
        """Answer one."""
        stored = await self._stored(request)
        if is_unchanged(request, stored):
            return Reply(304, headers=[(b"etag", etag(stored["rev"]))])
        return self._reply(200, request, stored)

    async def health(self, request: Request) -> Reply:
        """Answer how one is."""
        return one_reply(request, await self._health.whole(await self._stored(request)))

    async def create(self, request: Request) -> Reply:
        """Register one."""
        asked_fields(request)  # refused before anything is stored
        body = dict(require_body(request))
        credentials = body.pop("credentials", None)
        key = body.setdefault("id", new_id())
        body = {**_DEFAULTS, **body}
        self._check(body, credentials)
        document: Document = {"_id": key, "tenant": request.caller.tenant, "body": body}
        if credentials is not None:
            document["secret"] = self._sealer.seal(credentials, fulfillers.place_of(key))
        try:
            stubs = fulfillers.created(request.caller.subject)
            await self._store.insert(COLLECTION, outbox.first(document, stubs, self._clock.now()))
        except AlreadyExists:
            raise AlreadyExists(f"There is a fulfiller with the id {key!r}, or was until a moment ago.") from None
        reply = self._reply(201, request, document)
        reply.headers.append((b"location", request.url(f"/fulfiller/{key}").encode()))
        return reply

    async def patch(self, request: Request) -> Reply:
        """Change one by a merge patch."""
        asked_fields(request)
        patch = require_body(request)
        for _ in range(_TRIES):
            stored = await self._stored(request)
            check_if_match(request, stored)
            body = _patched(stored, patch)
            present = self._opened(stored)
            credentials = patch.get("credentials", present)
            before = stored.get("secret") if credentials is None else present
            renewed = "credentials" in patch and credentials != before
            if body == stored["body"] and not renewed:
                return self._reply(200, request, stored)
            self._check(body, credentials)
            fields: Document = {"body": body}
            if renewed and credentials is not None:
                fields["secret"] = self._sealer.seal(credentials, fulfillers.place_of(stored["_id"]))
            unset = ["secret"] if renewed and credentials is None else []
            stubs = fulfillers.changed(stored, body, request.caller.subject, credentials=renewed)
            change = outbox.change(stored, fields, stubs, self._clock.now(), unset=unset)
            if await self._store.update(COLLECTION, fulfillers.guard(stored), change):
                return self._reply(200, request, await self._stored(request))
            if has_if_match(request):
                check_if_match(request, await self._stored(request))
        raise Conflict("Others change this fulfiller all the time; please repeat the request.")

    async def delete(self, request: Request) -> Reply:
        """Remove one that has nothing to do."""
        for _ in range(_TRIES):
            stored = await self._stored(request)
            check_if_match(request, stored)
            if stored["_id"] in fulfillers.BUILT_IN:
                raise Conflict("This fulfiller is a part of the server and stays registered.")
            task = await fulfillers.open_task(self._store, request.caller.tenant, stored["_id"])
            if task is not None:
                raise Conflict(
                    f"The task {task} is open at this fulfiller. Set administrativeState to withdrawn, and it leaves "
                    "when its tasks are done."
                )
            if await fulfillers.remove(self._store, self._clock, stored, request.caller.subject):
                return Reply(204)
        raise Conflict("Others change this fulfiller all the time; please repeat the request.")

    def _opened(self, stored: Document) -> Document | None:
        """The credentials in force; None where there are none, or nobody can read them any more."""
        try:
            return self._sealer.open(stored.get("secret"), fulfillers.place_of(stored["_id"]))
        except SecretUnreadable:
            return None

    def _check(self, body: Mapping[str, Any], credentials: Mapping[str, Any] | None) -> None:
        violations = self._rules.violations(body, credentials)
        if violations:
            raise InvalidRequest(violations)

    async def _stored(self, request: Request) -> Document:
        stored = await self._store.get(COLLECTION, request.id, tenant=request.caller.tenant)
        if stored is None:
            raise NotFound(f"There is no fulfiller with the id {request.id[:100]!r}.")
        return stored

    @staticmethod
    def _reply(status: int, request: Request, stored: Document) -> Reply:
        return one_reply(request, _shown(request, stored), [(b"etag", etag(stored["rev"]))], status)


_DEFAULTS: Document = {
    name: list(value) if isinstance(value, tuple) else value for name, value in DEFAULTS.items() if name != "retry"
} | {"retry": {"delays": list(DEFAULTS["retry"]["delays"])}}


def _patched(stored: Document, patch: Mapping[str, Any]) -> Document:
    """RFC 7396 on a registration, but for its credentials; null brings a default back."""
    named = {name: value for name, value in patch.items() if name != "credentials"}
    body = with_defaults(stored["body"], named, _DEFAULTS)
    for name in ("name", "kind"):
        if name not in body:
            raise invalid(f"/{name}", "required", f"A fulfiller has a {name}; it cannot be removed.")
    return body


def _shown(request: Request, stored: Document) -> Document:
    key = stored["_id"]
    return {
        "id": key,
        "href": request.url(f"/fulfiller/{key}"),
        **{name: value for name, value in stored["body"].items() if name != "id"},
        "credentialsSet": stored.get("secret") is not None,
        "createdDate": shown(stored["created"]),
        "lastUpdate": shown(stored["updated"]),
    }
