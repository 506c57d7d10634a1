"""Change sources: registered, changed, removed; and the change requests that came from them."""

from collections.abc import Mapping
from typing import Any

from handlers.body import require_body
from handlers.conditions import check_if_match, etag, has_if_match, is_unchanged
from handlers.dependencies import Dependencies
from handlers.errors import invalid
from handlers.exchange import Reply, Request
from handlers.som.lists import AdminLists, asked_fields, equals, one_of, one_reply
from handlers.som.plan_bodies import ORDERS
from handlers.som.times import shown
from models import changes, outbox
from models.domain.change_requests import DEFAULTS, source_violations
from models.domain.errors import AlreadyExists, Conflict, InvalidRequest, NotFound
from models.domain.lifecycles import CHANGE
from models.domain.merge_patch import with_defaults
from models.ids import new_id
from models.sealing import SecretUnreadable

Document = dict[str, Any]

_TRIES = 8
_WHOLE = frozenset({"order", "headers"})
_CHANGE_FILTERS = {
    "state": one_of("body.state", "state", sorted(CHANGE.states)),
    "changeSource": equals("source"),
    "changeRequest": equals("theirs"),
    "serviceOrder": equals("body.order"),
}


class ChangeSources:
    """Registers, reads, changes and removes change sources."""

    def __init__(self, dependencies: Dependencies, lists: AdminLists) -> None:
        """Keep them in this store."""
        self._store = dependencies.store
        self._clock = dependencies.clock
        self._sealer = dependencies.sealer
        self._lists = lists

    async def list(self, request: Request) -> Reply:
        """Answer sources."""
        filters = {"name": equals("body.name")}
        return await self._lists.answer(request, changes.SOURCES, filters, lambda found: _source(request, found))

    async def retrieve(self, request: Request) -> Reply:
        """Answer one."""
        stored = await self._stored(request)
        if is_unchanged(request, stored):
            return Reply(304, headers=[(b"etag", etag(stored["rev"]))])
        return self._reply(200, request, stored)

    async def create(self, request: Request) -> Reply:
        """Register one; it is looked at soon."""
        asked_fields(request)  # refused before anything is stored
        body = dict(require_body(request))
        credentials = body.pop("credentials", None)
        key, now = body.setdefault("id", new_id()), self._clock.now()
        body = {**DEFAULTS, **body}
        _check(body, credentials)
        document: Document = {"_id": key, "tenant": request.caller.tenant, "body": body, "due": now}
        if credentials is not None:
            document["secret"] = self._sealer.seal(credentials, changes.place_of(key))
        stubs = [outbox.stub("ChangeSourceCreateEvent", who=request.caller.subject)]
        try:
            await self._store.insert(changes.SOURCES, outbox.first(document, stubs, now))
        except AlreadyExists:
            raise AlreadyExists(f"There is a change source with the id {key!r}.") from None
        reply = self._reply(201, request, document)
        reply.headers.append((b"location", request.url(f"/changeSource/{key}").encode()))
        return reply

    async def patch(self, request: Request) -> Reply:
        """Change one by a merge patch; it is looked at soon."""
        asked_fields(request)
        patch = require_body(request)
        for _ in range(_TRIES):
            stored = await self._stored(request)
            check_if_match(request, stored)
            change = self._change(stored, patch, request.caller.subject)
            if change is None:
                return self._reply(200, request, stored)
            guard = {"_id": stored["_id"], "tenant": stored["tenant"], "rev": stored["rev"]}
            if await self._store.update(changes.SOURCES, guard, change):
                return self._reply(200, request, await self._stored(request))
            if has_if_match(request):
                check_if_match(request, await self._stored(request))
        raise Conflict("Others change this change source all the time; please repeat the request.")

    async def delete(self, request: Request) -> Reply:
        """Remove one; orders that came from it go on, and nobody is told of them there."""
        for _ in range(_TRIES):
            stored = await self._stored(request)
            check_if_match(request, stored)
            gone = [outbox.stub("ChangeSourceDeleteEvent", who=request.caller.subject)]
            # What is left is its last event, without credentials, until that has been told.
            fields, now = {"tenant": f"~{stored['tenant']}"}, self._clock.now()
            change = outbox.change(stored, fields, gone, now, unset=["secret", "due"])
            guard = {"_id": stored["_id"], "tenant": stored["tenant"], "rev": stored["rev"]}
            if await self._store.update(changes.SOURCES, guard, change):
                return Reply(204)
        raise Conflict("Others change this change source all the time; please repeat the request.")

    def _change(self, stored: Document, patch: Mapping[str, Any], who: str) -> Document | None:
        """The write that carries a patch out; None where it changes nothing."""
        named = {name: value for name, value in patch.items() if name != "credentials"}
        body = with_defaults(stored["body"], named, DEFAULTS, _WHOLE)
        for name in ("name", "endpoint"):
            if name not in body:
                raise invalid(f"/{name}", "required", f"A change source has a {name}; it cannot be removed.")
        present = self._opened(stored)
        credentials = patch.get("credentials", present)
        renewed = "credentials" in patch and credentials != (stored.get("secret") if credentials is None else present)
        if body == stored["body"] and not renewed:
            return None
        _check(body, credentials)
        fields: Document = {"body": body, "due": self._clock.now()}
        if renewed and credentials is not None:
            fields["secret"] = self._sealer.seal(credentials, changes.place_of(stored["_id"]))
        changed = [name for name in {**stored["body"], **body} if stored["body"].get(name) != body.get(name)]
        before, after = ({name: one.get(name) for name in changed} for one in (stored["body"], body))
        if renewed:
            before["credentials"], after["credentials"] = "replaced", "new"
        stub = outbox.stub("ChangeSourceAttributeValueChangeEvent", who=who, before=before, after=after)
        unset = ["secret"] if renewed and credentials is None else []
        return outbox.change(stored, fields, [stub], self._clock.now(), unset=unset)

    def _opened(self, stored: Document) -> Document | None:
        """The credentials in force; None where there are none, or nobody can read them any more."""
        try:
            return self._sealer.open(stored.get("secret"), changes.place_of(stored["_id"]))
        except SecretUnreadable:
            return None

    async def _stored(self, request: Request) -> Document:
        return await changes.source(self._store, request.caller.tenant, request.id)

    @staticmethod
    def _reply(status: int, request: Request, stored: Document) -> Reply:
        return one_reply(request, _source(request, stored), [(b"etag", etag(stored["rev"]))], status)


class Changes:
    """Reads what has become of change requests."""

    def __init__(self, dependencies: Dependencies, lists: AdminLists) -> None:
        """Read from this store."""
        self._store = dependencies.store
        self._lists = lists

    async def list(self, request: Request) -> Reply:
        """Answer those that match."""
        return await self._lists.answer(request, changes.CHANGES, _CHANGE_FILTERS, lambda one: _change(request, one))

    async def retrieve(self, request: Request) -> Reply:
        """Answer one."""
        stored = await self._store.get(changes.CHANGES, request.id, tenant=request.caller.tenant)
        if stored is None:
            raise NotFound(f"Nothing is known of a change request by the id {request.id[:100]!r}.")
        return one_reply(request, _change(request, stored))


def _check(body: Mapping[str, Any], credentials: Mapping[str, Any] | None) -> None:
    found = source_violations(body, credentials)
    if found:
        raise InvalidRequest(found)


def _source(request: Request, stored: Document) -> Document:
    key, looked = stored["_id"], stored.get("looked")
    return {
        "id": key,
        "href": request.url(f"/changeSource/{key}"),
        **{name: value for name, value in stored["body"].items() if name != "id"},
        "credentialsSet": stored.get("secret") is not None,
        "hubTells": bool(stored.get("tells")),
        "lastLook": None if looked is None else shown(looked),
        "problem": stored.get("problem"),
        "createdDate": shown(stored["created"]),
        "lastUpdate": shown(stored["updated"]),
    }


def _change(request: Request, stored: Document) -> Document:
    key, body = stored["_id"], stored["body"]
    source, order = stored["source"], body.get("order")
    theirs = {"id": stored["theirs"], "href": body.get("href"), "status": body.get("status")}
    made: Document = {
        "id": key,
        "href": request.url(f"/change/{key}"),
        "state": body["state"],
        "changeSource": {"id": source, "href": request.url(f"/changeSource/{source}")},
        "changeRequest": {name: value for name, value in theirs.items() if value is not None},
        "description": body.get("description"),
        "problem": body.get("problem"),
        "withdrawn": body.get("withdrawn"),
        "told": body.get("told", []),
        "owed": [owed["what"] for owed in stored["owes"]],
        "problemOfWriting": body.get("problemOfWriting"),
        "createdDate": shown(stored["created"]),
        "lastUpdate": shown(stored["updated"]),
    }
    if order is not None:
        made["serviceOrder"] = {"id": order, "href": f"{request.root}{ORDERS}/{order}", "state": body.get("orderState")}
        made["plan"] = {"id": order, "href": request.url(f"/plan/{order}")}
    return made
