"""Reservations of resources by other systems, after TMF685: this server as the pool of another one.

A reservation is known by the `externalId` that its client chose, so that whoever does not know what became of a request
finds out by asking for it, or asks once more. What it holds stands in the resource inventory (TMF639).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from adapters.ports import Exhausted, Holder, Invalid, Member, Reserved
from handlers.body import require_body
from handlers.dependencies import Dependencies
from handlers.errors import invalid
from handlers.exchange import Reply, Request
from handlers.som.lists import AdminLists, asked_fields, list_reply, one_reply
from handlers.som.times import shown
from models.domain.errors import Conflict, InvalidRequest, NotFound
from models.domain.pools.demand import Demand
from models.domain.pools.reading import MAX_SECONDS, read_demand
from models.domain.violations import Violation
from models.ids import new_id
from models.pools.pools import ResourcePoolStore

Document = dict[str, Any]

RESOURCES = "/tmf-api/resourceInventoryManagement/v4/resource"
_PREFIX = "reservation:"
_AT = "/reservationItem/0/capacityDemand"
_REFUSED = {
    "keyReused": "There is a reservation {0!r} already, for something else.",
    "released": "The reservation {0!r} was released, or has expired; reserve under another externalId.",
}


class Reservations:
    """The operations on reservations."""

    def __init__(self, dependencies: Dependencies, lists: AdminLists) -> None:
        """Reserve from the pools of this server."""
        self._lists = lists
        self._clock = dependencies.clock
        self._pools = ResourcePoolStore(dependencies.store, dependencies.clock, turns=dependencies.pools)

    async def create(self, request: Request) -> Reply:
        """Reserve, or stand in line; repeated with the same externalId, answer how it stands."""
        asked_fields(request)  # refused before anything is reserved
        body = require_body(request)
        key = str(body.get("externalId") or new_id())
        match await self._pools.reserve(_key(key), _holder(request, body), self._demand(body)):
            case Invalid(reason=reason, code=code):
                if code in _REFUSED:
                    raise Conflict(_REFUSED[code].format(key))
                raise InvalidRequest([Violation(_AT, code, reason)])
            case found:
                headers = [(b"location", request.url(f"/reservation/{key}").encode())]
                return one_reply(request, self._body(request, key, found), headers, 201)

    async def list(self, request: Request) -> Reply:
        """Answer them, or the one with an externalId."""
        query = self._lists.parse(request, {"externalId": lambda value: {"externalId": value}})
        if "externalId" in query.where:
            keys = [query.where["externalId"]]
            keys = keys if await self._pools.look(_key(keys[0])) is not None else []
        else:
            keys = [key.removeprefix(_PREFIX) for key in await self._pools.keys(request.caller.tenant, _PREFIX)]
        found = [(key, await self._pools.look(_key(key))) for key in keys[query.offset : query.offset + query.limit]]
        bodies = [self._body(request, key, one) for key, one in found if one is not None]
        return list_reply(request, query, len(keys), bodies)

    async def retrieve(self, request: Request) -> Reply:
        """Answer one."""
        found = await self._pools.look(_key(request.id))
        if found is None:
            raise _unknown(request.id)
        return one_reply(request, self._body(request, request.id, found))

    async def patch(self, request: Request) -> Reply:
        """Extend it, or turn it into use; done again, it changes nothing."""
        body, key = require_body(request), _key(request.id)
        found = await self._pools.look(key)
        if found is None:
            raise _unknown(request.id)
        if isinstance(found, Exhausted):
            raise Conflict(f"The reservation {request.id!r} stands in line: it holds nothing yet.")
        if (body.get("validFor") or {}).get("endDateTime") is not None:
            await self._pools.extend(key, self._clock.after(self._seconds(body)))
        if body.get("usageState") == "active":
            await self._pools.commit(key)
        now = await self._pools.look(key)
        if not isinstance(now, Reserved):  # it has expired meanwhile
            raise _unknown(request.id)
        return one_reply(request, self._body(request, request.id, now))

    async def delete(self, request: Request) -> Reply:
        """Give back what it holds, or leave the line."""
        found = await self._pools.look(_key(request.id))
        # Also where there is none: the request for it may still be on its way, and is refused then.
        await self._pools.release(_key(request.id), f"given back by {request.caller.subject}")
        if found is None:
            raise _unknown(request.id)
        return Reply(204)

    def _demand(self, body: Mapping[str, Any]) -> Demand:
        (item,) = body["reservationItem"]
        asked = dict(item["capacityDemand"])
        for name, attribute in (("resourcePool", "pool"), ("resourceSpecification", "resourceSpecification")):
            reference = asked.pop(name, None)
            if reference is not None:
                asked[attribute] = reference.get("id") or reference.get("name")
        demand = read_demand({**asked, "count": item.get("quantity", 1), "seconds": self._seconds(body)})
        if not isinstance(demand, Demand):
            raise InvalidRequest([Violation(f"{_AT}{one.pointer}", one.code, one.message) for one in demand])
        return demand

    def _seconds(self, body: Mapping[str, Any]) -> float:
        """How long it shall last: without a wish until it is deleted."""
        end = (body.get("validFor") or {}).get("endDateTime")
        if end is None:
            return MAX_SECONDS
        left = (datetime.fromisoformat(end) - self._clock.now()).total_seconds()
        if left <= 0:
            raise invalid("/validFor/endDateTime", "inThePast", "A reservation cannot end before it begins.")
        return min(left, MAX_SECONDS)

    def _body(self, request: Request, key: str, found: Reserved | Exhausted) -> Document:
        made: Document = {
            "@type": "Reservation",
            "id": key,
            "href": request.url(f"/reservation/{key}"),
            "externalId": key,
        }
        if isinstance(found, Exhausted):
            item: Document = {"id": "1", "state": "pending", "stateChangeReason": found.reason}
            return {**made, "state": "pending", "ahead": found.ahead, "reservationItem": [item]}
        made["usageState"] = "active" if found.committed else "idle"
        if found.until is not None:
            made["validFor"] = {"endDateTime": shown(found.until)}
        resources = [_resource(request, member) for member in found.members]
        item = {"id": "1", "state": "completed", "quantity": len(resources), "appliedCapacity": {"resource": resources}}
        return {**made, "state": "completed", "reservationItem": [item]}


def _key(external: str) -> str:
    return f"{_PREFIX}{external}"


def _holder(request: Request, body: Mapping[str, Any]) -> Holder:
    """The client's order, where it says so. Its services are none of ours, so that nothing here goes with them."""
    named = {str(one.get("@referredType")): str(one["id"]) for one in body.get("relatedEntity") or ()}
    return Holder(order=named.get("ServiceOrder"), task="reservation", tenant=request.caller.tenant)


def _resource(request: Request, member: Member) -> Document:
    return {
        "id": member.id,
        "href": f"{request.root}{RESOURCES}/{member.id}",
        "name": member.name,
        "value": member.value,
        "characteristic": dict(member.characteristics),
        "@referredType": "Resource",
    }


def _unknown(key: str) -> NotFound:
    return NotFound(f"There is no reservation {key[:100]!r}.")
