"""A TM Forum resource: list, retrieve, create, patch and delete, the same for every kind.

What differs from kind to kind is its description (`ResourceKind`) and its rules.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Protocol

import orjson

from handlers.body import require_body
from handlers.changes import Draft, EventNames, Revision, changed_stub, created_stub, deleted_stub
from handlers.conditions import check_if_match, etag, has_if_match, is_unchanged
from handlers.dependencies import Dependencies
from handlers.documents import ApiDocument
from handlers.errors import invalid
from handlers.exchange import Reply, Request
from handlers.idempotency import IdempotencyKey, idempotency_key
from handlers.paging import headers_by_cursor, page_headers
from handlers.patch import IMMUTABLE, Patcher
from handlers.query import Limits, parse_fields, parse_list_query
from handlers.settings import HttpSettings
from handlers.validation import body_check
from models import outbox
from models.aside import aside_if_big
from models.domain.caller import Caller
from models.domain.errors import AlreadyExists, Conflict, InvalidRequest, NotFound, SomError
from models.domain.events import resource_path
from models.domain.listing import AttributePath, ListQuery, select_fields
from models.domain.server_set import refuse_server_set
from models.domain.shapes import Shape
from models.ids import new_id
from models.indexes import indexed_attributes
from models.queries import Lists, Page
from models.wire.bodies import read, read_change, written
from models.wire.queries import stored_query
from models.wire.versions import table_of

Body = dict[str, Any]
Document = dict[str, Any]
Fields = tuple[AttributePath, ...] | None

# A guarded write loses when somebody else was quicker; that happens again and again only under heavy contention.
_TRIES = 8

# The first name in a JSON pointer (`/state`) or a JSONPath (`$.state`, `$['state']`).
_FIRST_NAME = re.compile(r"""\$?(?:/|\.|\[['"])?([A-Za-z0-9_@]+)""")


@dataclass(frozen=True, slots=True)
class ResourceKind:
    """One kind of resource.

    Attributes:
        name: its collection, and the last part of its path, such as `serviceOrder`.
        type: its `@type` where the client gives none, and its schema in the API's document.
        events: what its events are called.
        server_set: attributes that a client must not send with POST.
        immutable: further attributes that a patch must not change.
        own_id: whether a client may choose the id.
        keyed: what of a body an Idempotency-Key stands for; None: all of it.
        beside: attributes that stand beside the body and are the server's alone.
        shown: the body of a stored document together with those.
    """

    name: str
    type: str
    events: EventNames
    server_set: frozenset[str]
    immutable: frozenset[str] = frozenset()
    own_id: bool = False
    keyed: Callable[[Body], Mapping[str, Any]] | None = None
    beside: frozenset[str] = frozenset()
    shown: Callable[[Mapping[str, Any]], Body] = itemgetter("body")


class Rules(Protocol):
    """What holds for one kind of resource. Each method raises a SomError to refuse."""

    async def before_create(self, caller: Caller, draft: Draft) -> None:
        """Check a new resource, and complete it."""

    async def before_change(self, caller: Caller, revision: Revision) -> None:
        """Check a change, and complete it."""

    async def before_delete(self, caller: Caller, stored: Mapping[str, Any]) -> None:
        """Check whether a resource may go."""

    async def after_delete(self, caller: Caller, stored: Mapping[str, Any]) -> None:
        """Clear away what belonged to it."""


class Resource:
    """The operations on one kind of resource."""

    def __init__(
        self,
        kind: ResourceKind,
        rules: Rules,
        document: ApiDocument,
        dependencies: Dependencies,
        settings: HttpSettings,
    ) -> None:
        """Serve this kind by these rules, as the version of the document writes it."""
        self._kind = kind
        self._rules = rules
        self._wire = table_of(kind.name, document.version)
        self._store = dependencies.store
        self._clock = dependencies.clock
        self._patterns = dependencies.patterns
        cursors = document.has_parameter("After")
        self._limits = Limits(default_page=settings.page_size, maximum_page=settings.max_page_size, cursors=cursors)
        self._lists = Lists(
            collection=dependencies.store.collection(kind.name),
            indexed=indexed_attributes(kind.name),
            counts=dependencies.counts,
            seconds=settings.query_seconds,
        )
        schema = document.schema(kind.type)
        self._shape = Shape.compile(document.node, schema)
        self._patcher = Patcher(self._shape, dependencies.patterns)
        self._checks = [body_check(document, schema)]
        if document.has_schema(f"{kind.type}_Create"):
            self._checks.append(body_check(document, document.schema(f"{kind.type}_Create")))

    async def list(self, request: Request) -> Reply:
        """Answer one page of those that match."""
        query = parse_list_query(request.query, self._shape, self._patterns, self._limits)
        page = await self._page(request, stored_query(self._wire, query, self._patterns))
        bodies = [select_fields(self._rendered(request, found), query.fields) for found in page.docs]
        address = request.url(request.path) + (f"?{request.query}" if request.query else "")
        if self._limits.cursors:
            headers = headers_by_cursor(address, query, page)
        else:
            headers = page_headers(address, query.offset, query.limit, len(bodies), page.total)
        return Reply(200, orjson.dumps(bodies), [(name.encode(), value.encode()) for name, value in headers])

    async def _page(self, request: Request, query: ListQuery) -> Page:
        return await self._lists.find_page(request.caller.tenant, query)

    async def retrieve(self, request: Request) -> Reply:
        """Answer one."""
        fields = parse_fields(request.query, self._shape)
        stored = await self._stored(request)
        if is_unchanged(request, stored):
            return Reply(304, headers=[(b"etag", etag(stored["rev"]))])
        return self._reply(200, request, stored, fields)

    async def create(self, request: Request) -> Reply:
        """Store a new one, or answer the one that the same Idempotency-Key has made."""
        body = require_body(request)
        fields = parse_fields(request.query, self._shape)
        refuse_server_set(body, self._kind.server_set | self._kind.beside)
        body = read(self._wire, body)
        key = idempotency_key(request, self._kind.keyed(body) if self._kind.keyed else body)
        draft = Draft(self._new_id(body, key), body, self._clock.now(), request.size)
        try:
            document = await self._insert(request, draft, key)
        except (Conflict, InvalidRequest) as error:
            document = await self._made_before(request.caller, draft, key, error)
        return self._created(request, document, fields)

    async def patch(self, request: Request) -> Reply:
        """Change one, all or nothing."""
        fields = parse_fields(request.query, self._shape)
        for _ in range(_TRIES):
            stored = await self._stored(request)
            check_if_match(request, stored)
            size = request.size + len(orjson.dumps(stored["body"]))
            patched = await aside_if_big(size, self._patched, request, stored)
            revision = Revision(stored, patched, self._touched(request.body), self._clock.now(), size)
            await self._rules.before_change(request.caller, revision)
            for intent in revision.intents:
                await intent()
            document = await self._write(request.caller, revision)
            if document is not None:
                for action in revision.afterwards:
                    await action()
                return self._reply(200, request, document, fields)
            if has_if_match(request):
                check_if_match(request, await self._stored(request))
        raise Conflict("Others change this resource all the time; please repeat the request.")

    async def delete(self, request: Request) -> Reply:
        """Delete one: what is left is its last event, until that has been told."""
        caller = request.caller
        for _ in range(_TRIES):
            stored = await self._stored(request)
            check_if_match(request, stored)
            await self._rules.before_delete(caller, stored)
            stubs = deleted_stub(self._kind.events, stored["body"], caller.subject)
            gone = {"tenant": f"~{caller.tenant}"}
            change = outbox.change(stored, gone, stubs, self._clock.now(), unset=("due", "poke", "lease"))
            if await self._store.update(self._kind.name, self._guard(stored), change):
                await self._rules.after_delete(caller, stored)
                return Reply(204)
        raise Conflict("Others change this resource all the time; please repeat the request.")

    def _new_id(self, body: Body, key: IdempotencyKey | None) -> str:
        if self._kind.own_id and "id" in body:
            return str(body["id"])
        return key.id if key is not None else new_id()

    async def _insert(self, request: Request, draft: Draft, key: IdempotencyKey | None) -> Document:
        caller = request.caller
        body = draft.body = {"id": draft.id, **draft.body}
        body.setdefault("@type", self._kind.type)
        await self._rules.before_create(caller, draft)
        document: Document = {"_id": draft.id, "tenant": caller.tenant, "body": draft.body, **draft.fields}
        if key is not None:
            document["idem"] = key.document()
        outbox.first(document, created_stub(self._kind.events, draft.body, caller.subject), draft.now)
        await self._store.insert(self._kind.name, document)
        return document

    async def _made_before(self, caller: Caller, draft: Draft, key: IdempotencyKey | None, error: SomError) -> Document:
        """What the same key has made; a repeat is answered even where the request would be refused by now."""
        taken = isinstance(error, AlreadyExists)
        if key is not None:
            stored = await self._store.get(self._kind.name, draft.id, tenant=caller.tenant)
            if stored is not None and key.is_of(stored):
                key.check_same(stored)
                return stored
        if taken:
            raise AlreadyExists(f"The id {draft.id!r} is taken, or was until a moment ago.") from None
        raise error

    def _patched(self, request: Request, stored: Mapping[str, Any]) -> Body:
        before: Body = stored["body"]
        shown = written(self._wire, self._kind.shown(stored))
        href = self._href(request, before)
        patched = self._patcher.apply(request.media_type, shown, request.body, href=href)
        if not patched.changed:
            return before
        immutable = (self._kind.immutable | self._kind.beside).intersection(patched.changed)
        if immutable:
            name = min(immutable)
            raise invalid(f"/{name}", "serverSetAttribute", f"{name} is set by the server and cannot be changed.")
        part = {name: value for name, value in patched.body.items() if name in patched.changed or name in IMMUTABLE}
        for check in self._checks:
            check.check_change({"href": href, **part}, patched.changed)
        return read_change(self._wire, before, patched.body, patched.changed)

    async def _write(self, caller: Caller, revision: Revision) -> Document | None:
        """Write a change that changes anything; None when somebody else was quicker."""
        stored = revision.stored
        changed = revision.changed()
        if not changed:
            return dict(stored)
        stubs = changed_stub(self._kind.events, revision, changed, revision.who or caller.subject)
        change = outbox.change(
            stored, {"body": revision.body, **revision.fields}, stubs, revision.now, unset=revision.unset
        )
        if not await self._store.update(self._kind.name, {**self._guard(stored), **revision.guard}, change):
            return None
        kept = {name: value for name, value in stored.items() if name not in revision.unset}
        return {**kept, **revision.fields, "body": revision.body, "rev": stored["rev"] + 1}

    @staticmethod
    def _guard(stored: Mapping[str, Any]) -> Document:
        """As it was read. An order item takes possession of a service without a change of its revision."""
        owned = {"$exists": "owner" in stored}
        return {"_id": stored["_id"], "tenant": stored["tenant"], "rev": stored["rev"], "owner": owned}

    async def _stored(self, request: Request) -> Document:
        key = request.id
        stored = await self._store.get(self._kind.name, key, tenant=request.caller.tenant)
        if stored is None:
            raise NotFound(f"There is no {self._kind.name} with the id {key[:100]!r}.")
        return stored

    def _href(self, request: Request, body: Body) -> str:
        return request.url(resource_path(self._kind.name, body))

    def _rendered(self, request: Request, document: Mapping[str, Any]) -> Body:
        body = self._kind.shown(document)
        return {"id": body["id"], "href": self._href(request, body), **written(self._wire, body)}

    def _reply(self, status: int, request: Request, document: Mapping[str, Any], fields: Fields) -> Reply:
        body = select_fields(self._rendered(request, document), fields)
        return Reply(status, orjson.dumps(body), [(b"etag", etag(document["rev"]))])

    def _touched(self, patch: Any) -> frozenset[str]:
        """The top-level attributes that a patch names, as they are stored."""
        return frozenset(self._wire.find(name)[0] for name in _named(patch))

    def _created(self, request: Request, document: Mapping[str, Any], fields: Fields) -> Reply:
        reply = self._reply(201, request, document, fields)
        reply.headers.append((b"location", self._href(request, document["body"]).encode()))
        return reply


def _named(patch: Any) -> frozenset[str]:
    """The top-level attributes that a patch names."""
    if isinstance(patch, dict):
        return frozenset(patch)
    paths = [operation.get("path") for operation in patch if isinstance(operation, dict)]
    found = (_FIRST_NAME.match(path) for path in paths if isinstance(path, str))
    return frozenset(match.group(1) for match in found if match)
