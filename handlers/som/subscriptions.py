"""Subscriptions: what consumers have, read off services and orders."""

from collections.abc import Mapping
from typing import Any

from handlers.dependencies import Dependencies
from handlers.errors import invalid
from handlers.exchange import Reply, Request
from handlers.settings import HttpSettings
from handlers.som.lists import AdminLists, list_reply, one_reply
from handlers.som.plan_bodies import ORDERS
from handlers.som.times import shown
from models.clock import to_text
from models.domain.errors import NotFound
from models.domain.subscription_view import STATES, in_flight, since, state_of
from models.subscription_view import Seen, SubscriptionView, Wanted

Document = dict[str, Any]

SERVICES = "/tmf-api/serviceInventory/v4/service"


def _states(text: str) -> tuple[str, ...]:
    words = tuple(dict.fromkeys(word.strip() for word in text.split(",")))
    for word in words:
        if word not in STATES:
            raise invalid("state", "unknownValue", f"{word[:60]!r} is none of {', '.join(STATES)}.")
    return words


_FILTERS = {
    "party": lambda value: {"party": value},
    "state": lambda value: {"states": _states(value)},
    "specification": lambda value: {"specification": value},
}


class Subscriptions:
    """Answers what consumers have."""

    def __init__(self, dependencies: Dependencies, settings: HttpSettings, lists: AdminLists) -> None:
        """Read from this store."""
        self._view = SubscriptionView(dependencies.store, dependencies.counts, settings.query_seconds)
        self._lists = lists

    async def list(self, request: Request) -> Reply:
        """Answer those that match."""
        query = self._lists.parse(request, _FILTERS)
        wanted = Wanted(**query.where)
        total, found = await self._view.page(request.caller.tenant, wanted, query.offset, query.limit)
        return list_reply(request, query, total, [_body(request, one) for one in found])

    async def retrieve(self, request: Request) -> Reply:
        """Answer one."""
        found = await self._view.one(request.caller.tenant, request.id)
        if found is None:
            raise NotFound(f"There is no subscription with the id {request.id[:100]!r}: no such service names a party.")
        return one_reply(request, _body(request, found))


def _body(request: Request, seen: Seen) -> Document:
    key, service = seen.service["_id"], seen.service["body"]
    specification = service.get("serviceSpecification")
    made: Document = {
        "id": key,
        "href": request.url(f"/subscription/{key}"),
        "party": list(service["relatedParty"]),
        "service": {
            "id": key,
            "href": f"{request.root}{SERVICES}/{key}",
            "name": service.get("name"),
            "state": service.get("state"),
        },
        "state": state_of(service),
        "since": since(service, to_text(seen.service["created"]), seen.moved),
        "inFlight": [entry for order in seen.orders for entry in _under_way(request, order, key)],
        "createdDate": shown(seen.service["created"]),
    }
    if isinstance(specification, Mapping):
        made["specification"] = {
            name: specification[name] for name in ("id", "name", "version") if specification.get(name)
        }
    return made


def _under_way(request: Request, order: Mapping[str, Any], service: str) -> list[Document]:
    key, body = order["_id"], order["body"]
    reference = {"id": key, "href": f"{request.root}{ORDERS}/{key}"}
    expected = body.get("expectedCompletionDate")
    told = {"serviceOrder": reference, "orderState": body["state"], "expectedCompletionDate": expected}
    return [{**entry, **told} for entry in in_flight(body, service)]
