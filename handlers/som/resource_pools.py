"""Resource pools, after TMF685: made, changed, filled up and emptied, looked at, and checked."""

from collections.abc import Mapping
from typing import Any

from handlers.body import require_body
from handlers.conditions import check_if_match, etag, is_unchanged
from handlers.dependencies import Dependencies
from handlers.exchange import Reply, Request
from handlers.som.lists import AdminLists, Where, asked_fields, equals, one_of, one_reply
from handlers.som.pool_bodies import (
    KEPT,
    finding_body,
    member_body,
    pool_body,
    utilisation_body,
    waiting_body,
)
from models.domain.pools.parts import KINDS
from models.domain.pools.usage import USES
from models.pools.administration import PoolAdministration
from models.pools.audit import Audit
from models.reading import reading

Document = dict[str, Any]
Entry = dict[str, Any]

POOL = "resourcePool"

_FILTERS: dict[str, Where] = {
    "name": equals("body.name"),
    "kind": one_of("body.kind", "kind", KINDS),
    "resourceSpecification": equals("body.resourceSpecification.name"),
}
_MEMBER_FILTERS: dict[str, Where] = {
    "use": one_of("use", "use", USES),
    "service": equals("holder.service"),
    "order": equals("holder.order"),
}
_BY_POSITION = (("position", 1), ("_id", 1))
_BY_TURN = (("priority", 1), ("since", 1), ("_id", 1))


class ResourcePools:
    """The operations on resource pools."""

    def __init__(self, dependencies: Dependencies, lists: AdminLists) -> None:
        """Use this store."""
        self._store = dependencies.store
        self._clock = dependencies.clock
        self._lists = lists
        self._pools = PoolAdministration(
            dependencies.store, dependencies.clock, dependencies.pools, dependencies.resource_catalogue
        )
        self._audit = Audit(dependencies.store, dependencies.clock, dependencies.pools)

    async def list(self, request: Request) -> Reply:
        """Answer pools, without their parts."""
        return await self._lists.answer(request, POOL, _FILTERS, lambda found: pool_body(request, found, None))

    async def retrieve(self, request: Request) -> Reply:
        """Answer one, with its parts."""
        stored = await self._stored(request)
        if is_unchanged(request, stored):
            return Reply(304, headers=[(b"etag", etag(stored["rev"]))])
        return await self._reply(200, request, stored)

    async def create(self, request: Request) -> Reply:
        """Make one."""
        asked_fields(request)  # refused before anything is stored
        body = dict(require_body(request))
        capacity: list[Entry] = body.pop("capacity", [])
        stored = await self._pools.create(request.caller.tenant, body, capacity, request.caller.subject)
        reply = await self._reply(201, request, stored)
        reply.headers.append((b"location", request.url(f"/{POOL}/{stored['_id']}").encode()))
        return reply

    async def patch(self, request: Request) -> Reply:
        """Change one by a merge patch: how it is run, and of what it consists."""
        asked_fields(request)
        patch = dict(require_body(request))
        capacity: list[Entry] | None = patch.pop("capacity", None)

        def decide(body: Document, _: list[Entry]) -> tuple[Document, list[Entry] | None]:
            return merged(body, patch), capacity

        stored = await self._pools.change(
            request.caller.tenant,
            request.id,
            decide,
            request.caller.subject,
            lambda found: check_if_match(request, found),
        )
        return await self._reply(200, request, stored)

    async def push(self, request: Request) -> Reply:
        """Put parts, or names, into one."""
        capacity = require_body(request)["capacity"]
        stored = await self._pools.push(request.caller.tenant, request.id, capacity, request.caller.subject)
        return await self._reply(200, request, stored)

    async def extract(self, request: Request) -> Reply:
        """Take parts, or names, out of one."""
        capacity = require_body(request)["capacity"]
        stored = await self._pools.extract(request.caller.tenant, request.id, capacity, request.caller.subject)
        return await self._reply(200, request, stored)

    async def delete(self, request: Request) -> Reply:
        """Remove one of which nothing is taken."""
        await self._pools.remove(
            request.caller.tenant, request.id, request.caller.subject, lambda found: check_if_match(request, found)
        )
        return Reply(204)

    async def utilisation(self, request: Request) -> Reply:
        """Answer how full one is."""
        stored = await self._stored(request)
        with reading():
            line = self._store.collection("poolDemand")
            waiting = await line.count_documents({"pools": request.id, "state": "waiting"})
        return one_reply(request, utilisation_body(request, stored, waiting, self._clock.now()))

    async def members(self, request: Request) -> Reply:
        """Answer the members that are taken."""
        await self._stored(request)
        return await self._lists.answer(
            request,
            "resource",
            _MEMBER_FILTERS,
            lambda found: member_body(request, found),
            sort=_BY_POSITION,
            always={"pool": request.id},
        )

    async def waiting(self, request: Request) -> Reply:
        """Answer those who wait, in the order in which they will be served."""
        await self._stored(request)
        return await self._lists.answer(
            request,
            "poolDemand",
            {},
            waiting_body,
            sort=_BY_TURN,
            always={"pools": request.id, "state": "waiting"},
        )

    async def check(self, request: Request) -> Reply:
        """Recount one, and mend what is wrong where that is asked for."""
        stored = await self._stored(request)
        repair = bool(require_body(request).get("repair", False))
        members, findings = await self._audit.check(request.id, repair=repair, who=request.caller.subject)
        made = {
            "resourcePool": {"id": request.id, "name": stored["body"]["name"]},
            "members": members,
            "finding": [finding_body(request, one) for one in findings],
        }
        return one_reply(request, made)

    async def _stored(self, request: Request) -> Document:
        return await self._pools.stored(request.caller.tenant, request.id)

    async def _reply(self, status: int, request: Request, stored: Document) -> Reply:
        with reading():
            parts = self._store.collection("poolPart").find({"pool": stored["_id"]}, {"body": 1})
            entries = [one["body"] async for one in parts.sort([("created", 1), ("_id", 1)])]
        return one_reply(request, pool_body(request, stored, entries), [(b"etag", etag(stored["rev"]))], status)


def merged(body: Mapping[str, Any], patch: Mapping[str, Any]) -> Document:
    """A pool's body after a merge patch (RFC 7396); what is the server's stays."""
    made = {**body, **{name: value for name, value in patch.items() if name not in KEPT}}
    return {name: value for name, value in made.items() if value is not None}
