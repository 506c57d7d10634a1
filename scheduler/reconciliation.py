"""Reconciliation: fulfillers are asked what is, and where that is otherwise than ordered, it is told, and repaired.

Services are read when they are due, some at a time, by one process for all; what a fulfiller allows is kept to as with
any other call. A process that dies has read a service or not: the next one reads it again, which changes nothing.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from pymongo.errors import PyMongoError

from adapters.ports import Done, FulfillerCall, Outcome, Readable, Refused, Unreachable
from models import outbox, repairs
from models.catalogue import Catalogue, Reference
from models.clock import Clock, to_text
from models.domain.actual import Source
from models.domain.caller import ENGINE, Caller
from models.domain.errors import InvalidRequest, Unavailable
from models.domain.fulfiller import FulfillerDefinition
from models.domain.fulfilment import ReconcileRule
from models.domain.maintenance import maintenance
from models.domain.reading import as_told
from models.domain.repair import is_gone, repair_of
from models.domain.service_change import BUILT
from models.domain.sides import recorded
from models.leases import Leases
from models.order_placing import OrderPlacing
from models.reading import reading
from models.service_events import side_stubs
from models.store import Store
from scheduler.directory import Directory
from scheduler.engaging import Slots
from scheduler.gates import Displaced
from scheduler.health import Health

Document = dict[str, Any]

SERVICES = "service"
SECONDS = 1.0
LEASE = "reconciliation"
LEASE_SECONDS = 60.0
MOST_AT_ONCE = 50
LOOK_SECONDS = 20.0
LATER = timedelta(seconds=30)
"""Until a service is looked at again whose fulfiller could not be asked just now."""
LOWEST = 4

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ReconciliationParts:
    """What reconciling takes."""

    store: Store
    clock: Clock
    directory: Directory
    catalogue: Catalogue
    slots: Slots
    health: Health
    placing: OrderPlacing
    leases: Leases


class Reconciliation:
    """Reads the services that are due."""

    def __init__(self, parts: ReconciliationParts) -> None:
        """Read with these."""
        self._parts = parts
        self._store = parts.store
        self._clock = parts.clock

    async def look(self) -> int:
        """Read what is due, if this process is the one to do it; returns how many services were looked at.

        Raises:
            Unavailable: the database cannot be reached; the next look repeats it.
        """
        with reading():
            due = {"readDue": {"$lte": self._clock.now()}}
            order = [("readDue", 1)]
            found = await self._store.collection(SERVICES).find(due, sort=order, limit=MOST_AT_ONCE).to_list()
        if not found or await self._parts.leases.take(LEASE) is None:
            return 0
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await asyncio.gather(*(self._look_at(document) for document in found))
        except TimeoutError:
            log.info("some fulfillers let us wait; what was not read is read later")
        return len(found)

    async def _look_at(self, document: Document) -> None:
        try:
            await self._reconcile(document)
        except (Unavailable, PyMongoError):
            raise
        except Exception:  # one service must not keep the others from being read
            log.exception("a service cannot be reconciled", service=document["_id"])
            await self._settle(document, self._clock.now() + LATER, None)

    async def _reconcile(self, document: Document) -> None:
        rule = await self._rule(document)
        if document["tenant"].startswith("~") or not (document["body"].get("state") in BUILT or is_gone(document)):
            await self._settle(document, None, None)
            return
        asked = "asked" in document
        if document.get("owner"):  # its order says what is
            await self._settle(document, self._clock.now() + LATER, None)
            return
        readers = await self._readers(document)
        if not readers or (rule.policy == "off" and not asked):
            await self._settle(document, None, None)
            return
        answers = [(reader, await self._ask(document, reader)) for reader in readers]
        if all(answer is None for _, answer in answers):
            await self._settle(document, self._clock.now() + LATER, None)
            return
        for reader, answer in agreed(answers):
            if isinstance(answer, Done):
                document = await self._take_in(document, reader, answer) or document
        if rule.policy == "repair":
            await self._repair(document)
        interval = rule.interval or min(reader.read_interval for reader in readers)
        next_read = None if rule.policy == "off" else self._clock.now() + timedelta(seconds=interval)
        await self._settle(document, next_read, _what_was_said(answers, self._clock.now()))

    async def _rule(self, document: Document) -> ReconcileRule:
        reference = document["body"].get("serviceSpecification")
        if not isinstance(reference, Mapping):
            return ReconcileRule()
        tenant = document["tenant"].removeprefix("~")
        found = await self._parts.catalogue.compiled(tenant, Reference.of(reference))
        return found.fulfilment.reconcile if found is not None else ReconcileRule()

    async def _readers(self, document: Document) -> list[FulfillerDefinition]:
        """Those who have built the service and can be asked."""
        built = sorted({entry["fulfiller"] for entry in document.get("builtBy", ())})
        found = [await self._parts.directory.definition(document["tenant"], key) for key in built]
        return [definition for definition in found if definition is not None and definition.reads]

    async def _ask(self, document: Document, reader: FulfillerDefinition) -> Outcome | None:
        """What a fulfiller says; None where it cannot be asked now."""
        now, standing = self._clock.now(), self._parts.health[reader.id]
        closed = standing.down is not None or (standing.open_until is not None and standing.open_until > now)
        if closed or maintenance(reader.windows, now) is not None:
            return None
        instance: object = await self._parts.directory.instance(document["tenant"], reader.id)
        ticket = self._parts.slots.ask(reader.id, reader.max_concurrent, LOWEST)
        if ticket is None or not isinstance(instance, Readable):
            return None
        call = _question(document, reader, now)
        try:
            async with self._parts.slots.place(ticket, reader.id, reader.max_concurrent, reader.rate):
                started = time.monotonic()
                outcome = await instance.read(call)
        except Displaced:
            return None
        elapsed = round((time.monotonic() - started) * 1000)
        await self._parts.health.answered(reader, document["tenant"], outcome, elapsed)
        return outcome

    async def _take_in(self, document: Document, reader: FulfillerDefinition, told: Done) -> Document | None:
        """Let the actual side say what was told. None where the service has changed since it was asked about."""
        now = self._clock.now()
        before, after = as_told(document["body"], told, to_text(now))
        body = {**document["body"], **after}
        body = {name: value for name, value in body.items() if value is not None or name not in after}
        sides = recorded(document, body, Source("reported", reader.id, to_text(now)), {})
        if not after and sides.event is None:
            return document
        why = f"The fulfiller {reader.id} was asked what is."
        stubs = _stubs(before, after, body.get("state"), why)
        stubs += side_stubs(sides, body.get("state"), ENGINE.subject, alone=not after, why=why)
        change = outbox.change(document, {"body": body, **sides.fields}, stubs, now, unset=sides.unset)
        guard = {"_id": document["_id"], "rev": document["rev"], "owner": {"$exists": False}}
        if not await self._store.update(SERVICES, guard, change):
            return None
        return await self._store.get(SERVICES, document["_id"])

    async def _settle(self, document: Document, due: datetime | None, said: Document | None) -> None:
        """Note when the service is read next, and what was said; who asked meanwhile is not forgotten."""
        guard = {"_id": document["_id"], "readDue": document["readDue"]}
        fields: Document = {"read": said} if said else {}
        unset = {"asked": ""} if said else {}
        if due is None:
            unset["readDue"] = ""
        else:
            fields["readDue"] = due
        change = {name: part for name, part in (("$set", fields), ("$unset", unset)) if part}
        await self._store.update(SERVICES, guard, change)

    async def _repair(self, document: Document) -> None:
        """Place the order that repairs a drift, once for each drift; not beside one that is about to change it anyway.

        The service is settled after this: a process that dies in between reads it again, and finds the order.
        """
        fresh = await self._store.get(SERVICES, document["_id"])
        repair = repair_of(fresh) if fresh is not None and not fresh.get("owner") else None
        if fresh is None or repair is None or repair.order is None or fresh.get("repair", {}).get("key") == repair.key:
            return
        if await repairs.under_way(self._store, fresh):
            return
        caller = Caller(ENGINE.subject, frozenset(), fresh["tenant"])
        try:
            placed = await repairs.place(self._store, self._parts.placing, caller, fresh, again=False)
        except InvalidRequest as refusal:
            log.warning("a drift cannot be repaired", service=fresh["_id"], reason=str(refusal)[:300])
            return
        log.info("a drift is repaired", service=fresh["_id"], order=placed.id)


def agreed(
    answers: Sequence[tuple[FulfillerDefinition, Outcome | None]],
) -> list[tuple[FulfillerDefinition, Outcome | None]]:
    """Answers that agree on the state: where one of those who have built a service says it is gone, it is gone."""
    gone = any(isinstance(answer, Done) and answer.state == "terminated" for _, answer in answers)
    return [
        (reader, replace(answer, state="terminated") if gone and isinstance(answer, Done) else answer)
        for reader, answer in answers
    ]


def _question(document: Document, reader: FulfillerDefinition, now: datetime) -> FulfillerCall:
    key = f"read:{document['_id']}"
    return FulfillerCall(
        task_id=key,
        action="noChange",
        service=document["body"],
        idempotency_key=f"{key}:{int(now.timestamp() * 1000)}",
        operation="read",
        timeout=reader.timeout,
    )


def _what_was_said(answers: list[tuple[FulfillerDefinition, Outcome | None]], now: datetime) -> Document:
    """What came of a read, as it is kept with the service."""
    said = []
    for reader, answer in answers:
        entry: Document = {"fulfiller": reader.id, "outcome": "notAsked"}
        if answer is not None:
            entry["outcome"] = "told" if isinstance(answer, Done) else type(answer).__name__.lower()
        if isinstance(answer, Refused | Unreachable):
            entry["reason"] = answer.reason[:300]
        said.append(entry)
    return {"at": now, "answer": said}


def _stubs(before: Document, after: Document, state: str | None, why: str) -> list[outbox.Stub]:
    if not after:
        return []
    event = "ServiceStateChangeEvent" if "state" in after else "ServiceAttributeValueChangeEvent"
    return [outbox.stub(event, state=state, who=ENGINE.subject, why=why, before=before, after=after)]
