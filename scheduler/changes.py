"""Following change requests: an approved one makes one order, and is told how that begins and ends.

Sources are looked at when they are due, and at first, so that what was approved while this side was away is found; what
a hub tells in between is noted under the same ids. Each step is one guarded write, and what goes out is owed by it: a
process that dies repeats the step, and finds the order placed and the change request written.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from pymongo.errors import PyMongoError

from models import changes
from models.clock import Clock, to_text
from models.domain.caller import ENGINE, Caller
from models.domain.change_port import ChangeRequests
from models.domain.change_reports import at_refusal, patch_of
from models.domain.change_requests import is_approved, order_of
from models.domain.errors import InvalidRequest, Unavailable
from models.domain.outcomes import Refused, Unreachable
from models.leases import Leases
from models.order_placing import Cause, OrderPlacing
from models.reading import reading
from models.store import Store
from scheduler.change_orders import SHORTEST, ChangeOrders

Document = dict[str, Any]
Trouble = Refused | Unreachable
OpenServer = Callable[[Document], ChangeRequests | None]

SECONDS = 0.5
LEASE, LEASE_SECONDS = "changes", 10.0
"""The lease saves work only: two who look at the same come out as one."""
LOOK_SECONDS = 15.0
MOST_AT_ONCE = 50
FIRST_LOOK_SECONDS = 5.0
RETRY = timedelta(seconds=30)
LONGEST_RETRY = 3_600.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ChangeParts:
    """What following change requests takes.

    Attributes:
        open: makes what speaks to a source, of its document; None where its credentials cannot be read.
        base: address that plans and orders have for others, without a path.
    """

    store: Store
    clock: Clock
    leases: Leases
    placing: OrderPlacing
    open: OpenServer
    base: str


@dataclass(slots=True)
class ChangeRequestOrders:
    """Looks at what is due."""

    parts: ChangeParts
    _orders: ChangeOrders = field(init=False)
    _servers: dict[str, tuple[int, ChangeRequests]] = field(default_factory=dict)
    _caught_up: bool = False
    _next_try: float = 0.0

    def __post_init__(self) -> None:
        """Follow the orders, too."""
        self._orders = ChangeOrders(self.parts.store, self.parts.clock, self.parts.base)

    async def look(self) -> None:
        """Go on with what is due, if this process is the one to do it.

        Raises:
            Unavailable: the database cannot be reached; the next look repeats it.
        """
        store, now = self.parts.store, self.parts.clock.now()
        sources = await changes.due(store, changes.SOURCES, now, MOST_AT_ONCE)
        noted = await changes.due(store, changes.CHANGES, now, MOST_AT_ONCE)
        first = not self._caught_up and time.monotonic() >= self._next_try
        if not sources and not noted and not first:
            return
        if await self.parts.leases.take(LEASE) is None:
            self._caught_up, self._next_try = False, time.monotonic() + FIRST_LOOK_SECONDS
            return
        if not self._caught_up:
            await self._catch_up()
            return
        await asyncio.gather(
            *(self._safely(changes.SOURCES, self._look_at_source, one) for one in sources),
            *(self._safely(changes.CHANGES, self._look_at_change, one) for one in noted),
        )

    async def _catch_up(self) -> None:
        """Have all sources looked at: nobody may have listened for a while."""
        now = self.parts.clock.now()
        with reading():
            async for found in self.parts.store.collection(changes.SOURCES).find({}, {"tenant": 1}):
                if not found["tenant"].startswith("~"):
                    await self.parts.store.update(changes.SOURCES, {"_id": found["_id"]}, {"$set": {"due": now}})
        self._caught_up = True

    async def _safely(self, collection: str, step: Callable[[Document], Any], document: Document) -> None:
        """Look at one, which must not keep the others from being looked at."""
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await step(document)
        except (Unavailable, PyMongoError):
            raise
        except TimeoutError:
            log.warning("a change source lets us wait", at=collection, id=document["_id"])
            await self._later(collection, document)
        except Exception:
            log.exception("cannot be looked at", at=collection, id=document["_id"])
            await self._later(collection, document)

    async def _later(self, collection: str, document: Document) -> None:
        later = {"$set": {"due": self.parts.clock.now() + RETRY}}
        await self.parts.store.update(collection, {"_id": document["_id"]}, later)

    async def _look_at_source(self, source: Document) -> None:
        now, body = self.parts.clock.now(), source["body"]
        server = self._server(source)
        found: list[str] | Trouble = Refused("Its credentials cannot be read; set them anew.")
        if server is not None:
            await server.subscribe()
            found = await server.approved(body["status"])
        if isinstance(found, Refused | Unreachable):
            again = min(RETRY, timedelta(seconds=body["pollInterval"]))
            await self._settle(source, now + again, {"problem": found.reason})
            return
        await changes.note(self.parts.store, self.parts.clock, source["tenant"], source["_id"], found)
        await changes.hear_of_all(self.parts.store, self.parts.clock, source)
        tells = server is not None and server.tells
        seconds = body["catchUpInterval" if tells else "pollInterval"]
        await self._settle(source, now + timedelta(seconds=seconds), {"looked": now, "tells": tells})

    async def _settle(self, source: Document, due: datetime, fields: Document) -> None:
        change: Document = {"$set": {"due": due, **fields}}
        if "problem" not in fields:
            change["$unset"] = {"problem": ""}
        await self.parts.store.update(changes.SOURCES, {"_id": source["_id"], "rev": source["rev"]}, change)

    def _server(self, source: Document) -> ChangeRequests | None:
        """What speaks to a source; None where its credentials cannot be read."""
        revision, known = self._servers.get(source["_id"], (0, None))
        if known is None or revision != source["rev"]:
            known = self.parts.open(source)
            if known is None:
                return None
            self._servers[source["_id"]] = source["rev"], known
        return known

    async def _look_at_change(self, stored: Document) -> None:
        source = await self.parts.store.get(changes.SOURCES, stored["source"], tenant=stored["tenant"])
        under_way = stored["body"]["state"] in changes.UNDER_WAY
        server = self._server(source) if source is not None else None
        # What it is owed does not keep us from hearing: its owner may never let us write to it.
        if under_way and server is not None and await self._orders.heard(stored, server):
            return
        if stored["owes"]:
            await self._tell(stored, source)
        elif under_way:
            await self._orders.follow(stored)
        elif source is None or stored["body"]["state"] == "ended":
            await self._move(stored, stored["body"]["state"], {})
        else:
            await self._consider(stored, source)

    async def _consider(self, stored: Document, source: Document) -> None:
        """Read a change request, and place its order if it is approved."""
        key = changes.order_key(source["_id"], stored["theirs"])
        soon = self.parts.clock.now() + timedelta(seconds=SHORTEST)
        known = await self.parts.placing.find(stored["tenant"], changes.CAUSE, key)
        if known is not None:  # placed by one who died before saying so; by now it may be withdrawn
            await self._move(stored, "placed", {"order": known["_id"], "problem": None}, due=soon, heard=True)
            return
        server = self._server(source)
        request = await server.read(stored["theirs"]) if server is not None else Unreachable("It cannot be asked.")
        if isinstance(request, Refused | Unreachable):
            await changes.postpone(self.parts.store, stored, self._again(stored), request.reason)
            return
        if request is None:
            await self._move(stored, "gone", {})
            return
        facts: Document = {name: request.get(name) for name in ("href", "description", "status")}
        facts["problemOfWriting"] = None
        if not is_approved(request, tuple(source["body"]["status"])):
            refused = stored["body"]["state"] == "refused"
            await self._move(stored, "refused" if refused else "waiting", facts)
            return
        try:
            placed = await self._place(stored, source, request, key)
        except InvalidRequest as refusal:
            await self._refuse(stored, facts, refusal)
            return
        await self._move(stored, "placed", {**facts, "order": placed, "problem": None}, due=soon)

    async def _place(self, stored: Document, source: Document, request: Document, key: str) -> str:
        caller = Caller(ENGINE.subject, ENGINE.roles, stored["tenant"])
        order = order_of(request, source["body"].get("order"))
        said = f": {request['description']}" if isinstance(request.get("description"), str) else "."
        why = f"The change request {stored['theirs']} of {source['body']['name']} is approved{said}"[:1_000]
        return (await self.parts.placing.place(caller, order, key, Cause(changes.CAUSE, stored["theirs"], why))).id

    async def _refuse(self, stored: Document, facts: Document, refusal: InvalidRequest) -> None:
        """Say why no order can be placed: here, and on the change request; what was said already is not repeated."""
        problem = "; ".join(f"{one.pointer}: {one.message}" for one in refusal.violations[:5])
        if stored["body"].get("problem") == problem:
            await self._move(stored, "refused", facts)
            return
        owed = at_refusal(problem, to_text(self.parts.clock.now()))
        await self._move(stored, "refused", {**facts, "problem": problem}, owes=[owed], why=problem)

    async def _tell(self, stored: Document, source: Document | None) -> None:
        """Write the first of what a change request is owed; where its source has gone, nobody can be told."""
        following = stored["body"]["state"] in changes.UNDER_WAY
        written = "Its source is not registered any more." if source is None else await self._write(stored, source)
        if isinstance(written, str):
            due = self._orders.next_look(stored) if following else None
            await changes.told(self.parts.store, self.parts.clock, stored, due, written)
        else:
            await changes.postpone(self.parts.store, stored, self._again(stored), written.reason)

    async def _write(self, stored: Document, source: Document) -> Trouble | str:
        """Write it; what the history says of that."""
        server, owed = self._server(source), stored["owes"][0]
        if server is None:
            return Unreachable("The credentials of its source cannot be read; set them anew.")
        request = await server.read(stored["theirs"])
        if request is None:
            return "Its owner does not know it any more."
        if isinstance(request, Refused | Unreachable):
            return request
        once = f"{stored['_id']}:{owed['what']}"
        patch = patch_of(request, owed)
        trouble = await server.write(stored["theirs"], patch, once)
        said = f"The change request was told of the {owed['what']}."
        if isinstance(trouble, Refused) and "status" in patch:
            # Its owner may not let us change its status: then at least say what is.
            refusal = trouble.reason
            trouble = await server.write(stored["theirs"], patch_of(request, owed, status=False), f"{once}:note")
            said = f"{said} Its status was not taken: {refusal}"
        return trouble or said

    def _again(self, stored: Document) -> datetime:
        seconds = min(LONGEST_RETRY, 2.0 ** min(stored.get("tries", 0), 12))
        return self.parts.clock.now() + timedelta(seconds=seconds)

    async def _move(self, stored: Document, to: str, facts: Document, **more: Any) -> None:
        await changes.move(self.parts.store, self.parts.clock, stored, to, facts, **more)
