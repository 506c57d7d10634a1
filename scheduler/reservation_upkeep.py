"""Reservations in the pools of other systems are made what they are wanted to be: used, longer, or given back.

What is wanted stands in the database (`models.reservations_elsewhere`); it is carried out by one process for all, and
again and again until it is so. A process that dies has done it or not: done again, it changes nothing.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from pymongo.errors import PyMongoError

from adapters.ports import Done, Outcome, Refused, Reserving, Unreachable
from models.clock import Clock
from models.domain.errors import Unavailable
from models.leases import Leases
from models.lost_reservations import LostReservations
from models.reservations_elsewhere import ReservationsElsewhere
from scheduler.directory import Directory
from scheduler.engaging import Slots
from scheduler.gates import Displaced

Document = dict[str, Any]

SECONDS = 1.0
LEASE = "reservationsElsewhere"
MOST_AT_ONCE = 50
LOOK_SECONDS = 20.0
_LOWEST = 4

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ReservationUpkeep:
    """Does what is due for reservations elsewhere."""

    reservations: ReservationsElsewhere
    services: LostReservations
    clock: Clock
    directory: Directory
    slots: Slots
    leases: Leases

    async def look(self) -> int:
        """Do what is due, if this process is the one to do it; returns how many reservations were dealt with.

        Raises:
            Unavailable: the database cannot be reached; the next look repeats it.
        """
        found = await self.reservations.due(MOST_AT_ONCE)
        if not found or await self.leases.take(LEASE) is None:
            return 0
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await asyncio.gather(*(self._look_at(document) for document in found))
        except TimeoutError:
            log.info("some systems let us wait; what is due for reservations there is done later")
        return len(found)

    async def _look_at(self, document: Document) -> None:
        try:
            await self._settle(document, await self._ask(document))
        except (Unavailable, PyMongoError):
            raise
        except Exception as failure:  # one reservation must not keep the others waiting
            log.exception("a reservation elsewhere cannot be looked after", reservation=document["_id"])
            await self.reservations.later(document, f"{type(failure).__name__}: {failure}")

    async def _ask(self, document: Document) -> Outcome:
        key = document["fulfiller"]
        definition = await self.directory.definition(document["tenant"], key)
        instance: object = await self.directory.instance(document["tenant"], key)
        if definition is None or not isinstance(instance, Reserving):
            return Refused(f"The fulfiller {key} is not registered any more, or keeps no reservations.")
        ticket = self.slots.ask(key, definition.max_concurrent, _LOWEST)
        if ticket is None:
            return Unreachable("Too many calls wait for it already.", maybe_done=False)
        try:
            async with self.slots.place(ticket, key, definition.max_concurrent, definition.rate):
                return await self._call(instance, document, definition.timeout)
        except Displaced:
            return Unreachable("More urgent calls came first.", maybe_done=False)

    async def _call(self, instance: Reserving, document: Document, seconds: float) -> Outcome:
        reservation = document["reservation"]
        if document["wanted"] == "released":
            return await instance.give_back(reservation, seconds)
        if document["wanted"] == "used" and "until" not in document:
            return await instance.use(reservation, seconds)
        until = self.clock.now() + timedelta(seconds=document.get("lasts", 0))
        if document["wanted"] == "used":  # its system may know use, and then it has no end any more
            answer = await instance.use(reservation, seconds)
            if not isinstance(answer, Done) or "endDateTime" not in answer.output:
                return answer
        return await instance.extend(reservation, until, seconds)

    async def _settle(self, document: Document, answer: Outcome) -> None:
        match answer:
            case Done(output=output) if output.get("gone") and document["wanted"] == "released":
                await self.reservations.gone(document)
            case Done(output=output) if output.get("gone"):
                log.error("another system has no reservation any more that a service rests on", **_told(document))
                why = f"{document['fulfiller']} has no reservation {document['reservation']} any more."
                await self.reservations.lost(document, why, told=await self.services.tell(document, why))
            case Done(output=output):
                await self.reservations.settled(document, output.get("endDateTime"))
            case Refused(reason=reason):
                log.warning("another system refuses what a reservation is to be", reason=reason, **_told(document))
                await self.reservations.later(document, reason)
            case Unreachable(reason=reason, retry_after=patience):
                await self.reservations.later(document, reason, patience)
            case _:
                await self.reservations.later(document, "The answer cannot be used.")


def _told(document: Document) -> dict[str, Any]:
    return {name: document.get(name) for name in ("fulfiller", "reservation", "service", "wanted")}
