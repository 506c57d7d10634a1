"""Services are told that a reservation which they rest on is lost: the other system knows of it no more.

It is written to the service with the events that it owes; what follows, drift and the proposal of a repair, follows as
from any other change of what is. The reservation remembers it (`lost`), so that the order that made it shows it, too.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from models import outbox
from models.clock import Clock, to_text
from models.domain.actual import Source
from models.domain.caller import ENGINE
from models.domain.errors import Unavailable
from models.domain.lost_resources import ATTRIBUTE, marked
from models.domain.sides import SideChange, recorded
from models.reading import reading
from models.reservations_elsewhere import COLLECTION
from models.service_events import side_stubs
from models.store import Store

Document = dict[str, Any]

SERVICES = "service"
MOST_SHOWN = 100
_TRIES = 8


class LostReservations:
    """Tells services what they have lost."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Tell the services of this store."""
        self._store = store
        self._clock = clock

    async def tell(self, reservation: Mapping[str, Any], why: str) -> bool:
        """Let the service that rests on a reservation say that it is lost. Safe to repeat.

        Args:
            reservation: as it is stored.
            why: for people.

        Returns:
            Whether that is all: False while an order works on the service, whose writes might not know of it yet.

        Raises:
            Unavailable: the database cannot be reached, or others change the service all the time; safe to repeat.
        """
        for _ in range(_TRIES):
            service = await self._store.get(SERVICES, reservation["service"], tenant=reservation["tenant"])
            if service is None or service["body"].get("state") == "terminated":
                return True
            owned, now = "owner" in service, self._clock.now()
            named = reservation["fulfiller"], reservation["reservation"]
            references = marked(service["body"], *named, to_text(now))
            if references is None:
                return not owned
            body = {**service["body"], ATTRIBUTE: references}
            source = Source("reported", reservation["fulfiller"], to_text(now))
            sides = SideChange() if owned else recorded(service, body, source, {})
            stubs = self._stubs(service["body"], body, sides, reservation.get("order"), why)
            change = outbox.change(service, {"body": body, **sides.fields}, stubs, now, unset=sides.unset)
            guard = {"_id": service["_id"], "rev": service["rev"], "owner": {"$exists": owned}}
            if await self._store.update(SERVICES, guard, change):
                return not owned
        raise Unavailable("Others change the service all the time.")

    @staticmethod
    def _stubs(before: Document, after: Document, sides: SideChange, order: str | None, why: str) -> list[outbox.Stub]:
        state, who = after.get("state"), ENGINE.subject
        changed = outbox.stub(
            "ServiceAttributeValueChangeEvent",
            state=state,
            who=who,
            why=why,
            order=order,
            before={ATTRIBUTE: before[ATTRIBUTE]},
            after={ATTRIBUTE: after[ATTRIBUTE]},
        )
        return [changed, *side_stubs(sides, state, who, alone=False, order=order, why=why)]

    async def of_services(self, tenant: str, services: Iterable[str]) -> list[Document]:
        """The reservations that services have lost, as they are stored; the first hundred.

        Raises:
            Unavailable: the database cannot be reached.
        """
        query = {"tenant": tenant, "service": {"$in": list(services)}, "lost": {"$exists": True}}
        with reading():
            return await self._store.collection(COLLECTION).find(query).sort("_id", 1).to_list(MOST_SHOWN)
