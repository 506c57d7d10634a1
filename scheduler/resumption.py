"""Tasks that nobody could have are taken up again by themselves, as soon as somebody can.

It is looked at when the registry, a breaker or a probe has changed, when a maintenance window ends or a breaker becomes
half open, and once in a while; by one process at a time, and in portions, so that nobody is run down.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from models import inbox
from models.clock import Clock
from models.domain.fulfiller import FulfillerDefinition
from models.domain.maintenance import maintenance
from models.domain.plan import Capability
from models.domain.situation import Situation
from models.leases import Leases
from models.policies import PolicyBook
from models.reading import reading
from models.store import Store
from scheduler.choice import Choice
from scheduler.choosing import recalled
from scheduler.context import service_view
from scheduler.directory import Directory
from scheduler.health import Health

Document = dict[str, Any]

SECONDS = 1.0
LEASE = "resumption"
LEASE_SECONDS = 60.0
PORTION = 100
"""Tasks that are looked at, and at most woken, at a time."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_USUALLY = timedelta(seconds=60)
_AT_MOST_EVERY = timedelta(seconds=10)
"""Looks that nothing but a new hold asks for."""
_PAUSE = 0.2
_HELD: Document = {"state": "held", "error.code": "noFulfiller"}
_READ = dict.fromkeys(("tenant", "plan", "key", "service", "capability", "decision.situation"), 1)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Resumption:
    """Looks after held tasks that wait for a fulfiller."""

    store: Store
    clock: Clock
    directory: Directory
    health: Health
    leases: Leases
    policies: PolicyBook | None = None
    _wanted: bool = True
    _due: datetime = _LONG_AGO
    _looked: datetime = _LONG_AGO
    _woken: dict[str, int] = field(default_factory=dict)
    _answers: dict[tuple[Any, ...], FulfillerDefinition | None] = field(default_factory=dict)

    def changed(self) -> None:
        """Something has changed upon which somebody may be able to have them."""
        self._wanted = True

    async def look(self) -> int:
        """Wake the tasks that somebody can have now, if anything may have changed since the last look.

        Returns:
            How many were woken.

        Raises:
            Unavailable: the database cannot be reached; the next look repeats it.
        """
        now = self.clock.now()
        if self.health.take_note():  # between the choice and the hold, somebody may have come
            self._due = min(self._due, max(now, self._looked + _AT_MOST_EVERY))
        if not self._wanted and now < self._due:
            return 0
        lease = await self.leases.take(LEASE)
        if lease is None:
            return 0
        self._wanted, self._looked, self._due, self._woken = False, now, now + _USUALLY, {}
        try:
            woken = await self._look_through()
            await self._note_due()
        except BaseException:
            self._wanted = True
            raise
        finally:
            await self.leases.give_back(lease)
        if woken:
            log.info("fulfillers found for tasks that were held", tasks=woken)
        return woken

    async def _look_through(self) -> int:
        woken, last = 0, ""
        self._answers.clear()
        while portion := await self._held_after(last):
            last = portion[-1]["_id"]
            services = await self._services_of(portion)
            found = [document for document in portion if await self._has_candidate(document, services)]
            await asyncio.gather(*(self._wake(document) for document in found))
            woken += len(found)
            await asyncio.sleep(_PAUSE if found else 0)
        return woken

    async def _held_after(self, last: str) -> Sequence[Document]:
        with reading():
            held = self.store.collection("task").find({**_HELD, "_id": {"$gt": last}}, _READ)
            return await held.sort("_id", 1).limit(PORTION).to_list()

    async def _services_of(self, portion: Sequence[Document]) -> dict[str, Document]:
        """The services of the tasks, where a condition may want to know them."""
        tenants = {document["tenant"] for document in portion}
        if not any([await self.directory.has_conditions(tenant) for tenant in tenants]):
            return {}
        ids = [document["service"] for document in portion]
        with reading():
            found = await self.store.collection("service").find({"_id": {"$in": ids}}, {"body": 1}).to_list()
        return {document["_id"]: document["body"] for document in found}

    async def _has_candidate(self, document: Document, services: Mapping[str, Document]) -> bool:
        if document.get("capability") is None:
            return False
        capability = Capability.from_document(document["capability"])
        situation = self._situation(document, services, await self._in_force(document["tenant"]))
        asked = document["tenant"], capability, _essence(situation)
        if services or asked not in self._answers:
            choice = Choice(self.directory, self.health, document["tenant"])
            self._answers[asked] = (await choice.look(capability, situation)).definition
        definition = self._answers[asked]
        return definition is not None and self._has_room(definition)

    def _has_room(self, definition: FulfillerDefinition) -> bool:
        """Whether one more task may be woken for a fulfiller; counts it."""
        woken = self._woken.get(definition.id, 0)
        most = definition.capacity
        if self.health.half_open(definition.id):
            most = 1  # one is enough to try
        elif most is not None:
            most -= self.health[definition.id].open_tasks or 0
        if most is not None and woken >= most:
            return False
        self._woken[definition.id] = woken + 1
        return True

    async def _in_force(self, tenant: str) -> frozenset[str]:
        """The policies that are asked by now: what others had against somebody does not count any more."""
        return (await self.policies.of(tenant)).ids if self.policies is not None else frozenset()

    def _situation(self, document: Document, services: Mapping[str, Document], in_force: frozenset[str]) -> Situation:
        kept = (document.get("decision") or {}).get("situation") or {}
        return Situation(
            key=document["key"],
            now=self._looked,
            places=tuple(kept.get("places", ())),
            parties=frozenset(kept.get("parties", ())),
            service=service_view(services.get(document["service"], {})),
            builder=kept.get("builder"),
            given_up=frozenset(kept.get("givenUp", ())),
            advice=recalled(document.get("decision"), in_force),
        )

    async def _wake(self, document: Document) -> None:
        await inbox.append(self.store, self.clock, document["plan"], {"kind": "candidate", "task": document["key"]})

    async def _note_due(self) -> None:
        """Look again when a window ends, or a breaker lets somebody try."""
        now = self.clock.now()
        definitions = await self.directory.all_definitions()
        ends = [found.until for _, one in definitions if (found := maintenance(one.windows, now)) is not None]
        half_open = self.health.next_change()
        self._due = min([self._due, *ends, *([half_open] if half_open else ())])


def _essence(situation: Situation) -> tuple[Any, ...]:
    """What of a situation the choice depends on, where no condition looks at the service."""
    refused = frozenset(key for one in situation.advice for key in one.refused)
    return situation.places, situation.parties, situation.builder, situation.given_up, refused
