"""Propagations: changes of services that others rely on, on their way to all of them."""

from collections.abc import Mapping
from typing import Any

import orjson

from handlers.dependencies import Dependencies
from handlers.exchange import Reply, Request
from handlers.som.lists import AdminLists, equals, one_of, one_reply
from handlers.som.plan_bodies import ORDERS
from handlers.som.times import shown
from models.domain.errors import NotFound
from models.propagations import COLLECTION, COUNTS, place_proposed

Document = dict[str, Any]

SERVICES = "/tmf-api/serviceInventory/v4/service"
_FILTERS = {
    "service": equals("service"),
    "serviceOrder": equals("order"),
    "state": one_of("state", "state", ("acknowledged", "inProgress", "done")),
}


class Propagations:
    """Tells how far changes have come, and has what they propose placed."""

    def __init__(self, dependencies: Dependencies, lists: AdminLists) -> None:
        """Read from this store."""
        self._store = dependencies.store
        self._clock = dependencies.clock
        self._lists = lists

    async def list(self, request: Request) -> Reply:
        """Answer those that match."""
        return await self._lists.answer(request, COLLECTION, _FILTERS, lambda job: _body(request, job))

    async def retrieve(self, request: Request) -> Reply:
        """Answer one."""
        job = await self._store.get(COLLECTION, request.id, tenant=request.caller.tenant)
        if job is None:
            raise _unknown(request)
        return one_reply(request, _body(request, job))

    async def order(self, request: Request) -> Reply:
        """Have the modifications placed that one has proposed."""
        job = await place_proposed(self._store, self._clock, request.caller.tenant, request.id)
        if job is None:
            raise _unknown(request)
        return Reply(202, orjson.dumps(_body(request, job)))


def _unknown(request: Request) -> NotFound:
    return NotFound(f"There is no propagation with the id {request.id[:100]!r}.")


def _body(request: Request, job: Mapping[str, Any]) -> Document:
    key, service, order = job["_id"], job["service"], job.get("order")
    made: Document = {
        "id": key,
        "href": request.url(f"/propagation/{key}"),
        "state": job["state"],
        "service": {"id": service, "href": f"{request.root}{SERVICES}/{service}"},
        "attribute": job["changed"]["attributes"],
        "who": job.get("who", "som"),
        "total": job["total"],
        **{name: job[name] for name in COUNTS},
        "problem": job["problems"],
        "createdDate": shown(job["created"]),
        "lastUpdate": shown(job["updated"]),
    }
    if job["changed"].get("characteristics") is not None:
        made["serviceCharacteristic"] = job["changed"]["characteristics"]
    if order is not None:
        made["serviceOrder"] = {"id": order, "href": f"{request.root}{ORDERS}/{order}"}
    return made
