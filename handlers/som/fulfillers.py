"""The registry of fulfillers. Credentials go in and never come out."""

from collections.abc import Mapping
from typing import Any

from handlers.body import require_body
from handlers.conditions import check_if_match, etag, has_if_match, is_unchanged
from handlers.dependencies import Dependencies
from handlers.errors import invalid
from handlers.exchange import Reply, Request
from handlers.som.lists import AdminLists, Where, equals, one_reply
from handlers.som.times import shown
from models import outbox
from models.domain.errors import AlreadyExists, Conflict, InvalidRequest, NotFound
from models.domain.fulfiller import DEFAULTS
from models.ids import new_id
from models.references import first_match

Document = dict[str, Any]

COLLECTION = "fulfiller"
_TRIES = 8
_OPEN_TASKS = ("running", "accepted", "retrying")


def _enabled(value: str) -> Document:
    if value not in ("true", "false"):
        raise invalid("enabled", "unknownValue", f"{value[:60]!r} is neither true nor false.")
    return {"body.enabled": value == "true"}


_FILTERS: dict[str, Where] = {
    "name": equals("body.name"),
    "kind": equals("body.kind"),
    "enabled": _enabled,
    "specification": equals("body.capability.specification"),
}


class Fulfillers:
    """Registers, reads, changes and removes fulfillers."""

    def __init__(self, dependencies: Dependencies, lists: AdminLists) -> None:
        """Keep them in this store, by the rules of their kinds."""
        self._store = dependencies.store
        self._clock = dependencies.clock
        self._lists = lists
        self._rules = dependencies.fulfiller_rules

    async def list(self, request: Request) -> Reply:
        """Answer fulfillers."""
        return await self._lists.answer(request, COLLECTION, _FILTERS, lambda found: _shown(request, found))

    async def retrieve(self, request: Request) -> Reply:
        """Answer one."""
        stored = await self._stored(request)
        if is_unchanged(request, stored):
            return Reply(304, headers=[(b"etag", etag(stored["rev"]))])
        return self._reply(200, request, stored)

    async def create(self, request: Request) -> Reply:
        """Register one."""
        body = dict(require_body(request))
        credentials = body.pop("credentials", None)
        key = body.setdefault("id", new_id())
        body = {**_DEFAULTS, **body}
        self._check(body, credentials)
        document: Document = {"_id": key, "tenant": request.caller.tenant, "body": body}
        if credentials is not None:
            document["secret"] = credentials
        try:
            await self._store.insert(COLLECTION, outbox.first(document, [], self._clock.now()))
        except AlreadyExists:
            raise AlreadyExists(f"There is a fulfiller with the id {key!r} already.") from None
        reply = self._reply(201, request, document)
        reply.headers.append((b"location", request.url(f"/fulfiller/{key}").encode()))
        return reply

    async def patch(self, request: Request) -> Reply:
        """Change one by a merge patch."""
        patch = require_body(request)
        for _ in range(_TRIES):
            stored = await self._stored(request)
            check_if_match(request, stored)
            body, credentials = _patched(stored, patch)
            if body == stored["body"] and credentials == stored.get("secret"):
                return self._reply(200, request, stored)
            self._check(body, credentials)
            fields: Document = {"body": body}
            if credentials is not None:
                fields["secret"] = credentials
            unset = [] if credentials is not None else ["secret"]
            change = outbox.change(stored, fields, [], self._clock.now(), unset=unset)
            if await self._store.update(COLLECTION, _guard(stored), change):
                return self._reply(200, request, await self._stored(request))
            if has_if_match(request):
                check_if_match(request, await self._stored(request))
        raise Conflict("Others change this fulfiller all the time; please repeat the request.")

    async def delete(self, request: Request) -> Reply:
        """Remove one that has nothing to do."""
        for _ in range(_TRIES):
            stored = await self._stored(request)
            check_if_match(request, stored)
            busy = {"fulfiller": stored["_id"], "state": {"$in": list(_OPEN_TASKS)}}
            task = await first_match(self._store, "task", request.caller.tenant, busy)
            if task is not None:
                raise Conflict(
                    f"The task {task} is open at this fulfiller. Set enabled to false, and remove it when its tasks "
                    "are done."
                )
            if await self._store.delete(COLLECTION, _guard(stored)):
                return Reply(204)
        raise Conflict("Others change this fulfiller all the time; please repeat the request.")

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


def _patched(stored: Document, patch: Mapping[str, Any]) -> tuple[Document, Document | None]:
    """RFC 7396 on a registration; null brings a default back."""
    body = dict(stored["body"])
    credentials = stored.get("secret")
    for name, value in patch.items():
        if name == "credentials":
            credentials = value
        elif value is None:
            body.pop(name, None)
            if name in _DEFAULTS:
                body[name] = _DEFAULTS[name]
        elif isinstance(value, dict) and isinstance(body.get(name), dict):
            body[name] = _merged(body[name], value)
        else:
            body[name] = value
    for name in ("name", "kind"):
        if name not in body:
            raise invalid(f"/{name}", "required", f"A fulfiller has a {name}; it cannot be removed.")
    return body, credentials


def _merged(target: Mapping[str, Any], patch: Mapping[str, Any]) -> Document:
    made = dict(target)
    for name, value in patch.items():
        if value is None:
            made.pop(name, None)
        elif isinstance(value, dict) and isinstance(made.get(name), dict):
            made[name] = _merged(made[name], value)
        else:
            made[name] = value
    return made


def _guard(stored: Document) -> Document:
    return {"_id": stored["_id"], "tenant": stored["tenant"], "rev": stored["rev"]}


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
