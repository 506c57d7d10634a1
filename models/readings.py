"""When services are read: asked for by whom, due when, and what came of it. It stands with each service."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from models.clock import Clock
from models.domain.errors import Conflict, NotFound
from models.reading import reading
from models.store import Store

Document = dict[str, Any]

SERVICES = "service"
FIRST_OF_ALL = datetime(1970, 1, 1, tzinfo=UTC)
"""A time that is due before any other: somebody waits for it."""


class CannotBeRead(Conflict):
    """Nobody who has built the service can be asked what is: their registrations do not say `reads`."""


async def readers(store: Store, tenant: str, document: Mapping[str, Any]) -> list[str]:
    """The ids of the fulfillers that have built a service and can be asked about it.

    Raises:
        Unavailable: the database cannot be reached.
    """
    built = sorted({entry["fulfiller"] for entry in document.get("builtBy", ())})
    if not built:
        return []
    wanted = {"_id": {"$in": built}, "tenant": tenant, "body.reads": True}
    with reading():
        found = await store.collection("fulfiller").find(wanted, {"_id": 1}).to_list()
    return sorted(one["_id"] for one in found)


async def ask(store: Store, clock: Clock, tenant: str, service: str, who: str) -> Document:
    """Ask for a service to be read as soon as possible; returns its document, with the wish.

    Raises:
        NotFound: there is no such service.
        CannotBeRead: nobody can be asked.
        Conflict: an order works on it, and will say what is.
        Unavailable: the database cannot be reached.
    """
    document = await store.get(SERVICES, service, tenant=tenant)
    if document is None:
        raise NotFound(f"There is no service with the id {service[:100]!r}.")
    if document.get("owner"):
        raise Conflict(f"The service order {document['owner'].get('order')} works on the service now.")
    if not await readers(store, tenant, document):
        raise CannotBeRead
    asked = {"at": clock.now(), "by": who}
    change = {"$set": {"readDue": FIRST_OF_ALL, "asked": asked}}
    await store.update(SERVICES, {"_id": service, "tenant": tenant}, change)
    return {**document, "asked": asked, "readDue": FIRST_OF_ALL}
