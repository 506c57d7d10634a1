"""Drift and what could be done about it: services that are read on demand, and repairs that are placed by one call."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from handlers.dependencies import Dependencies
from handlers.exchange import Reply, Request
from handlers.placing import order_placing
from handlers.settings import HttpSettings
from handlers.som.lists import AdminLists, equals, list_reply, one_reply
from handlers.som.times import shown
from models import readings, repairs
from models.catalogue import Catalogue, Reference
from models.domain.errors import NotFound
from models.domain.events import BASE_PATHS
from models.domain.fulfilment import ReconcileRule
from models.domain.lifecycles import SERVICE_ORDER
from models.domain.repair import repair_of, state_of, why
from models.reading import page, reading
from models.store import Store

Document = dict[str, Any]

SERVICES = "service"
_FILTERS = {
    "specification": equals("body.serviceSpecification.id"),
    "fulfiller": equals("builtBy.fulfiller"),
    "attribute": equals("drift.difference.attribute"),
    "name": equals("drift.difference.name"),
}


class Reconciliations:
    """Reads services on demand, and tells when each was read and what was said."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Look at this inventory."""
        self._store = dependencies.store
        self._clock = dependencies.clock
        self._catalogue = dependencies.catalogue

    async def retrieve(self, request: Request) -> Reply:
        """Answer when a service was read, what was said, and when it will be read next."""
        stored = await _stored(self._store, request)
        return one_reply(request, await self._body(request, stored))

    async def request(self, request: Request) -> Reply:
        """Have a service read as soon as possible; the scheduler does it.

        Raises:
            CannotBeRead: nobody who has built it can be asked.
            Conflict: an order works on it.
        """
        caller = request.caller
        stored = await readings.ask(self._store, self._clock, caller.tenant, request.id, caller.subject)
        body = await self._body(request, stored)
        return Reply(202, orjson.dumps(body), [(b"location", body["href"].encode())])

    async def _body(self, request: Request, stored: Document) -> Document:
        key, asked, said = stored["_id"], stored.get("asked"), stored.get("read")
        rule = await rule_of(self._catalogue, stored)
        return {
            "id": key,
            "href": request.url(f"/service/{key}/reconciliation"),
            "state": "asked" if asked else "idle",
            "policy": rule.policy,
            "reader": await readings.readers(self._store, request.caller.tenant, stored),
            "asked": {"at": shown(asked["at"]), "by": asked["by"]} if asked else None,
            "lastRead": {"at": shown(said["at"]), "answer": said["answer"]} if said else None,
            "nextReadDate": shown(stored["readDue"]) if "readDue" in stored and not asked else None,
            "hasDrift": stored.get("hasDrift", False),
        }


class Repairs:
    """What could be done about drift: derived from the services that have any."""

    def __init__(self, dependencies: Dependencies, settings: HttpSettings, lists: AdminLists) -> None:
        """Look at this inventory, and place orders as POST serviceOrder does."""
        self._store = dependencies.store
        self._catalogue = dependencies.catalogue
        self._settings = settings
        self._lists = lists
        self._placing = order_placing(dependencies)

    async def list(self, request: Request) -> Reply:
        """Answer the repairs of all services that are otherwise than ordered."""
        query = self._lists.parse(request, _FILTERS)
        total, documents = await page(
            self._store,
            SERVICES,
            {"tenant": request.caller.tenant, "hasDrift": True, **query.where},
            sort=(("created", 1), ("_id", 1)),
            offset=query.offset,
            limit=query.limit,
            seconds=self._settings.query_seconds,
        )
        return list_reply(request, query, total, await self._bodies(request, documents))

    async def retrieve(self, request: Request) -> Reply:
        """Answer one."""
        stored = await self._drifting(request)
        [body] = await self._bodies(request, [stored])
        return one_reply(request, body)

    async def place(self, request: Request) -> Reply:
        """Place the order that repairs a service; the one under way is answered again.

        Raises:
            NothingToRepair: no order can repair it.
            InvalidRequest: the order cannot be placed as it stands.
        """
        stored = await self._drifting(request)
        if stored.get("owner"):
            raise repairs.NothingToRepair(f"The service order {stored['owner'].get('order')} works on it already.")
        placed = await repairs.place(self._store, self._placing, request.caller, stored, again=True)
        order = _order(request, placed.id, placed.document["body"]["state"])
        return Reply(201, orjson.dumps(order), [(b"location", order["href"].encode())])

    async def _drifting(self, request: Request) -> Document:
        stored = await _stored(self._store, request)
        if not stored.get("drift"):
            raise NotFound(f"The service {request.id[:100]!r} is as ordered; there is nothing to repair.")
        return stored

    async def _bodies(self, request: Request, documents: Sequence[Document]) -> Sequence[Document]:
        placed = [one["repair"]["order"] for one in documents if "order" in one.get("repair", {})]
        states: dict[str, str] = {}
        if placed:
            wanted = {"_id": {"$in": placed}, "tenant": request.caller.tenant}
            with reading():
                found = await self._store.collection("serviceOrder").find(wanted, {"body.state": 1}).to_list()
            states = {one["_id"]: one["body"]["state"] for one in found}
        return [await self._body(request, one, states) for one in documents]

    async def _body(self, request: Request, stored: Document, states: Mapping[str, str]) -> Document:
        key, repair, last = stored["_id"], repair_of(stored), stored.get("repair", {})
        current = last if repair is not None and last.get("key") == repair.key else {}
        order_id = current.get("order") or (stored.get("owner") or {}).get("order")
        order_state = states.get(current.get("order", ""))
        rule = await rule_of(self._catalogue, stored)
        body: Document = {
            "id": key,
            "href": request.url(f"/repair/{key}"),
            "service": {"id": key, "name": stored["body"].get("name"), "state": stored["body"].get("state")},
            "since": stored["drift"]["since"],
            "difference": stored["drift"]["difference"],
            "policy": rule.policy,
            "reason": why(stored),
        }
        if repair is not None:
            known = {**stored, "repair": current}
            body["state"] = state_of(known, repair, order_state, SERVICE_ORDER.final)
            body["proposedOrder"] = repair.order
            body["problem"] = repair.problem or current.get("problem")
        if order_id:
            body["order"] = _order(request, order_id, order_state)
        return body


async def rule_of(catalogue: Catalogue, stored: Mapping[str, Any]) -> ReconcileRule:
    """What the specification of a stored service says of reconciliation."""
    reference = stored["body"].get("serviceSpecification")
    if not isinstance(reference, Mapping):
        return ReconcileRule()
    found = await catalogue.compiled(stored["tenant"], Reference.of(reference))
    return found.fulfilment.reconcile if found is not None else ReconcileRule()


async def _stored(store: Store, request: Request) -> Document:
    stored = await store.get(SERVICES, request.id, tenant=request.caller.tenant)
    if stored is None:
        raise NotFound(f"There is no service with the id {request.id[:100]!r}.")
    return stored


def _order(request: Request, key: str, state: str | None) -> Document:
    href = f"{request.root}{BASE_PATHS['tmf641']}v4/serviceOrder/{key}"
    return {"id": key, "href": href, **({"state": state} if state else {})}
