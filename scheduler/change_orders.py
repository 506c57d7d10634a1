"""The orders of change requests while they run: how they begin and end, and what becomes of one that is withdrawn.

Each step is one guarded write of the change request's document; the cancellation that a withdrawal asks for has an id
that follows from it, so that whoever repeats a step after a crash asks for the same one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from models import changes
from models.cancellations import COLLECTION as CANCELLATIONS
from models.cancellations import ask_to_cancel, denial_of
from models.clock import Clock
from models.domain.caller import ENGINE
from models.domain.change_port import ChangeRequests
from models.domain.change_reports import Started, at_denial, at_end, at_start, versions_of
from models.domain.change_requests import withdrawal_of
from models.domain.lifecycles import SERVICE_ORDER
from models.domain.order_items import items_of
from models.domain.outcomes import Refused, Unreachable
from models.store import Store

Document = dict[str, Any]

SHORTEST, LONGEST = 1.0, 60.0
"""Seconds between two looks at an order that a change request waits for: a tenth of its age, within these."""


@dataclass(frozen=True, slots=True)
class ChangeOrders:
    """Follows the orders that change requests have made.

    All methods raise `Unavailable` where the database cannot be reached; then repeat.

    Attributes:
        base: address that plans and orders have for others, without a path.
    """

    store: Store
    clock: Clock
    base: str

    async def follow(self, stored: Document) -> None:
        """Look how an order is, and owe its change request what there is to tell."""
        order = await self._order(stored)
        state = order["body"]["state"] if order is not None else "cancelled"
        owes: list[Document] = []
        if stored["body"]["state"] == "placed" and order is not None and "plan" in order:
            owes.append(await self._beginning(order))
        if state in SERVICE_ORDER.final or order is None:
            owes.append(_end(stored["body"]["order"], order, self.clock.text()))
            await self._move(stored, "ended", {"orderState": state}, owes=owes)
        elif owes:
            await self._move(stored, "started", {"orderState": state}, owes=owes)
        else:
            await changes.postpone(self.store, stored, self.next_look(stored))

    def next_look(self, stored: Document) -> datetime:
        """When to look at an order again."""
        now = self.clock.now()
        age = (now - stored["created"]).total_seconds()
        return now + timedelta(seconds=min(LONGEST, max(SHORTEST, age / 10)))

    async def heard(self, stored: Document, server: ChangeRequests) -> bool:
        """Look whether a change request was withdrawn of which something is told, and have its order cancelled then.

        Returns:
            Whether something was written; otherwise there is nothing new.
        """
        body = stored["body"]
        if "heard" in stored:
            request = await server.read(stored["theirs"])
            if isinstance(request, Refused | Unreachable):
                return False  # it is asked again with the next look
            facts: Document = {}
            # One that is not there (any more) says nothing: its owner may keep changes for a while only.
            if request is not None:
                facts = {name: request.get(name) for name in ("href", "description", "status")}
                facts["withdrawn"] = body.get("withdrawn") or withdrawal_of(request)
            await self._move(stored, body["state"], facts, due=self.clock.now(), heard=False)
            return True
        return "withdrawn" in body and "cancellation" not in body and await self._cancel(stored)

    async def _cancel(self, stored: Document) -> bool:
        """Ask for the cancellation, as long as it takes; returns whether it was denied, which is owed then."""
        body, order = stored["body"], await self._order(stored)
        if order is None or order["body"]["state"] in SERVICE_ORDER.final:
            return False
        wanted = {"id": f"withdrawal of {stored['_id']}", "who": ENGINE.subject, "why": body["withdrawn"]}
        key = await ask_to_cancel(self.store, self.clock, order["body"], wanted)
        cancellation = await self.store.get(CANCELLATIONS, key)
        denied = denial_of(cancellation["body"]) if cancellation is not None else None
        if denied is None:  # under way, or somebody else's is, after which ours has its turn
            return False
        owed = at_denial(body["order"], denied, self.clock.text())
        await self._move(stored, body["state"], {"cancellation": key}, owes=[owed])
        return True

    async def _order(self, stored: Document) -> Document | None:
        return await self.store.get("serviceOrder", stored["body"]["order"], tenant=stored["tenant"])

    async def _beginning(self, order: Document) -> Document:
        definition = await self.store.get("planDefinition", order["_id"]) or {}
        body = order["body"]
        return at_start(
            Started(
                order["_id"],
                f"{self.base}/tmf-api/serviceOrdering/v4/serviceOrder/{order['_id']}",
                f"{self.base}/som/v1/plan/{order['_id']}",
                versions_of(definition.get("services", ()), definition.get("tasks", ())),
                body.get("startDate") or self.clock.text(),
                body.get("expectedCompletionDate") or body.get("requestedCompletionDate"),
            )
        )

    async def _move(self, stored: Document, to: str, facts: Document, **more: Any) -> None:
        await changes.move(self.store, self.clock, stored, to, facts, **more)


def _end(key: str, order: Document | None, now: str) -> Document:
    """What is owed as an order ends, or was deleted by somebody."""
    if order is None:
        return at_end(key, "cancelled", now, ["It was deleted."])
    body = order["body"]
    reasons = [
        str(error.get("message") or error.get("reason"))
        for holder in (body, *(item.body for item in items_of(body)))
        for error in holder.get("errorMessage") or ()
        if isinstance(error, Mapping)
    ]
    done = body["state"] == "completed"
    return at_end(key, body["state"], body.get("completionDate") or now, [] if done else list(dict.fromkeys(reasons)))
